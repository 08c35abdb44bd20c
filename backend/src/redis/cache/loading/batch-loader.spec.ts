import {
  CacheRig,
  HeldLoader,
  turns,
  type CacheProcess,
} from '../../../../test/support/cache-rig.js';
import { outcomeOf, withoutUnhandledRejections } from '../../../../test/support/outcomes.js';

const doubled = (keys: readonly string[]): Map<string, string> =>
  new Map(keys.map((key) => [key, key + key]));

describe('getOrSetMany', () => {
  let rig: CacheRig;
  let one: CacheProcess;

  beforeEach(() => {
    rig = new CacheRig();
    one = rig.start({ ttlMs: 100, maxStaleMs: 10_000 });
  });
  afterEach(() => rig.close());

  it('loads what is missing together, and keeps it', async () => {
    await one.cache.set('b', 'known');
    const loader = jest.fn(doubled);
    expect(await one.cache.getOrSetMany(['a', 'b', 'c', 'a'], loader)).toEqual(
      new Map([
        ['a', 'aa'],
        ['b', 'known'],
        ['c', 'cc'],
      ]),
    );
    expect(loader.mock.calls).toEqual([[['a', 'c'], { signal: expect.any(AbortSignal) }]]);
    expect(await one.cache.getMany(['a', 'c'])).toEqual(doubled(['a', 'c']));
    expect(one.cache.stats).toMatchObject({ hits: 3, misses: 2, loads: 1, joined: 0 });
  });

  it('does nothing for no keys', async () => {
    const loader = jest.fn(doubled);
    expect(await one.cache.getOrSetMany([], loader)).toEqual(new Map());
    expect(loader).not.toHaveBeenCalled();
  });

  it('treats keys that are not in the answer as keys without a value', async () => {
    const loader = jest.fn(() => new Map([['other', 1]]));
    expect(await one.cache.getOrSetMany(['a'], loader, { negativeTtlMs: 50 })).toEqual(new Map());
    expect(await one.cache.getOrSetMany(['a'], loader)).toEqual(new Map());
    expect(loader).toHaveBeenCalledTimes(1);
    expect(one.cache.stats).toMatchObject({ negativeHits: 1 });
  });

  it('writes with a stamp from before the load', async () => {
    const slow = new HeldLoader<Map<string, string>>();
    const call = one.cache.getOrSetMany(['a'], (_, context) => slow.load(context));
    await turns();
    await rig.start().cache.delete('a');
    slow.answer(doubled(['a']));
    await call;
    expect(await one.cache.get('a')).toBeUndefined();
  });

  it('joins loads that are under way, and can be joined', async () => {
    const [single, batch] = [new HeldLoader<string>(), new HeldLoader<Map<string, string>>()];
    const first = one.cache.getOrSet('a', single.load);
    await turns();
    const second = one.cache.getOrSetMany(['a', 'b'], (keys, context) => {
      expect(keys).toEqual(['b']);
      return batch.load(context);
    });
    await turns();
    const third = one.cache.getOrSet('b', single.load);
    await turns();
    single.answer('A');
    batch.answer(new Map([['b', 'B']]));
    expect(await Promise.all([first, third])).toEqual(['A', 'B']);
    expect(await second).toEqual(
      new Map([
        ['a', 'A'],
        ['b', 'B'],
      ]),
    );
    expect(single.calls).toBe(1);
    expect(one.cache.stats).toMatchObject({ loads: 2, joined: 2, misses: 4 });
  });

  it('forgets a value that is gone: it is not served when a later load fails', async () => {
    await one.cache.set('a', 'old');
    await rig.clock.advance(100);
    expect(await one.cache.getOrSetMany(['a', 'b'], () => new Map())).toEqual(new Map());
    expect(one.behind().drafts.map(({ key, draft }) => [key, draft.kind])).toEqual([
      ['a', 'value'],
      ['a', 'nothing'],
    ]);
  });

  it('serves what is stale when the loader fails', async () => {
    await one.cache.setMany([...doubled(['a', 'b'])]);
    await rig.clock.advance(100);
    const failing = (): Promise<never> => Promise.reject(new TypeError('x'));
    expect(await one.cache.getOrSetMany(['a', 'b'], failing)).toEqual(doubled(['a', 'b']));
    expect(one.cache.stats).toMatchObject({ staleHits: 2, loadFailures: 1 });
    expect(one.events).toHaveLength(1);
  });

  it('fails when the loader does and one of the keys has nothing stale', async () => {
    await withoutUnhandledRejections(async () => {
      await one.cache.set('a', 'aa');
      await rig.clock.advance(100);
      const failing = (): Promise<never> => Promise.reject(new TypeError('x'));
      expect((await outcomeOf(one.cache.getOrSetMany(['a', 'b', 'c'], failing))).code).toBe(
        'LOADER_FAILED',
      );
    });
  });

  it('ends with its time', async () => {
    const slow = new HeldLoader<Map<string, string>>();
    const call = outcomeOf(
      one.cache.getOrSetMany(['a'], (_, context) => slow.load(context), { hardTimeoutMs: 50 }),
    );
    await rig.clock.advance(50);
    expect((await call).code).toBe('LOADER_TIMEOUT');
    expect(slow.signals[0]!.aborted).toBe(true);
  });

  it('serves what is stale when its soft time is over', async () => {
    await one.cache.set('a', 'old');
    await rig.clock.advance(100);
    const slow = new HeldLoader<Map<string, string>>();
    const call = one.cache.getOrSetMany(['a'], (_, context) => slow.load(context), {
      softTimeoutMs: 10,
    });
    await rig.clock.advance(10);
    expect(await call).toEqual(new Map([['a', 'old']]));
    slow.answer(new Map([['a', 'new']]));
    await turns();
    expect(await one.cache.get('a')).toBe('new');
  });

  it.each([undefined, null, { a: 1 }, [['a', 1]]])('refuses %p as an answer', async (answer) => {
    const { code } = await outcomeOf(one.cache.getOrSetMany(['a'], () => answer as never));
    expect(code).toBe('INVALID_ARGUMENT');
  });

  it('leaves entries of newer versions alone', async () => {
    one.behind().spoil('a', { state: 'unreadable', fault: 'newer-format', stamp: null });
    expect(await one.cache.getOrSetMany(['a', 'b'], doubled)).toEqual(doubled(['a', 'b']));
    expect(one.behind().drafts.map(({ key }) => key)).toEqual(['b']);
  });

  it('loads what memory does not know while Redis is away, and what Redis refuses to read', async () => {
    one.behind().goAway();
    expect(await one.cache.getOrSetMany(['a'], doubled)).toEqual(doubled(['a']));
    one.behind().comeBack();
    one.behind().fail('read', new TypeError('x'));
    expect(await one.cache.getOrSetMany(['b'], doubled)).toEqual(doubled(['b']));
  });

  it('does not wait for Redis again where it did not answer', async () => {
    one.behind().goAway();
    const letGo = one.behind().hold('write');
    const call = one.cache.getOrSetMany(['a'], doubled);
    await rig.clock.advance(20);
    expect(await call).toEqual(doubled(['a']));
    letGo();
  });

  it('writes thousands without sending them all at once', async () => {
    const keys = Array.from({ length: 2_345 }, (_, i) => `k${String(i)}`);
    expect((await one.cache.getOrSetMany(keys, doubled)).size).toBe(2_345);
    expect((await one.cache.getMany(keys)).size).toBe(2_345);
  });

  it('asks about each key by itself where a replica must not be believed', async () => {
    const cache = one.cache.namespace('s', { policy: 'session' });
    const read = jest.spyOn(one.behind('s'), 'read');
    expect(await cache.getOrSetMany(['a', 'b'], doubled)).toEqual(doubled(['a', 'b']));
    expect(read.mock.calls).toEqual([
      ['a', { confirm: true }],
      ['b', { confirm: true }],
    ]);
  });

  // What may happen, and who loads then:
  //
  // - all keys are free: one round of claims, one call of the loader
  // - others load some: the loader is called for the rest at once, and those are waited for
  // - who loads a key dies, fails, or keeps nothing: it is loaded here, with what else became free at that moment
  // - the loader fails for its keys: they fail, their leases are given back, and what others load is not touched
  // - a lease is lost meanwhile: what was written since stays, and the caller has its own value
  describe('among several processes', () => {
    let two: CacheProcess;

    beforeEach(() => {
      two = rig.start({ ttlMs: 100 });
    });

    const heldElsewhere = (key: string, leaseMs: number): Promise<unknown> =>
      rig.start().behind().claim(key, { leaseMs, seen: null, token: 'dead' });

    it('asks for all rights in one round', async () => {
      const letGo = one.behind().hold('claim');
      const call = one.cache.getOrSetMany(['a', 'b', 'c'], doubled);
      await turns();
      expect(one.behind().calls.claim).toBe(3);
      letGo();
      expect(await call).toEqual(doubled(['a', 'b', 'c']));
      await turns();
      expect(rig.server.leases.size).toBe(0);
    });

    it('loads what nobody else loads, and waits for the rest', async () => {
      const slow = new HeldLoader<string>();
      const first = two.cache.getOrSet('b', slow.load);
      await turns();
      const loader = jest.fn(doubled);
      const second = one.cache.getOrSetMany(['a', 'b', 'c'], loader);
      await turns();
      expect(loader.mock.calls.map(([keys]) => keys)).toEqual([['a', 'c']]);
      expect(await one.cache.get('a')).toBe('aa');
      slow.answer('B');
      expect(await first).toBe('B');
      expect(await second).toEqual(
        new Map([
          ['a', 'aa'],
          ['b', 'B'],
          ['c', 'cc'],
        ]),
      );
      expect(one.cache.stats).toMatchObject({ loads: 1, joined: 1 });
    });

    it('loads nothing when others load everything', async () => {
      const slow = new HeldLoader<Map<string, string>>();
      const loader = jest.fn(doubled);
      const first = two.cache.getOrSetMany(['a', 'b'], (_, context) => slow.load(context));
      await turns();
      const second = one.cache.getOrSetMany(['a', 'b'], loader);
      await turns();
      slow.answer(
        new Map([
          ['a', 'A'],
          ['b', 'B'],
        ]),
      );
      expect(await second).toEqual(await first);
      expect(loader).not.toHaveBeenCalled();
    });

    it('never waits in a circle with another that wants the same in another order', async () => {
      const loaders = [jest.fn(doubled), jest.fn(doubled)];
      const calls = [
        one.cache.getOrSetMany(['a', 'b', 'c'], loaders[0]!),
        two.cache.getOrSetMany(['c', 'b', 'a'], loaders[1]!),
      ];
      expect(await Promise.all(calls)).toEqual([
        doubled(['a', 'b', 'c']),
        doubled(['c', 'b', 'a']),
      ]);
      const loaded = loaders.flatMap(({ mock }) => mock.calls.flatMap(([keys]) => keys));
      expect(loaded.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['a', 'b', 'c']);
    });

    it('loads together what a process leaves that has died', async () => {
      await Promise.all([heldElsewhere('a', 300), heldElsewhere('b', 300)]);
      const loader = jest.fn(doubled);
      const call = one.cache.getOrSetMany(['a', 'b', 'c'], loader);
      await turns();
      await rig.clock.advance(1_000);
      expect(await call).toEqual(doubled(['a', 'b', 'c']));
      expect(loader.mock.calls.map(([keys]) => keys)).toEqual([['c'], ['a', 'b']]);
    });

    it('loads what another one could not load', async () => {
      const failing = two.cache.getOrSetMany(['a'], async () => {
        await rig.clock.sleep(30);
        throw new TypeError('x');
      });
      const failed = outcomeOf(failing);
      await turns();
      const call = one.cache.getOrSetMany(['a', 'b'], doubled);
      await rig.clock.advance(500);
      expect((await failed).code).toBe('LOADER_FAILED');
      expect(await call).toEqual(doubled(['a', 'b']));
    });

    it('fails with its loader, gives its rights back, and leaves alone what others load', async () => {
      const slow = new HeldLoader<string>();
      const other = two.cache.getOrSet('b', slow.load);
      await turns();
      const failing = (): Promise<never> => Promise.reject(new TypeError('x'));
      const { code } = await outcomeOf(one.cache.getOrSetMany(['a', 'b', 'c'], failing));
      expect(code).toBe('LOADER_FAILED');
      expect(one.cache.stats).toMatchObject({ loads: 1, loadFailures: 1 });
      await turns();
      expect([...rig.server.leases.keys()]).toEqual(['b']);
      slow.answer('B');
      expect(await other).toBe('B');
      await turns();
      expect(await one.cache.get('b')).toBe('B');
    });

    it('does not overwrite what was written since its lease was lost', async () => {
      const slow = new HeldLoader<Map<string, string>>();
      const call = one.cache.getOrSetMany(['a', 'b'], (_, context) => slow.load(context));
      await turns();
      rig.server.leases.delete('a');
      expect(await two.cache.getOrSet('a', () => 'later')).toBe('later');
      slow.answer(doubled(['a', 'b']));
      expect(await call).toEqual(doubled(['a', 'b']));
      expect(await two.cache.getMany(['a', 'b'])).toEqual(
        new Map([
          ['a', 'later'],
          ['b', 'bb'],
        ]),
      );
    });

    it('asks nobody when loads are not to be shared', async () => {
      await heldElsewhere('a', 60_000);
      const options = { shareLoads: false };
      expect(await one.cache.getOrSetMany(['a'], doubled, options)).toEqual(doubled(['a']));
      expect(one.behind().calls.claim).toBe(0);
    });

    it('ends with its time while others load, and with what is stale', async () => {
      await heldElsewhere('a', 60_000);
      const call = outcomeOf(one.cache.getOrSetMany(['a', 'b'], doubled, { hardTimeoutMs: 50 }));
      await turns();
      await rig.clock.advance(50);
      expect((await call).code).toBe('LOADER_TIMEOUT');
      expect(await one.cache.get('b')).toBe('bb');
    });
  });

  it('is refused keys that cannot be used, and after closing', async () => {
    for (const keys of ['ab', [''], [5]]) {
      expect((await outcomeOf(one.cache.getOrSetMany(keys as never, doubled))).code).toBe(
        'INVALID_ARGUMENT',
      );
    }
    await one.cache.set('a', 'known');
    await one.cache.close();
    for (const keys of [['a'], ['b'], []]) {
      expect((await outcomeOf(one.cache.getOrSetMany(keys, doubled))).code).toBe('CLOSED');
    }
  });
});
