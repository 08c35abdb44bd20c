// `npm run drill -- kill`: breaks a real cluster under load, in front of the sample backend and of the same service on a
// bare ioredis client, and writes a report. Exit code 0: every bound holds; 1: one does not; 2: it could not be run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArguments, usage, UsageError } from './drill/arguments.mjs';
import { buildWhatIsMissing } from './drill/build.mjs';
import { crowdNote, judge, latenessProblem } from './drill/bounds.mjs';
import { describeMachine } from './drill/machine.mjs';
import { startPostgres } from './drill/postgres.mjs';
import { printVerdict } from './drill/print.mjs';
import { runContestant } from './drill/run-contestant.mjs';
import { sharesOf } from './drill/mix.mjs';
import { writeReport } from './drill/report/write.mjs';
import { ensureDependencies } from './lib/ensure-dependencies.mjs';
import { ensureProgram, howToInstall } from './lib/ensure-programs.mjs';
import { root } from './lib/paths.mjs';
import { whenNpmEnds } from './lib/npm-parent.mjs';
import { stopAll } from './lib/processes.mjs';

const STOP_GRACE_MS = 8_000;
const FORCED_AFTER_MS = 15_000;

const startedParts = [];
let ending;

/** Remembers what has to be stopped. Something that got ready only after the end began is stopped at once. */
function own(part) {
  startedParts.push(part);
  if (ending !== undefined) void part.stop();
  return part;
}

function end(code) {
  ending ??= (async () => {
    setTimeout(() => process.exit(code), FORCED_AFTER_MS);
    await Promise.allSettled([stopAll(STOP_GRACE_MS), ...startedParts.map((part) => part.stop())]);
    process.exit(code);
  })();
  return ending;
}

function readArguments() {
  try {
    const given = parseArguments(process.argv.slice(2));
    if (!given.help) return given;
    console.log(usage());
    process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage()}`);
    process.exit(2);
  }
}

async function prepare(given) {
  await ensureDependencies();
  if ((await ensureProgram('redis')) === undefined) {
    throw new Error(`The drill needs redis-server. Type: ${howToInstall('redis')}`);
  }
  await buildWhatIsMissing({ onlyMissing: given.noBuild, say: (text) => console.log(text) });
}

// All of Redis is lost: only the archive keeps the sessions. And Postgres is what a real service runs on: the embedded
// one works in the thread of the backend, which is measured for its speed here.
const POSTGRES = { 'all-down': 'needed', steady: 'better' };

/** Where sessions are archived: where it was said, in a Postgres of the drill, or nowhere. */
async function chooseDatabase({ kind, database }) {
  const wish = POSTGRES[kind];
  if (database !== null || wish === undefined) return database;
  const initdb = await ensureProgram('postgres');
  if (initdb === undefined && wish === 'better') return null;
  if (initdb === undefined) {
    throw new Error(
      'This drill needs Postgres: only their archive keeps sessions when all of Redis is lost.\n' +
        `Type: ${howToInstall('postgres')}\nor give a database: --database URL`,
    );
  }
  console.log('starting Postgres, the archive of the sessions ...');
  return own(await startPostgres(dirname(initdb))).url;
}

/** The rate found for ours is that of both, if nobody said otherwise. */
function rateFor(name, { rate, bareRate }, { ours }) {
  return name === 'ours' ? rate : (bareRate ?? ours.rate);
}

async function runAll(given, logs) {
  const results = { ours: null, bare: null };
  const database = await chooseDatabase(given);
  for (const name of ['ours', 'bare']) {
    if (ending !== undefined || (name === 'bare' && given.bareRate === 0)) continue;
    const say = (text) => console.log(`${name}: ${text}`);
    const { kind, seconds } = given;
    results[name] = await runContestant(name, {
      ...{ kind, seconds, logs, say, own, isEnding: () => ending !== undefined },
      rate: rateFor(name, given, results),
      database: name === 'ours' ? database : null,
    });
  }
  return { results, archive: database !== null };
}

async function main(given) {
  await prepare(given);
  const out = resolve(root, given.out);
  const logs = given.keep ? join(out, 'logs') : mkdtempSync(join(tmpdir(), 'drill-logs-'));
  if (!given.keep) process.on('exit', () => rmSync(logs, { recursive: true, force: true }));
  const machine = describeMachine();
  const date = new Date().toISOString();
  const { results, archive } = await runAll(given, logs);
  if (ending !== undefined) return;
  const verdict = judge(given.kind, results.ours, results.bare);
  const problem = latenessProblem(given.kind, results.ours);
  const passed = problem === null && verdict.every(({ holds }) => holds);
  const mix = sharesOf(results.ours.rate);
  const note = crowdNote(results.ours, machine.cores);
  const { kind, seconds } = given;
  const report = {
    note,
    kind,
    date,
    passed,
    problem,
    verdict,
    machine,
    seconds,
    archive,
    mix,
    ...results,
  };
  const files = writeReport(out, report);
  printVerdict(report, files);
  await end(passed ? 0 : 1);
}

const given = readArguments();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end(130));
whenNpmEnds(() => void end(143));
// A terminal or pipe that is gone must not end this process before it has cleaned up.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

await main(given).catch((error) => {
  if (ending !== undefined) return ending;
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  return end(2);
});
