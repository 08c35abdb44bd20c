// The two services that are compared: two instances each.
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { at, root } from '../lib/paths.mjs';
import { freePort } from '../lib/ports.mjs';
import { start, stop } from '../lib/processes.mjs';
import { sleep, now } from './clock.mjs';

const READY_WITHIN_MS = 60_000;
const LOG_LINES = 15;

/** What there is to compare. */
export const CONTESTANTS = {
  ours: { title: 'nestjs-redis-ha', program: at('dist', 'app', 'main.js') },
  bare: {
    title: 'bare ioredis',
    program: fileURLToPath(new URL('./bare-service.mjs', import.meta.url)),
  },
};

const REDIS_SETTINGS = /^(REDIS_|DATABASE_URL$|PGLITE_DIR$)/;

/** The caller's environment without anything that would point a service elsewhere, and where the cluster is. */
export function serviceEnvironment(cluster) {
  const inherited = Object.entries(process.env).filter(([name]) => !REDIS_SETTINGS.test(name));
  return { ...Object.fromEntries(inherited), ...cluster.env() };
}

function environment(cluster, port, database) {
  return {
    ...serviceEnvironment(cluster),
    ...(database === null ? {} : { DATABASE_URL: database }),
    PORT: String(port),
    HOST: '127.0.0.1',
  };
}

/** Starts instances one after the other and waits until each is connected to Redis. */
export async function startService(name, { cluster, instances, logs, database }) {
  const running = [];
  for (let index = 1; index <= instances; index++) {
    running.push(await startInstance(name, { cluster, index, logs, database }));
  }
  return {
    name,
    title: CONTESTANTS[name].title,
    targets: running.map(({ port }) => ({ host: '127.0.0.1', port })),
    pids: running.map(({ child }) => child.pid),
    stop: () => Promise.all(running.map(({ child }) => stop(child, 10_000))),
  };
}

async function startInstance(name, { cluster, index, logs, database }) {
  const port = await freePort(0);
  mkdirSync(logs, { recursive: true });
  const log = join(logs, `${name}-${index}.log`);
  const file = openSync(log, 'a');
  const child = start(process.execPath, [CONTESTANTS[name].program], {
    cwd: root,
    env: environment(cluster, port, database),
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  await waitForRedis(child, port, log);
  return { child, port };
}

async function waitForRedis(child, port, log) {
  const giveUpAt = now() + READY_WITHIN_MS;
  while (now() < giveUpAt && child.exitCode === null && child.signalCode === null) {
    const health = await askHealth(port);
    if (health?.redis?.status === 'up') return;
    await sleep(100);
  }
  const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-LOG_LINES).join('\n');
  throw new Error(`A backend did not get ready. The end of its log:\n${tail}`);
}

/** The body of GET /health, whatever its status; undefined when there is no answer soon. */
export async function askHealth(port, path = '/health') {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      signal: AbortSignal.timeout(900),
    });
    return await answer.json();
  } catch {
    return undefined;
  }
}
