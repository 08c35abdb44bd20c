// @ts-check
// `npm run test:compose`: the shipped compose file, end to end, on two versions of Redis and on Valkey, under traffic.
//   ONLY=7, ONLY=valkey, ONLY='redis 8'   one version   KEEP=1   leaves the last cluster up   KEEP_ENGINE=1   does not stop an engine it began
// Ends with `N passed, N failed`. Without a container engine it says so loudly and ends with code 77.
import { existsSync } from 'node:fs';
import { appProfile } from '../backend/test/compose/app-profile.mjs';
import { boot, facts } from '../backend/test/compose/boot.mjs';
import { commandLine } from '../backend/test/compose/command-line.mjs';
import { composeV1 } from '../backend/test/compose/compose-v1.mjs';
import { faults } from '../backend/test/compose/faults.mjs';
import { drill, everythingDown, persistence, planned } from '../backend/test/compose/planned.mjs';
import { passwordRotation } from '../backend/test/compose/rotation.mjs';
import { provideAppImages } from '../backend/test/compose/support/app-images.mjs';
import { Cluster } from '../backend/test/compose/support/cluster.mjs';
import { abortAll } from '../backend/test/compose/support/shell.mjs';
import { findEngine, provideImage } from '../backend/test/compose/support/engine.mjs';
import { provideNodeImage } from '../backend/test/compose/support/node-image.mjs';
import { startRules } from '../backend/test/compose/start-rules.mjs';
import { Runner } from '../backend/test/compose/support/runner.mjs';
import { Traffic } from '../backend/test/compose/support/traffic.mjs';
import { makeValkeyImage } from '../backend/test/compose/support/valkey-image.mjs';
import { whenNpmEnds } from './lib/npm-parent.mjs';
import { at } from './lib/paths.mjs';
import { hasCommand, run } from './lib/processes.mjs';

/** @typedef {import('../backend/test/compose/support/engine.mjs').Engine} Engine */
/** @typedef {{ label: string, image: string }} Version */
/** @typedef {(runner: Runner) => Promise<unknown>} Part of the run, on a cluster of its own */

const MINUTE = 60_000;
const MAX_MS = 24 * MINUTE;
const NEWEST = { label: 'Redis 8', image: 'redis:8.0-alpine' };
const IMAGES = [
  { label: 'Redis 7', image: 'redis:7.2-alpine' },
  { label: 'Valkey 8', image: 'valkey/valkey:8-alpine' },
  NEWEST,
].filter(({ label }) => label.toLowerCase().includes((process.env.ONLY ?? '').toLowerCase()));

const runner = new Runner();
/** @type {(() => unknown)[]} */
const cleanups = [];
/** @type {Promise<void> | undefined} */
let ending;

/** Undoes everything that was begun, newest first. */
function cleanUp() {
  ending ??= (async () => {
    for (const undo of cleanups.reverse()) {
      await Promise.resolve()
        .then(undo)
        .catch((/** @type {Error} */ error) => console.error(error.message));
    }
  })();
  return ending;
}

/**
 * @param {number} code
 * @param {string} why
 */
async function interrupted(code, why) {
  runner.tellUntold();
  console.error(`\n${why}: removing everything that was started ...`);
  await abortAll();
  await cleanUp();
  process.exit(code);
}

/** @param {string} why */
function skip(why) {
  console.log(`
############ SKIPPED: the compose file, end to end ############
# ${why}
# NOTHING about docker-compose.redis-sentinel.yml was exercised.
###############################################################

0 passed, 0 failed`);
  process.exitCode = 77;
}

/**
 * A cluster that is removed with its volumes, whatever happens.
 * @param {Engine} engine
 * @param {Parameters<typeof Cluster.prepare>[1]} options
 */
async function prepared(engine, options) {
  const cluster = await Cluster.prepare(engine, options);
  if (process.env.KEEP !== '1') cleanups.push(() => cluster.remove());
  return cluster;
}

/** @param {Cluster} cluster */
async function versionOf(cluster) {
  const info = await cluster.text('redis-master', 'INFO', 'server');
  // Valkey also says which version of Redis it is as good as.
  const said = /valkey_version:(\S+)/.exec(info) ?? /redis_version:(\S+)/.exec(info);
  return said?.[1];
}

/**
 * @param {Runner} beside
 * @param {Engine} engine
 * @param {Cluster} cluster
 * @param {string | undefined} nodeImage
 */
async function underTraffic(beside, engine, cluster, nodeImage) {
  const traffic = new Traffic(engine, cluster);
  cleanups.push(() => traffic.stop());
  await beside.check(
    'an application on the host and one in a container read and write',
    async () => {
      await traffic.startOnHost();
      if (nodeImage !== undefined) await traffic.startInContainer(nodeImage);
      else beside.say('   !! no image with node can be had: no application in a container');
      await traffic.all('ready');
    },
    { isVital: true },
  );
  await beside.check(
    'an application that only reaches published ports goes through REDIS_NAT_MAP',
    () => throughNatMap(engine, cluster),
  );
  await planned(beside, cluster, traffic);
  await faults(beside, cluster, traffic);
  // Certificates are replaced on the newest version, in the profile `app`.
  if (cluster.env.REDIS_IMAGE === IMAGES[0]?.image) {
    await passwordRotation(beside, engine, cluster);
  }
  await everythingDown(beside, cluster, traffic);
  await traffic.stop();
}

/**
 * @param {Engine} engine
 * @param {Cluster} cluster
 */
