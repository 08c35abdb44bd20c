import { keysUpTo, WarmRig, type WarmProcess } from '../../../../test/support/warm-rig.js';
import { drawProgress, type WarmUpProgress } from '../index.js';
import type { WarmUpPlan } from './warm-up-plan.js';

const KEYS = keysUpTo(250);

describe('a warm-up', () => {
  let rig: WarmRig;

  beforeEach(() => {
    rig = new WarmRig(1_000);
  });

  afterEach(async () => {
    await rig.close();
    expect(rig.clock.pending).toBe(0);
  });

  const start = (plan: Partial<WarmUpPlan> = {}): WarmProcess =>
    rig.start([{ keys: () => KEYS, ...plan }]);
  const loadedKeys = (): string[] => [...rig.callsByKey.keys()];
  const onlyOnce = (): boolean => [...rig.callsByKey.values()].every((calls) => calls === 1);
  const finished = (process: WarmProcess): unknown =>
    process.events.find(({ type }) => type === 'warm-up.finished');

  it('loads each key once when the process starts, and tells of it', async () => {
    const one = start();
    expect(rig.calls).toEqual([]);
    await rig.clock.advance(10_000);
    expect(loadedKeys().sort()).toEqual(KEYS);
    expect(onlyOnce()).toBe(true);
    expect(rig.warmKeys.sort()).toEqual(KEYS);
    expect(one.cache.warmUps).toEqual([
      expect.objectContaining({ state: 'finished', done: 250, loaded: 250, skipped: 0, failed: 0 }),
    ]);
    expect(one.cache.warmUpTotals).toEqual({ done: 250, loaded: 250, skipped: 0, failed: 0 });
    expect(finished(one)).toMatchObject({ plan: 'plan', keyspace: 'products', cause: 'boot' });
    expect(one.cache.namespace('products').stats).toMatchObject({ hits: 0, misses: 0 });
  });

  it('begins no more loads in any second than it may, and spreads them', async () => {
    rig.sourceMs = () => 5;
    start({ perSecond: 20, concurrency: 8 });
    await rig.clock.advance(30_000);
    expect(rig.calls).toHaveLength(250);
    expect(rig.busiestSecond).toBeLessThanOrEqual(20);
    const gaps = rig.calls.slice(1).map(({ at }, i) => at - rig.calls[i]!.at);
    expect(Math.min(...gaps)).toBeGreaterThan(20);
  });

  it('asks of the source only what live traffic leaves', async () => {
    const one = start({ perSecond: 20 });
    await rig.clock.advance(4_000);
    const before = rig.calls.length;
    const live = rig.loaderOf('live');
    for (let i = 0; i < 100; i++) {
      await one.cache.namespace('products').getOrSet(`live-${String(i)}`, live);
      await rig.clock.advance(10);
    }
    const warmed = rig.calls.slice(before).filter(({ process }) => process !== 'live');
    expect(warmed.length).toBeLessThan(3);
    await rig.clock.advance(20_000);
    expect(loadedKeys()).toEqual(expect.arrayContaining(KEYS));
  });

  it('skips what is fresh, with one question for a hundred keys', async () => {
    const one = start({ onBoot: false });
    for (const key of KEYS.slice(0, 200)) await one.cache.namespace('products').set(key, 'set');
    const before = rig.redis.commands;
    const last = await drained(rig, one.cache.warm('plan'));
    expect(last).toMatchObject({ state: 'finished', cause: 'demand', loaded: 50, skipped: 200 });
    expect(loadedKeys().sort()).toEqual(KEYS.slice(200));
    // Three questions, and a few commands for each load and for the lead.
    expect(rig.redis.commands - before).toBeLessThan(50 * 3 + 40);
  });

  it('is led by one process, and the others see its progress', async () => {
    const [one, two, three] = [start(), start(), start()];
    await rig.clock.advance(4_500);
    const states = [one, two, three].map(({ cache }) => cache.warmUps[0]!.state);
    expect([...states].sort()).toEqual(['following', 'following', 'running']);
    await rig.clock.advance(10_000);
    expect(onlyOnce()).toBe(true);
    expect(new Set(rig.calls.map(({ process }) => process)).size).toBe(1);
    for (const { cache } of [one, two, three]) {
      expect(cache.warmUps[0]).toMatchObject({ state: 'finished', loaded: 250 });
    }
  });

  it('goes on in another process where the one that led has crashed', async () => {
    const after: (string | null)[] = [];
    const plan = {
      perSecond: 50,
      keys: (position: { readonly after: string | null }) => {
        after.push(position.after);
        return KEYS.filter((key) => position.after === null || key > position.after);
      },
    };
    const one = start(plan);
    await rig.clock.advance(1_000);
    const two = start(plan);
    await rig.clock.advance(5_500);
    expect(rig.calls.length).toBeGreaterThan(100);
    expect(rig.calls.length).toBeLessThan(200);
    await one.crash();
    await rig.clock.advance(20_000);
    expect(rig.warmKeys.sort()).toEqual(KEYS);
    expect(after).toEqual([null, KEYS[99]]);
    expect(finished(two)).toMatchObject({ loaded: expect.any(Number), outcome: 'finished' });
    expect(two.events).toContainEqual(
      expect.objectContaining({ type: 'warm-up.started', done: 100 }),
    );
    expect(rig.busiestSecond).toBeLessThanOrEqual(50);
    // What was loaded after the last mark is skipped, but for loads that ended with the process.
    expect(rig.calls.length).toBeLessThan(260);
  });

  it('does not begin again where another process has ended a moment ago', async () => {
    start();
    await rig.clock.advance(10_000);
    const two = start();
    await rig.clock.advance(10_000);
    expect(two.cache.warmUps[0]).toMatchObject({ state: 'finished' });
    expect(two.events.filter(({ type }) => type.startsWith('warm-up'))).toEqual([]);
    expect(rig.calls).toHaveLength(250);
  });

  it.each([
    ['it was restarted', 'reset'],
    ['another primary has nothing', 'switched'],
    ['nobody tells of it, as after FLUSHALL', 'nothing'],
  ] as const)('begins again when Redis has lost everything: %s', async (_, told) => {
    const [one, two] = [start(), start()];
    await rig.clock.advance(20_000);
    expect(rig.calls).toHaveLength(250);
    rig.lose(told);
    await rig.clock.advance(30_000);
    // The journal writes the last values again; all others are loaded.
    expect(rig.calls.length).toBeGreaterThan(350);
    expect(rig.warmKeys.sort()).toEqual(KEYS);
    const causes = [one, two].flatMap(({ events }) =>
      events.flatMap((event) => (event.type === 'warm-up.finished' ? [event.cause] : [])),
    );
    expect(causes).toContain('loss');
  });

  it('waits while Redis is away, and goes on when it is back', async () => {
    const one = start({ perSecond: 50 });
    await rig.clock.advance(5_000);
    const before = rig.calls.length;
    expect(before).toBeGreaterThan(0);
    one.port.link = 'cut';
    await rig.clock.advance(1_000);
    const atRest = rig.calls.length;
    await rig.clock.advance(10_000);
    expect(rig.calls.length).toBe(atRest);
    expect(atRest - before).toBeLessThan(10);
    expect(one.cache.warmUps[0]).toMatchObject({ state: 'paused' });
    one.port.link = 'open';
    await rig.clock.advance(40_000);
    expect(rig.warmKeys.sort()).toEqual(KEYS);
  });

  it('tries a failed load again, counts what stays failed, and goes on', async () => {
    const bad = new Set([KEYS[3], KEYS[120]]);
    rig.fails = (key) => bad.has(key);
    const one = start();
    await rig.clock.advance(30_000);
    expect(one.cache.warmUps[0]).toMatchObject({ state: 'finished', loaded: 248, failed: 2 });
    expect(rig.callsByKey.get(KEYS[3]!)).toBe(3);
  });

  it('gives up where the source fails all the time, and goes on from there when it is asked', async () => {
    rig.fails = () => true;
    const one = start({ keys: () => keysUpTo(700), retries: 0, perSecond: 1_000 });
    await rig.clock.advance(60_000);
    expect(finished(one)).toMatchObject({ outcome: 'stopped', loaded: 0 });
    expect(rig.calls.length).toBe(5 * 100);
    rig.fails = () => false;
    const last = await drained(rig, one.cache.warm());
    expect(last).toMatchObject({ state: 'finished' });
    expect(rig.warmKeys).toHaveLength(700);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('no database'))],
    ['gives no list', () => 17 as never],
    ['gives what is no key', () => ['']],
  ])('ends where what gives the keys %s, and brings nothing down', async (_, keys) => {
    const one = start({ keys });
    await rig.clock.advance(60_000);
    expect(finished(one)).toMatchObject({ outcome: 'stopped', reason: expect.any(String) });
    expect(one.cache.warmUps[0]).toMatchObject({ state: 'stopped' });
  });

  it('stops at once at shutdown, also where a load and the keys hang', async () => {
    rig.sourceMs = () => 1e9;
    const one = start();
    await rig.clock.advance(5_000);
    expect(rig.calls).toHaveLength(4);
    await one.close();
    const two = start({ keys: () => ({ [Symbol.asyncIterator]: () => HANGING }) });
    await rig.clock.advance(5_000);
    await two.close();
    expect(rig.calls).toHaveLength(4);
  });

  it('makes keys warm that were used a moment ago, also for a process that has just started', async () => {
    const one = rig.start([{ recent: 50 }]);
    const used = KEYS.slice(0, 30);
    for (const key of used) await one.cache.namespace('products').set(key, 'set');
    await rig.clock.advance(120_000);
    for (const key of used) await one.cache.namespace('products').delete(key);
    rig.calls.length = 0;
    await one.close();
    const two = rig.start([{ recent: 50, restMs: 0 }]);
    await rig.clock.advance(10_000);
    expect(two.cache.warmUps[0]).toMatchObject({ state: 'finished', loaded: 30 });
    expect(loadedKeys().sort()).toEqual(used);
  });

  it('lets an application wait for it, for a while', async () => {
    const one = start();
    const [short, long] = [one.warmUps[0]!.whenWarm(100), one.warmUps[0]!.whenWarm(60_000)];
    await rig.clock.advance(100);
    expect(await short).toBe(false);
    await rig.clock.advance(20_000);
    expect(await long).toBe(true);
  });

  it.each([
    ['name', { name: 'a b' }],
    ['load', { load: 17 as never }],
    ['keys', { keys: undefined as never }],
    ['perSecond', { perSecond: 0 }],
    ['keyz', { keyz: 1 } as never],
  ])('is refused when %s cannot be used', (_, wrong) => {
    expect(() => start(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('is refused when there is one of its name, and asked for by a name that there is not', async () => {
    const one = start();
    const again = (): unknown =>
      one.cache.namespace('other').warmUp({ name: 'plan', keys: () => [], load: () => 1 });
    expect(again).toThrow(/already/);
    await expect(one.cache.warm('nothing').next()).rejects.toThrow(/There are plan/);
  });
});

describe('a progress', () => {
  const PROGRESS: WarmUpProgress = {
    plan: 'catalogue',
    namespace: 'products',
    state: 'running',
    cause: 'boot',
    total: 200,
    done: 50,
    loaded: 40,
    skipped: 9,
    failed: 1,
    startedAt: 1_000,
    endedAt: null,
  };

  it('is drawn as a bar, or counted where nobody knows how many there are', () => {
    const bar = `${'█'.repeat(8)}${'░'.repeat(22)}`;
    const counts = 'running, 40 loaded, 9 fresh, 1 failed, 2.5 s';
    expect(drawProgress(PROGRESS, 3_500)).toBe(`catalogue ${bar} 25 % ${counts}`);
    expect(drawProgress({ ...PROGRESS, total: null }, 3_500)).toBe(`catalogue 50 keys ${counts}`);
  });
});

const HANGING: AsyncIterator<string> = { next: () => new Promise(() => undefined) };

async function drained(
  rig: WarmRig,
  progress: AsyncGenerator<WarmUpProgress>,
): Promise<WarmUpProgress | undefined> {
  let last: WarmUpProgress | undefined;
  const ends: true[] = [];
  const all = (async () => {
    for await (const one of progress) last = one;
    ends.push(true);
  })();
  while (ends.length === 0) await rig.clock.advance(100);
  await all;
  return last;
}
