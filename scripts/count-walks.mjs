// @ts-check
// Counts the walk of one call: which functions of the built library run until it has its answer, and how often.
//
//   node scripts/count-walks.mjs                      a table of all walks
//   node scripts/count-walks.mjs --list redis.get     the functions of one walk
//   node scripts/count-walks.mjs --max redis.get=80   fails when that walk has more functions
//
// How the counts are made repeatable. Every walk is warmed up with several hundred calls. Then one call at a time is
// covered by V8's precise coverage, after a pause that is longer than what the library remembers of the call before: a
// beat of its pulses (20 ms) and a slice of the breaker's window (100 ms). So every covered call starts from the same
// quiet. Heartbeats of the library still fall into some of them. Therefore each call is covered several times, and of
// each function the median counts: a function belongs to a walk when it ran in more than half of the calls.
//
// Only files of the library count; ioredis, Nest and prom-client do not. What goes on in the background after the
// answer, such as giving back the right to load, counts as far as it ran before the answer.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findProgram, howToInstall } from './lib/ensure-programs.mjs';
import { markdownTable } from './lib/markdown-table.mjs';
import { at } from './lib/paths.mjs';
import { freePort } from './lib/ports.mjs';
import { start, stop, stopChildrenOnSignals } from './lib/processes.mjs';
import { openApplication } from './walks/application.mjs';
import { UsageError, exceeded, parseArguments, usage } from './walks/arguments.mjs';
import { Coverage } from './walks/coverage.mjs';
import { summarise, usualWalk } from './walks/usual-walk.mjs';
import { WALKS } from './walks/walks.mjs';

const WARM_UP_CALLS = 400;
const QUIET_MS = 120;

/**
 * @typedef {import('./walks/usual-walk.mjs').Visit} Visit
 * @typedef {import('./walks/walks.mjs').WalkName} WalkName
 * @typedef {import('./walks/arguments.mjs').Wanted} Wanted
 */

stopChildrenOnSignals();
try {
  const wanted = parseArguments(process.argv.slice(2));
  if (wanted === null) console.log(usage());
  else await main(wanted);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${usage()}`);
  process.exitCode = 1;
}

/** @param {Wanted} wanted */
async function main(wanted) {
  const library = buildIfNeeded(wanted);
  const walks = await countAll(library, wanted);
  if (wanted.list !== null) printVisits(walks.get(wanted.list) ?? []);
  else if (wanted.json) printJson(walks);
  else printTable(walks);
  const problems = exceeded(walks, wanted.max);
  for (const problem of problems) console.error(`count-walks: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}

/** @param {Wanted} wanted */
function buildIfNeeded({ lib, build }) {
  const own = at('dist', 'lib');
  const library = lib === null ? own : resolve(lib);
  const isThere = existsSync(join(library, 'package.json'));
  if (build || (lib === null && !isThere)) {
    const { status } = spawnSync(process.execPath, [at('scripts', 'build-lib.mjs')], {
      stdio: ['ignore', 2, 'inherit'],
    });
    if (status !== 0) process.exit(1);
  } else if (!isThere) {
    throw new UsageError(`${library} has no package.json: give the folder that npm run build made`);
  }
  const built = statSync(join(library, 'package.json')).mtime.toLocaleString('sv-SE');
  console.error(`Counting in ${library}, built at ${built}.\n`);
  return library;
}

/**
 * Starts a Redis and an application on it, counts, and ends both.
 * @param {string} library
 * @param {Wanted} wanted
 */
async function countAll(library, { list, runs }) {
  const program = findProgram('redis');
  if (program === undefined) throw new UsageError(`needs redis-server: ${howToInstall('redis')}`);
  const port = await freePort(0);
  const local = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const server = start(program, local, { stdio: 'ignore' });
  try {
    const application = await openApplication(library, port);
    try {
      const names = list === null ? /** @type {WalkName[]} */ (Object.keys(WALKS)) : [list];
      return await countEach(names, application, runs);
    } finally {
      await application.close();
    }
  } finally {
    await stop(server);
  }
}

/**
 * @param {readonly WalkName[]} names
 * @param {import('./walks/application.mjs').Application} application
 * @param {number} runs
 * @returns {Promise<Map<WalkName, Visit[]>>}
 */
async function countEach(names, application, runs) {
  const coverage = new Coverage(application.folder);
  const walks = new Map();
  try {
    for (const name of names) {
      const call = WALKS[name].from(application);
      for (let i = 0; i < WARM_UP_CALLS; i++) await call();
      const walked = [];
      for (let i = 0; i < runs; i++) {
        await new Promise((resume) => setTimeout(resume, QUIET_MS));
        walked.push(await coverage.of(call));
      }
      walks.set(name, usualWalk(walked));
    }
  } finally {
    coverage.close();
  }
  return walks;
}

/** @param {ReadonlyMap<WalkName, Visit[]>} walks */
function printTable(walks) {
  const rows = [...walks].map(([name, visits]) => {
    const { functions, calls } = summarise(visits);
    return [`\`${name}\`: ${WALKS[name].title}`, functions, calls];
  });
  console.log(markdownTable(['walk', 'functions', 'calls'], rows));
}

/** @param {ReadonlyMap<WalkName, Visit[]>} walks */
function printJson(walks) {
  const counts = [...walks].map(([name, visits]) => [name, summarise(visits)]);
  console.log(JSON.stringify(Object.fromEntries(counts), null, 2));
}

/** @param {readonly Visit[]} visits */
function printVisits(visits) {
  const { functions, calls } = summarise(visits);
  console.log(`${functions} functions, ${calls} calls`);
  let file = '';
  for (const visit of visits) {
    if (visit.file !== file) console.log(`\n${(file = visit.file)}`);
    const name = visit.name === '' ? '(no name)' : visit.name;
    console.log(`${String(visit.calls).padStart(6)}  ${name}, line ${visit.line}`);
  }
}