async function throughNatMap(engine, cluster) {
  const { stdout } = await run('sh', [at('deploy', 'redis', 'print-nat-map.sh')], {
    env: { ...process.env, ...cluster.env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const traffic = new Traffic(engine, cluster);
  const [name = '', ...value] = stdout.trim().split('=');
  try {
    const client = traffic.startOnHost('mapped', { [name]: value.join('=') });
    await client.call('ready');
    await client.call('mark');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await traffic.account();
  } finally {
    await traffic.stop();
  }
}

/**
 * @param {Engine} engine
 * @param {string} image
 */
async function canRun(engine, image) {
  if (provideImage(engine, image)) return true;
  if (!image.startsWith('valkey/') || !provideImage(engine, NEWEST.image)) return false;
  return makeValkeyImage(engine.env, image, NEWEST.image);
}

/**
 * @param {Runner} beside
 * @param {Engine} engine
 * @param {Version} version
 * @param {string | undefined} nodeImage
 */
async function oneVersion(beside, engine, { label, image }, nodeImage) {
  beside.begin(label);
  if (!(await canRun(engine, image))) {
    await beside.check(`the image ${image} can be had`, () =>
      Promise.reject(new Error('it cannot')),
    );
    return;
  }
  const cluster = await prepared(engine, { image });
  await boot(beside, cluster);
  beside.say(`   ${image} runs ${await versionOf(cluster).catch(() => 'nothing')}`);
  await facts(beside, cluster);
  await underTraffic(beside, engine, cluster, nodeImage);
  if (beside.failed > 0) beside.say(await cluster.tail(40));
  await cluster.remove();
  // Its secrets went with the other one.
  const keeping = await prepared(engine, { image });
  keeping.env.REDIS_APPENDONLY = 'yes';
  await persistence(beside, keeping);
  await drill(beside, keeping);
  await keeping.remove();
}

/** @param {Runner} beside */
async function rulesOfStart(beside) {
  beside.begin('The role at the start, on this machine');
  if (hasCommand('redis-server')) return await startRules(beside);
  return beside.say('   !! redis-server is not here: not exercised');
}

/**
 * @param {Runner} beside
 * @param {Engine} engine
 * @param {Version} version
 */
async function oldCompose(beside, engine, { image }) {
  beside.begin('Compose 1.29');
  if (engine.composeV1 === undefined) {
    return beside.say('   !! docker-compose 1.x is not here: not exercised');
  }
  const cluster = await prepared(engine, { image, compose: engine.composeV1 });
  await composeV1(beside, cluster);
  return await cluster.remove();
}

/**
 * The program of the package on the shipped file.
 * @param {Runner} beside
 * @param {Engine} engine
 * @param {Version} version
 */
async function ownProgram(beside, engine, { image }) {
  if (!(await canRun(engine, image))) return; // The checks of this version say so.
  beside.begin('The command line');
  const cluster = await prepared(engine, { image });
  await commandLine(beside, engine, cluster);
  if (beside.failed > 0) beside.say(await cluster.tail(40));
  await cluster.remove();
}

/**
 * The images of the profile `app` are made while nothing is looked at that must come in time.
 * @param {Engine} engine
 */
function appImages(engine) {
  const provided = provideAppImages(engine);
  provided.then(
    ({ remove }) => cleanups.push(remove),
    () => undefined, // The profile says so.
  );
  return provided;
}

/**
 * What is done side by side: lanes of about the same length, in each one part after the other. They wait for Sentinels
 * and for health checks: measured, both together keep 0.8 of two cores busy, so one more would make them late.
 * @param {Engine} engine
 * @param {string | undefined} nodeImage
 * @returns {Part[][]}
 */
function lanesOf(engine, nodeImage) {
  const version = (/** @type {Version} */ one) => (/** @type {Runner} */ beside) =>
    oneVersion(beside, engine, one, nodeImage);
  const [older, newest] = [IMAGES.filter((one) => one !== NEWEST), IMAGES.includes(NEWEST)];
  if (!newest) return [[rulesOfStart, ...older.map(version)]];
  const { image } = NEWEST;
  const provided = appImages(engine);
  const options = { image, cleanups, provide: () => provided };
  return [
    [
      (beside) => ownProgram(beside, engine, NEWEST),
      ...older.map(version),
      (beside) => oldCompose(beside, engine, NEWEST),
    ],
    [rulesOfStart, version(NEWEST), (beside) => appProfile(beside, engine, options)],
  ];
}

/** @param {unknown} error that no check has caught: what follows is on another cluster */
function broken(error) {
  runner.failed += 1;
  console.error(error);
}

async function main() {
  const engine = findEngine();
  if (engine === undefined) return skip('no container engine answers, and none could be made here');
  if (process.env.KEEP_ENGINE !== '1') cleanups.push(() => engine.stop());
  if (!existsSync(at('dist', 'lib', 'esm', 'index.js'))) {
    await run(process.execPath, [at('scripts', 'build-lib.mjs')], { timeoutMs: 5 * MINUTE });
  }
  for (const { image } of IMAGES) await canRun(engine, image);
  const nodeImage = await provideNodeImage(engine);
  await Promise.all(
    lanesOf(engine, nodeImage).map(async (parts) => {
      for (const part of parts) await runner.beside(part).catch(broken);
    }),
  );
  if (runner.figures.length > 0) console.log(`\nMeasured:\n  ${runner.figures.join('\n  ')}`);
}

process.on('SIGINT', () => void interrupted(130, 'Interrupted'));
process.on('SIGTERM', () => void interrupted(143, 'Told to end'));
whenNpmEnds(() => void interrupted(143, 'npm is gone'));
const watchdog = setTimeout(() => void interrupted(1, 'It took too long'), MAX_MS);
try {
  await main();
} catch (error) {
  broken(error);
} finally {
  await cleanUp();
  clearTimeout(watchdog);
}
if (process.exitCode !== 77) process.exitCode = runner.end();
