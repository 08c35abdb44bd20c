import { RedisService, resolveOptions } from '../../src/redis/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { waitUntil } from '../../src/redis/testing/index.js';
import { median, percentile } from '../../src/cli/measure/statistics.js';
import { FIRST, type Member, type Region, type TwoRegions } from './world.js';

/** One figure of the rehearsal. */
export interface Fact {
  readonly what: string;
  readonly figure: string;
}

interface Application {
  readonly redis: RedisService;
  readonly engine: RedisEngine;
}

const NEAR: Member = { region: 'b', last: 11 };
const FAR: Member = { region: 'b', last: 12 };
const SAMPLES = 200;
const LOAD_PER_SECOND = 500;
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function open(world: TwoRegions, from: Region, region: Region): Promise<Application> {
  const { options } = resolveOptions({
    mode: 'sentinel',
    sentinel: { nodes: [...world.sentinelsFor(from, region)], natMap: world.natMapFor(from) },
    routing: { readTimeoutMs: 2000 },
  });
  const engine = new RedisEngine(options);
  engine.start();
  const redis = new RedisService(engine);
  await redis.whenReady(20_000);
  return { redis, engine };
}

async function timesOf(count: number, call: (i: number) => Promise<unknown>): Promise<string> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now();
    await call(i);
    times.push(performance.now() - startedAt);
  }
  return `${median(times).toFixed(1)} ms, p99 ${percentile(times, 0.99).toFixed(1)} ms`;
}

/** Writes of an application that go on until they are stopped: each has a key of its own. */
class Writer {
  readonly acknowledged: string[] = [];
  failed = 0;
  #isOn = true;
  readonly #timer: NodeJS.Timeout;
  #n = 0;

  constructor(redis: RedisService) {
    this.#timer = setInterval(() => {
      for (let i = 0; i < LOAD_PER_SECOND / 100; i++) this.#write(redis, `kept:${this.#n++}`);
    }, 10);
  }

  stop(): void {
    this.#isOn = false;
    clearInterval(this.#timer);
  }

  #write(redis: RedisService, key: string): void {
    redis.set(key, key).then(
      () => this.#isOn && this.acknowledged.push(key),
      () => this.failed++,
    );
  }
}

/** What applications of both regions see while all is well. */
export async function inPeace(world: TwoRegions): Promise<Fact[]> {
  const [a, b] = [await open(world, 'a', 'a'), await open(world, 'b', 'a')];
  try {
    const facts: Fact[] = [];
    const note = async (what: string, call: (i: number) => Promise<unknown>): Promise<void> => {
      facts.push({ what, figure: await timesOf(SAMPLES, call) });
    };
    await note('a write in the active region', (i) => a.redis.set(`a:${i}`, 'x'));
    await note('a write in the other region', (i) => b.redis.set(`b:${i}`, 'x'));
    await note('a read in the active region, default policy', (i) => a.redis.get(`a:${i}`));
    await note('a read in the active region, `nearest`', (i) =>
      a.redis.with({ readPolicy: 'nearest' }).get(`a:${i}`),
    );
    await note('a read in the other region, default policy', (i) => b.redis.get(`a:${i}`));
    await note('a read in the other region, `nearest`', (i) =>
      b.redis.with({ readPolicy: 'nearest' }).get(`a:${i}`),
    );
    await note('from a write to its being readable in the other region', async (i) => {
      await a.redis.set(`seen:${i}`, 'x');
      await waitUntil(async () => (await world.command(NEAR, 'GET', `seen:${i}`)) !== null, {
        what: 'it is there',
        everyMs: 1,
      });
    });
    return facts;
  } finally {
    await Promise.all([a.engine.close(), b.engine.close()]);
  }
}

/** The primary is killed: the region itself goes on, and the other one follows. */
export async function primaryKilled(world: TwoRegions): Promise<Fact[]> {
  const startedAt = performance.now();
  await world.stop(FIRST);
  const since = (): string => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
  await waitUntil(async () => (await world.primaryOf('a')).last !== FIRST.last, {
    what: 'another primary',
    timeoutMs: 30_000,
  });
  const switched = since();
  const primary = await world.primaryOf('a');
  await waitUntil(() => world.follows(NEAR, primary), { what: 'b follows', timeoutMs: 60_000 });
  return [
    { what: 'primary killed: Sentinel names a replica of the same region after', figure: switched },
    { what: 'primary killed: the other region follows it after', figure: since() },
  ];
}

/** The active region is lost with its applications; the other one takes over by the procedure of the page. */
export async function regionLost(world: TwoRegions): Promise<Fact[]> {
  return await lost(world, { cutBeforeMs: 0, epoch: 0 });
}

