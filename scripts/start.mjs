// @ts-check
// `npm start`: installs what is missing, starts six Redis nodes and the backend, and says where they are.
// The nodes are containers where there is an engine, else processes of this machine; without Redis the
// backend runs from memory, and says so. Ctrl-C stops all of it.
import { at, root } from './lib/paths.mjs';
import { ensureDependencies } from './lib/ensure-dependencies.mjs';
import { ensureProgram } from './lib/ensure-programs.mjs';
import { whenNpmEnds } from './lib/npm-parent.mjs';
import { freePort } from './lib/ports.mjs';
import { run, start, stopAll } from './lib/processes.mjs';
import { startComposeCluster } from './start/compose-cluster.mjs';
import { startProcessCluster } from './start/process-cluster.mjs';
import { clusterScreen, memoryScreen } from './start/screens.mjs';

const READY_WITHIN_MS = 30_000;
const STOP_GRACE_MS = 10_000;
/** Variables that would lead the backend elsewhere. */
const SAYS_WHERE =
  /^REDIS_(MODE|URL.*|HOST|PORT|USERNAME|PASSWORD.*|TLS.*|SENTINEL.*|MASTER_NAME|NAT_MAP)$/;

/**
 * @typedef {object} Running
 * @property {() => Record<string, string>} env where an application finds it
 * @property {() => Promise<void>} stop
 */
/** @typedef {Running & import('./start/screens.mjs').ShownCluster} StartedCluster */
/** @typedef {{ status?: string, redis?: { status?: string } }} Health */

/** @type {StartedCluster | undefined} */
let cluster;
/**
 * What has begun to start must be stopped too, as soon as it is known.
 * @type {Promise<StartedCluster | undefined> | undefined}
 */
let starting;
/** @type {Promise<void> | undefined} */
let ending;

const isEnding = () => ending !== undefined;

async function build() {
  console.log('Building the library and the backend ...');
  for (const args of [
    [at('scripts', 'build-lib.mjs')],
    [at('node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build'],
  ]) {
    const { code } = await run(process.execPath, args, { cwd: root });
    if (isEnding()) return;
    if (code !== 0) return end(1, 'The build failed; its messages stand above.');
  }
}

/**
 * Containers where they can be had, else processes; nothing where there is no Redis or none is wanted.
 * @returns {Promise<StartedCluster | undefined>}
 */
async function startCluster() {
  if (process.env.REDIS_MODE === 'memory') return undefined;
  const containers = await startComposeCluster(isEnding);
  if (containers !== undefined || isEnding()) return containers;
  return (await ensureProgram('redis')) === undefined ? undefined : startProcessCluster();
}

/**
 * The environment of the backend: the caller's own, but the cluster says where Redis is.
 * @param {number} port
 */
function backendEnvironment(port) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, PORT: String(port) };
  if (cluster === undefined) return { ...env, REDIS_MODE: 'memory' };
  for (const name of Object.keys(env)) if (SAYS_WHERE.test(name)) delete env[name];
  return { ...env, ...cluster.env() };
}

/** @param {number} port */
function startBackend(port) {
  const backend = start(process.execPath, [at('dist', 'app', 'main.js')], {
    cwd: root,
    env: backendEnvironment(port),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  void backend.ended.then(({ code, signal }) => {
    const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
    return end(1, `The backend ${how}; its last messages stand above.`);
  });
}

/**
 * Waits until the backend answers on /health, and a moment longer for Redis to be up: it starts without it.
 * @param {string} url
 */
async function waitForHealth(url) {
  const until = Date.now() + READY_WITHIN_MS;
  /** @type {number | undefined} */
  let firstAnswerAt;
  while (!isEnding() && Date.now() < until) {
    /** @type {Health | undefined} */
    const health = await fetch(url, { signal: AbortSignal.timeout(2_000) })
      .then((answer) => /** @type {Promise<Health>} */ (answer.json()))
      .catch(() => undefined);
    if (health !== undefined) firstAnswerAt ??= Date.now();
    const answeredFor = Date.now() - (firstAnswerAt ?? Date.now());
    const isSettled = cluster === undefined || health?.redis?.status === 'up';
    if (health !== undefined && (isSettled || answeredFor > 5_000)) return health;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (!isEnding()) await end(1, `The backend did not answer on ${url} in time.`);
  return undefined;
}

/**
 * Stops the backend, then the cluster, and ends this process. The first call decides; later ones wait for it.
 * @param {number} code
 * @param {string} [message]
 */
function end(code, message) {
  ending ??= (async () => {
    if (message !== undefined) console.error(`\n${message}`);
    await stopAll(STOP_GRACE_MS);
    const started = await starting?.catch(() => undefined);
    await started?.stop();
    process.exit(code);
  })();
  return ending;
}

function stopAsAsked() {
  if (!isEnding()) console.log('\nStopping the backend and the cluster ...');
  void end(0);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stopAsAsked);
whenNpmEnds(stopAsAsked);
// A terminal or pipe that is gone must not end this process before it has cleaned up.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

async function choosePort() {
  const wanted = Number(process.env.PORT ?? 3000);
  const port = await freePort(wanted);
  if (port !== wanted) console.log(`Port ${wanted} is taken: the backend listens on ${port}.`);
  return port;
}

async function main() {
  await ensureDependencies();
  if (!isEnding()) await build();
  if (isEnding()) return;
  starting = startCluster();
  cluster = await starting;
  if (isEnding()) return;
  const port = await choosePort();
  const base = `http://127.0.0.1:${port}`;
  startBackend(port);
  const health = await waitForHealth(`${base}/health`);
  if (health === undefined || isEnding()) return;
  console.log(cluster === undefined ? memoryScreen(base) : clusterScreen(base, cluster));
  console.log(
    `  status     ${health.redis?.status ?? health.status}        Ctrl-C stops everything.\n`,
  );
}

await main().catch((error) => end(1, error instanceof Error ? error.message : String(error)));
