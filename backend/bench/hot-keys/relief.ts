import { RedisCache } from '../../src/redis/cache/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { RedisService, resolveOptions } from '../../src/redis/index.js';
import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';
import { sleep } from '../common/clock.js';

/** How the reads of one key at the server went down. */
export interface Relief {
  readonly what: string;
  /** Reads a second that callers made, before and at the end. */
  readonly asked: readonly [before: number, after: number];
  /** Reads a second that reached the server, before and at the end. */
  readonly reached: readonly [before: number, after: number];
  /** From the first read until less than a tenth of the reads reached the server; `null` when that did not happen. */
  readonly relievedAfterMs: number | null;
}

const CALLERS = 50;
const VALUE = 'x'.repeat(100);
const STEP_MS = 100;
const RUN_MS = 4_000;
const MAX_SHARE = 0.1;
const CALM_STEPS = 5;

/** Lets many callers read one key, of the cache and plainly, and looks at the server how often it is asked. */
export async function measureRelief(): Promise<Relief[]> {
  await using server = await startRedisServer();
  const found: Relief[] = [];
  for (const level of ['watch', 'on'] as const) {
    const { options } = resolveOptions({ ...server.options(), hotKeys: { level } });
    const engine = new RedisEngine(options);
    engine.start();
    const redis = new RedisService(engine);
    await redis.whenReady();
    const cache = new RedisCache({
      openKeyspace: (name, settings) => engine.keyspaces.open(name, settings),
      clock: engine.calendar,
      random: Math.random,
      bus: engine.bus,
    });
    for (const key of ['a', 'b']) await cache.set(key, VALUE, { ttlMs: 600_000 });
    await redis.set('c', VALUE);
    // One at a time each: reads of one turn would share a command anyway.
    const paced = pacedBy(1);
    found.push(await watch(`${level}: cache, 1 caller`, server, () => cache.get('a'), 1));
    found.push(
      await watch(
        `${level}: cache, ${String(CALLERS)} callers`,
        server,
        () => paced(() => cache.get('b')),
        CALLERS,
      ),
    );
    found.push(
      await watch(
        `${level}: plain, ${String(CALLERS)} callers`,
        server,
        () => redis.get('c'),
        CALLERS,
      ),
    );
    await engine.close();
  }
  return found;
}

// Callers that come one by one, as requests do.
function pacedBy(ms: number): (read: () => Promise<unknown>) => Promise<unknown> {
  return async (read) => {
    await sleep(Math.random() * ms);
    return read();
  };
}

async function watch(
  what: string,
  server: RedisTestServer,
  read: () => Promise<unknown>,
  callers: number,
): Promise<Relief> {
  let asked = 0;
  let isOver = false;
  const call = async (): Promise<void> => {
    while (!isOver) {
      await read();
      asked++;
      if (asked % 100 === 0) await sleep(0);
    }
  };
  await readsOfServer(server);
  const startedAt = performance.now();
  const calls = Array.from({ length: callers }, call);
  const steps: {
    readonly at: number;
    readonly asked: number;
    readonly reached: number;
    readonly ms: number;
  }[] = [];
  for (let last = startedAt; performance.now() - startedAt < RUN_MS;) {
    const before = asked;
    await sleep(STEP_MS);
    const reached = await readsOfServer(server);
    const now = performance.now();
    steps.push({ at: now - startedAt, asked: asked - before, reached, ms: now - last });
    last = now;
  }
  isOver = true;
  await Promise.all(calls);
  const relieved = steps.findIndex((_, i) => {
    const calm = steps.slice(i);
    return (
      calm.length >= CALM_STEPS && calm.every((step) => step.reached <= step.asked * MAX_SHARE)
    );
  });
  const rate = (part: readonly (typeof steps)[number][], of: 'asked' | 'reached'): number => {
    const sum = part.reduce((total, step) => total + step[of], 0);
    return (sum * 1_000) / part.reduce((total, step) => total + step.ms, 0);
  };
  const [first, end] = [steps.slice(0, CALM_STEPS), steps.slice(-10)];
  return {
    what,
    asked: [rate(first, 'asked'), rate(end, 'asked')],
    reached: [rate(first, 'reached'), rate(end, 'reached')],
    relievedAfterMs: relieved === -1 ? null : (steps[relieved]?.at ?? null),
  };
}

/** How often the server has read a value since the last call. */
async function readsOfServer(server: RedisTestServer): Promise<number> {
  const stats = await server.node.info('commandstats');
  await server.node.command('CONFIG', 'RESETSTAT');
  return ['get', 'mget'].reduce(
    (sum, name) => sum + Number(/calls=(\d+)/.exec(stats.get(`cmdstat_${name}`) ?? '')?.[1] ?? 0),
    0,
  );
}