/** The line is cut before, and the Sentinels of the other region have the greater epoch. */
export async function regionLostLater(world: TwoRegions): Promise<Fact[]> {
  return await lost(world, { cutBeforeMs: 2000, epoch: 1000 });
}

async function lost(
  world: TwoRegions,
  { cutBeforeMs, epoch }: { readonly cutBeforeMs: number; readonly epoch: number },
): Promise<Fact[]> {
  // Every cluster that is some weeks old has had a failover: the epoch of its Sentinels is not 0.
  await world.failOver();
  const a = await open(world, 'a', 'a');
  const writer = new Writer(a.redis);
  await pause(3000);
  if (cutBeforeMs > 0) world.cutLine();
  await pause(cutBeforeMs);
  world.lose('a');
  writer.stop();
  await pause(1000);
  const startedAt = performance.now();
  await takeOver(world, epoch);
  const b = await open(world, 'b', 'b');
  await b.redis.set('first', 'write');
  const tookMs = performance.now() - startedAt;
  const values = await b.redis.with({ readPolicy: 'primary' }).mget(writer.acknowledged);
  const missing = values.filter((value) => value === null).length;
  await b.engine.close();
  await a.engine.close();
  const when = cutBeforeMs === 0 ? 'region lost' : `line cut ${cutBeforeMs / 1000} s before`;
  return [
    {
      what: `${when}: from the first command to a write in the other region`,
      figure: seconds(tookMs),
    },
    {
      what: `${when}: acknowledged at ${String(LOAD_PER_SECOND)} writes a second, and lost`,
      figure: `${String(writer.acknowledged.length)}, ${String(missing)}`,
    },
    await comesBack(world, epoch),
  ];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

async function takeOver(world: TwoRegions, epoch: number): Promise<void> {
  await world.command(NEAR, 'REPLICAOF', 'NO', 'ONE');
  for (const node of [NEAR, FAR])
    await world.command(node, 'CONFIG', 'SET', 'replica-priority', '100');
  for (const last of [21, 22, 23]) await world.startSentinel({ region: 'b', last }, NEAR, epoch);
  await waitUntil(() => world.follows(FAR, NEAR), { what: 'the second node is linked' });
}

/** The lost region comes back as it was, with Sentinels that remember. */
async function comesBack(world: TwoRegions, epoch: number): Promise<Fact> {
  const startedAt = performance.now();
  world.giveBack('a');
  const roleOf = (member: Member): Promise<string> => world.info(member, 'replication', 'role');
  const end = await waitUntil(
    async () => {
      if ((await roleOf(NEAR)) === 'slave') return 'it makes a replica of our primary';
      const nodes = [11, 12, 13].map((last) => roleOf({ region: 'a', last }));
      return (
        (await Promise.all(nodes)).every((role) => role === 'slave') && 'it follows our primary'
      );
    },
    { what: 'one of them follows', timeoutMs: 60_000, everyMs: 250 },
  ).catch(() => 'both go on beside each other for more than 60 s');
  const after = end.startsWith('both') ? '' : `, after ${seconds(performance.now() - startedAt)}`;
  return {
    what: `the lost region comes back as it was, our epoch ${String(epoch)}`,
    figure: `${end}${after}`,
  };
}

/** A move while both regions live: writes wait, and nothing is lost. */
export async function regionMoved(world: TwoRegions): Promise<Fact[]> {
  const a = await open(world, 'a', 'a');
  const writer = new Writer(a.redis);
  await pause(2000);
  for (const last of [21, 22, 23]) await world.stop({ region: 'a', last });
  const startedAt = performance.now();
  await world.command(FIRST, 'CLIENT', 'PAUSE', '30000', 'WRITE');
  await waitUntil(
    async () =>
      (await world.info(FIRST, 'replication', 'master_repl_offset')) ===
      (await world.info(NEAR, 'replication', 'slave_repl_offset')),
    { what: 'the other region has everything', everyMs: 5 },
  );
  writer.stop();
  await takeOver(world, 0);
  const b = await open(world, 'b', 'b');
  await b.redis.set('first', 'write');
  const took = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
  const values = await b.redis.with({ readPolicy: 'primary' }).mget(writer.acknowledged);
  const lost = values.filter((value) => value === null).length;
  await b.engine.close();
  await a.engine.close();
  return [
    { what: 'region moved: from the pause to a write in the other region', figure: took },
    {
      what: 'region moved: acknowledged, and lost',
      figure: `${String(writer.acknowledged.length)}, ${String(lost)}`,
    },
  ];
}
