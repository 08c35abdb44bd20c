// `npm start`: installs what is missing, starts six Redis processes and the backend, and says where they are.
// Ctrl-C stops all of it. Without Redis the backend runs from memory, and says so.
import { at, root } from './lib/paths.mjs';
import { ensureDependencies } from './lib/ensure-dependencies.mjs';
import { ensureRedis, howToInstallRedis } from './lib/ensure-redis.mjs';
import { whenNpmEnds } from './lib/npm-parent.mjs';
import { freePort } from './lib/ports.mjs';
import { run, start, stopAll } from './lib/processes.mjs';

const READY_WITHIN_MS = 30_000;
const STOP_GRACE_MS = 10_000;
const REVIVE_AFTER_MS = 15_000;

let cluster;
let ending;

/** What the backend stands on: 'processes' on this machine or 'memory'. Docker Compose will be a third answer. */
async function chooseBacking() {
  if (process.env.REDIS_MODE === 'memory') return 'memory';
  return (await ensureRedis()) === undefined ? 'memory' : 'processes';
}

async function build() {
  console.log('Building the library and the backend ...');
  for (const args of [
    [at('scripts', 'build-lib.mjs')],
    [at('node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build'],
  ]) {
    const { code } = await run(process.execPath, args, { cwd: root });
    if (ending !== undefined) return;
    if (code !== 0) return end(1, 'The build failed; its messages stand above.');
  }
}

async function startCluster() {
  console.log('Starting one primary, two replicas and three sentinels ...');
  const { startRedisCluster } = await import(at('dist', 'lib', 'esm', 'testing', 'index.js'));
  // The production setting, not the faster one that tests use.
  const started = await startRedisCluster({ downAfterMs: 3_000 });
  // Ctrl-C came while it started: nobody else knows of it yet.
  if (ending !== undefined) return started.stop();
  cluster = started;
  reviveNodes();
}

/** Starts nodes again that were killed, so that there is always another primary to kill. */
function reviveNodes() {
  const endedAt = new Map();
  setInterval(() => {
    for (const node of cluster.nodes()) {
      if (node.isRunning) {
        endedAt.delete(node);
      } else if (!endedAt.has(node)) {
        endedAt.set(node, Date.now());
        console.log(`${node.name} ended; it comes back in ${REVIVE_AFTER_MS / 1000} s.`);
      } else if (Date.now() - endedAt.get(node) > REVIVE_AFTER_MS && ending === undefined) {
        endedAt.set(node, Infinity);
        node
          .restart()
          .then(() => console.log(`${node.name} is back, pid ${node.pid}.`))
          .catch((error) => console.error(`${node.name} did not come back: ${error.message}`))
          .finally(() => endedAt.delete(node));
      }
    }
  }, 500).unref();
}

/** The environment of the backend: the caller's own, but the cluster says where Redis is. */
function backendEnvironment(port) {
  const env = { ...process.env, PORT: String(port) };
  if (cluster === undefined) return { ...env, REDIS_MODE: 'memory' };
  for (const name of ['REDIS_MODE', 'REDIS_URL', 'REDIS_HOST', 'REDIS_PORT', 'REDIS_PASSWORD']) {
    delete env[name];
  }
  return { ...env, ...cluster.env() };
}

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

/** Waits until the backend answers on /health, and a moment longer for Redis to be up: it starts without it. */
async function waitForHealth(url) {
  const until = Date.now() + READY_WITHIN_MS;
  let firstAnswerAt;
  while (ending === undefined && Date.now() < until) {
    const health = await fetch(url, { signal: AbortSignal.timeout(2_000) })
      .then((answer) => answer.json())
      .catch(() => undefined);
    if (health !== undefined) firstAnswerAt ??= Date.now();
    const isSettled = cluster === undefined || health?.redis?.status === 'up';
    if (health !== undefined && (isSettled || Date.now() - firstAnswerAt > 5_000)) return health;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (ending === undefined) await end(1, `The backend did not answer on ${url} in time.`);
  return undefined;
}

function memoryScreen(url) {
  if (process.env.REDIS_MODE === 'memory') {
    return `\n  REDIS_MODE=memory: no Redis was started; unset it to see the cluster.\n\n  health     ${url}\n`;
  }
  return `
  !!  THERE IS NO REDIS HERE: the backend runs from memory only. Nothing is replicated, nothing fails over.
  !!  To see the real thing, stop this with Ctrl-C and type:
  !!
  !!      ${howToInstallRedis()}
  !!      npm start

  health     ${url}
`;
}

function clusterScreen(url) {
  const nodes = cluster
    .nodes()
    .map(
      ({ roleAtStart, address, pid }) =>
        `  ${roleAtStart.padEnd(9)}  ${address.host}:${address.port}   pid ${pid}`,
    );
  return `
  health     ${url}
${nodes.join('\n')}

  Kill the primary and watch the backend carry on (in another terminal):

      while sleep 0.2; do curl -s -m 1 ${url}; echo; done
      kill -9 ${cluster.primary().pid}

  Meanwhile write through it; no request fails, some wait for the new primary:

      curl -s -X POST ${url.replace('/health', '/api/counters/visits')}

  "currentMaster" names another node a few seconds later, and "failoverCount" goes up.
  A process that ended is started again after ${REVIVE_AFTER_MS / 1000} seconds, with another pid; the old primary comes back as a replica.
`;
}

/** Stops the backend, then the cluster, and ends this process. The first call decides; later ones wait for it. */
function end(code, message) {
  ending ??= (async () => {
    if (message !== undefined) console.error(`\n${message}`);
    await stopAll(STOP_GRACE_MS);
    await cluster?.stop();
    process.exit(code);
  })();
  return ending;
}

function stopAsAsked() {
  if (ending === undefined) console.log('\nStopping the backend and the cluster ...');
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
  const backing = await chooseBacking();
  if (ending === undefined) await build();
  if (ending === undefined && backing === 'processes') await startCluster();
  if (ending !== undefined) return;
  const port = await choosePort();
  const url = `http://127.0.0.1:${port}/health`;
  startBackend(port);
  const health = await waitForHealth(url);
  if (health === undefined || ending !== undefined) return;
  console.log(cluster === undefined ? memoryScreen(url) : clusterScreen(url));
  console.log(
    `  status     ${health.redis?.status ?? health.status}        Ctrl-C stops everything.\n`,
  );
}

await main().catch((error) => end(1, error instanceof Error ? error.message : String(error)));
