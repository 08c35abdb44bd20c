// @ts-check
// The program on the shipped Compose file, as the pages type it: a cluster that comes up, drills with their figures, and
// an end that leaves nothing.
import { writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { at, root } from '../../../scripts/lib/paths.mjs';
import { NODES, SENTINELS } from './support/cluster.mjs';
import { expect } from './support/runner.mjs';

const PROGRAM = at('scripts', 'program.mjs');
const FILE = 'docker-compose.redis-sentinel.yml';
/** What of the environment of a cluster stands in its file of variables. */
const OWN = /^(REDIS_|SENTINEL_)/;
const WITHIN_MS = 120_000;
// A machine that is busy with other checks must not decide: what fails and what is lost does.
const PATIENT = { REDIS_ROUTING_READ_TIMEOUT_MS: '3000' };

/** @typedef {import('./support/cluster.mjs').Cluster} Cluster */
/** @typedef {import('./support/engine.mjs').Engine} Engine */
/** @typedef {import('./support/runner.mjs').Note} Note */
/** @typedef {import('./support/runner.mjs').Runner} Runner */
/** @typedef {{ cluster: Cluster, engine: Engine, where: string[] }} Place */
/** @typedef {{ code: number | null, out: string, told: string }} Typed */

/**
 * What is read of a document of `cluster --json`.
 * @typedef {object} ClusterDocument
 * @property {{ name: string, state: string, role: string | null }[]} nodes
 * @property {Record<string, string>} variables
 * @property {Record<string, string>} operator
 * @property {string[]} problems
 * @property {number | null} ended
 */
/**
 * What is read of a document of `drill --json`.
 * @typedef {object} DrillDocument
 * @property {DrillResult} result
 */
/**
 * @typedef {object} DrillResult
 * @property {boolean} passed
 * @property {number} gapMs
 * @property {number} errors
 * @property {number} lost
 * @property {string | null} from
 * @property {string | null} to
 * @property {{ step: string }[]} timeline
 * @property {string[]} problems
 * @property {{ answered: number }} writes
 */

/**
 * Types a command; nothing of this cluster is in its environment but what `variables` say.
 * @param {Engine} engine
 * @param {string[]} words
 * @param {Record<string, string>} [variables]
 * @returns {Promise<Typed>}
 */
async function typed(engine, words, variables = {}) {
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    cwd: root,
    env: { ...engine.env, ...PATIENT, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: WITHIN_MS,
  });
  const end = () => child.kill();
  process.once('exit', end);
  const said = { out: '', told: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (said.told += text));
  const [code] = await once(child, 'close');
  process.off('exit', end);
  return { code, ...said };
}

/**
 * The document of a command that ends well.
 * @param {Place} place
 * @param {string[]} words
 */
async function documentOf({ engine, where }, words) {
  const { code, out, told } = await typed(engine, [...words, ...where, '--json']);
  expect(
    code === 0,
    `${words.join(' ')} ended with ${code}: ${out.slice(-1500)}${told.slice(-500)}`,
  );
  return JSON.parse(out);
}

/** @param {ClusterDocument} document */
function isWhole({ nodes, problems }) {
  const names = nodes.map(({ name }) => name).join(' ');
  expect(names === [...NODES, ...SENTINELS].join(' '), `it has ${names}`);
  const asleep = nodes.filter(({ state }) => state !== 'running');
  expect(asleep.length === 0, asleep.map(({ name, state }) => `${name} is ${state}`).join(', '));
  const roles = nodes.map(({ role }) => role).sort();
  const wanted = 'primary replica replica sentinel sentinel sentinel';
  expect(roles.join(' ') === wanted, `the roles are ${roles.join(' ')}`);
  expect(problems.length === 0, problems.join('; '));
}

/**
 * What `cluster up` prints leads an application to it, and with what is printed behind it, this program.
 * @param {Place} place
 * @param {ClusterDocument} document
 */
async function leadsThere({ engine }, { variables, operator }) {
  const judged = await typed(engine, ['status', '--json'], { ...variables, ...operator });
  expect(judged.code === 0, `status ended with ${judged.code}: ${judged.out}${judged.told}`);
}

/**
 * @param {Place} place
 * @param {string[]} words
 * @param {Note} note
 * @returns {Promise<DrillResult>}
 */
async function drilled(place, words, note) {
  /** @type {DrillDocument} */
  const { result } = await documentOf(place, ['drill', ...words, '--yes', '--slo-gap', '8s']);
  const { gapMs, errors, lost, writes, timeline, problems } = result;
  note(`writes waited ${gapMs} ms, ${errors} calls failed, ${lost} of ${writes.answered} lost`);
  expect(problems.length === 0, problems.join('; '));
  expect(result.passed && errors === 0 && lost === 0, JSON.stringify(result));
  const steps = timeline.map(({ step }) => step);
  expect(steps.includes('whole again'), `it was not whole again: ${steps.join(', ')}`);
  return result;
}

/**
 * @param {Cluster} cluster
 * @returns {Promise<string>} the file of variables of a cluster, as an operator has one
 */
async function variablesFile(cluster) {
  const path = cluster.secret('cluster.env');
  const own = Object.entries(cluster.env).filter(([name]) => OWN.test(name));
  await writeFile(path, own.map(([name, value]) => `${name}=${value ?? ''}\n`).join(''));
  return path;
}

/** @param {Runner} runner @param {Place} place */
async function comesUp(runner, place) {
  await runner.check(
    'cluster up --compose ends when all six are whole, and says where they are',
    async () => {
      /** @type {ClusterDocument} */
      const up = await documentOf(place, ['cluster', 'up']);
      isWhole(up);
      isWhole(await documentOf(place, ['cluster', 'status']));
      await leadsThere(place, up);
    },
    { isVital: true, timeoutMs: WITHIN_MS },
  );
}

/** @param {Runner} runner @param {Place} place */
async function isDrilled(runner, place) {
  await runner.check(
    'drill kill --compose: a failover with its figures, all put back',
    async (note) => {
      const { gapMs, from, to } = await drilled(place, ['kill', '--hold', '6s'], note);
      expect(to !== null && from !== to, `the primary went from ${from} to ${to}`);
      expect(gapMs > 2500, `writes waited ${gapMs} ms only: the Sentinels need 3 s to notice`);
    },
  );
  await runner.check('drill quorum --compose: writes go on', async (note) => {
    const { to } = await drilled(place, ['quorum', '--hold', '2s'], note);
    expect(to === null, `the primary went to ${to}`);
  });
}

/** @param {Runner} runner @param {Place} place */
async function goesDown(runner, { cluster, engine, where }) {
  await runner.check('cluster down --compose --volumes leaves nothing', async () => {
    const words = ['cluster', 'down', ...where];
    const { code, out } = await typed(engine, [...words, '--volumes']);
    expect(code === 0 && /^Ended 6 of /.test(out), `it ended with ${code}: ${out}`);
    await cluster.nothingIsLeft();
    const again = await typed(engine, words);
    expect(again.code === 0 && /^Nothing runs in /.test(again.out), `twice: ${again.out}`);
  });
}

/**
 * @param {Runner} runner
 * @param {Engine} engine
 * @param {Cluster} cluster that nobody has started
 */
export async function commandLine(runner, engine, cluster) {
  const variables = await variablesFile(cluster);
  const where = ['--compose', FILE, '--compose-env', variables, '--project', cluster.project];
  const place = { cluster, engine, where };
  await comesUp(runner, place);
  await isDrilled(runner, place);
  await goesDown(runner, place);
}
