import { CacheRig, HeldLoader, turns, type CacheProcess } from '../../../test/support/cache-rig.js';
import { outcomeOf, withoutUnhandledRejections } from '../../../test/support/outcomes.js';
import type { CacheNamespace } from './cache-namespace.js';

const failing = (): Promise<never> => Promise.reject(new TypeError('x'));

describe('values past their time', () => {
  let rig: CacheRig;
  let one: CacheProcess;
  let cache: CacheNamespace;

  beforeEach(async () => {
    rig = new CacheRig();
    one = rig.start({ ttlMs: 100, maxStaleMs: 10_000, retryAfterMs: 500 });
    cache = one.cache;
    await cache.getOrSet('k', () => 'old');
  });
  afterEach(() => rig.close());

  const expire = (): Promise<void> => rig.clock.advance(100);

  it('are shown to the loader', async () => {
    await expire();
    const loader = jest.fn(
      ({ stale }: { stale: string | undefined }) => `${String(stale)} and new`,
    );
    expect(await cache.getOrSet('k', loader)).toBe('old and new');
  });

  it('stand in when the loader fails, until they are too old', async () => {
    await expire();
    expect(await cache.getOrSet('k', failing)).toBe('old');
    expect(one.events).toEqual([
      { type: 'cache.load-failed', keyspace: 'default', reason: 'TypeError' },
    ]);
    await rig.clock.advance(9_899);
    expect(await cache.getOrSet('k', failing)).toBe('old');
    expect(cache.stats).toMatchObject({ staleHits: 2, loadFailures: 2, misses: 1 });
    await rig.clock.advance(101);
    expect((await outcomeOf(cache.getOrSet('k', failing))).code).toBe('LOADER_FAILED');
  });

  it('stand in when the loader does not end', async () => {
    await expire();
    const slow = new HeldLoader<string>();
    const call = cache.getOrSet('k', slow.load, { hardTimeoutMs: 300 });
    await rig.clock.advance(300);
    expect(await call).toBe('old');
    expect(slow.signals[0]!.aborted).toBe(true);
  });

  it('do not stand in for a value that is a mistake', async () => {
    await expire();
    const call = cache.getOrSet('k', () => NaN as unknown);
    expect((await outcomeOf(call)).code).toBe('VALUE_UNSERIALIZABLE');
  });

  it('do not stand in for anything by default', async () => {
    const plain = rig.start().cache.namespace('plain', { ttlMs: 100 });
    await plain.getOrSet('k', () => 'old');
    await expire();
    expect((await outcomeOf(plain.getOrSet('k', failing))).code).toBe('LOADER_FAILED');
  });

  it('do not let a sick source be asked at each call', async () => {
    await expire();
    const loader = jest.fn(failing);
    await cache.getOrSet('k', loader);
    await rig.clock.advance(499);
    expect(await cache.getOrSet('k', loader)).toBe('old');
    expect(await cache.getOrSetMany(['k'], loader)).toEqual(new Map([['k', 'old']]));
    expect(loader).toHaveBeenCalledTimes(1);
    await rig.clock.advance(1);
    await cache.getOrSet('k', loader);
    expect(loader).toHaveBeenCalledTimes(2);
    expect(await cache.getOrSet('k', () => 'at once', { retryAfterMs: 0 })).toBe('at once');
    await expire();
    // A load that succeeded ends the rest.
    expect(await cache.getOrSet('k', () => 'healthy')).toBe('healthy');
  });

  it('are not rested on after a set', async () => {
    await expire();
    await cache.getOrSet('k', failing);
    await cache.set('k', 'set', { ttlMs: 10 });
    await rig.clock.advance(10);
    expect(await cache.getOrSet('k', () => 'new')).toBe('new');
  });

  it('count as misses for calls without a loader while Redis is there', async () => {
    await expire();
    expect(await cache.get('k')).toBeUndefined();
    expect(await cache.getEntry('k')).toBeUndefined();
    expect(await cache.getMany(['k'])).toEqual(new Map());
    expect(cache.stats).toMatchObject({ misses: 4, staleHits: 0 });
  });

  it('are answers while Redis is away', async () => {
    await expire();
    one.behind().goAway();
    expect(await cache.get('k')).toBe('old');
    expect(await cache.getEntry('k')).toEqual({ value: 'old', source: 'stale', ageMs: 100 });
    expect(await cache.getMany(['k'])).toEqual(new Map([['k', 'old']]));
    expect(cache.stats).toMatchObject({ staleHits: 3 });
    expect(await cache.getOrSet('k', failing)).toBe('old');
    expect(await cache.getOrSet('k', () => 'new', { retryAfterMs: 0 })).toBe('new');
  });

  describe('with a soft timeout', () => {
    const soft = { softTimeoutMs: 50 };

    it('are served when it is over, and the load goes on in the background', async () => {
      await expire();
      const slow = new HeldLoader<string>();
      const call = cache.getOrSet('k', slow.load, soft);
      await rig.clock.advance(49);
      let isAnswered = false;
      void call.then(() => (isAnswered = true));
      await turns();
      expect(isAnswered).toBe(false);
      await rig.clock.advance(1);
      expect(await call).toBe('old');
      slow.answer('new');
      await turns();
      expect(await cache.get('k')).toBe('new');
      expect(cache.stats).toMatchObject({ staleHits: 1, loads: 2 });
      expect(rig.clock.pending).toBe(0);
    });

    it('are not needed when the load is quicker', async () => {
      await expire();
      expect(await cache.getOrSet('k', () => 'new', soft)).toBe('new');
      expect(rig.clock.pending).toBe(0);
    });

    it('are served at once while a load takes longer already', async () => {
      await expire();
      const slow = new HeldLoader<string>();
      const first = cache.getOrSet('k', slow.load, soft);
      await rig.clock.advance(50);
      await first;
      const second = cache.getOrSet('k', slow.load, soft);
      await rig.clock.advance(0);
      expect(await second).toBe('old');
      expect(slow.calls).toBe(1);
      slow.answer('new');
    });

    it('are served at once with a soft timeout of nothing', async () => {
      await expire();
      const slow = new HeldLoader<string>();
      const call = cache.getOrSet('k', slow.load, { softTimeoutMs: 0 });
      await rig.clock.advance(0);
      expect(await call).toBe('old');
      slow.answer('new');
      await turns();
      expect(await cache.getOrSet('k', slow.load)).toBe('new');
    });

    it('a failure that comes later is reported, and disturbs nobody', async () => {
      await withoutUnhandledRejections(async () => {
        await expire();
        const slow = new HeldLoader<string>();
        const call = cache.getOrSet('k', slow.load, soft);
        await rig.clock.advance(50);
        expect(await call).toBe('old');
        slow.fail(new TypeError('x'));
        await turns();
        expect(one.events).toHaveLength(1);
        expect(await cache.getOrSet('k', slow.load)).toBe('old');
        expect(slow.calls).toBe(1);
      });
    });

    it('nobody who has nothing stale is hurried', async () => {
      const slow = new HeldLoader<string>();
      const call = cache.getOrSet('other', slow.load, soft);
      await rig.clock.advance(1_000);
      slow.answer('v');
      expect(await call).toBe('v');
    });

    it('are served while another process loads', async () => {
      await expire();
      await rig.start().behind().claim('k', {
        leaseMs: 60_000,
        seen: one.behind().stamp(),
        token: 'x',
      });
      const call = cache.getOrSet('k', () => 'new', soft);
      await rig.clock.advance(50);
      expect(await call).toBe('old');
    });
  });

  describe('are avoided by refreshing ahead', () => {
    const ahead = { refreshAhead: 0.8 };

    it('from the given share of their life on', async () => {
      const loader = jest.fn(() => 'new');
      await rig.clock.advance(79);
      expect(await cache.getOrSet('k', loader, ahead)).toBe('old');
      await turns();
      expect(loader).not.toHaveBeenCalled();
      await rig.clock.advance(1);
      expect(await cache.getOrSet('k', loader, ahead)).toBe('old');
      await turns();
      expect(await cache.getOrSet('k', loader, ahead)).toBe('new');
      expect(loader).toHaveBeenCalledTimes(1);
      expect(loader).toHaveBeenCalledWith(expect.objectContaining({ stale: 'old' }));
      expect(cache.stats).toMatchObject({ hits: 3, misses: 1, loads: 2 });
    });

    it('by the time at which they were made, however far ahead their stamp is', async () => {
      const stamp = { ...one.behind().stamp(), wallMs: rig.clock.wallTime() + 600_000 };
      jest.spyOn(one.behind(), 'stamp').mockReturnValueOnce(stamp);
      await cache.set('ahead', 'old', { ttlMs: 100 });
      await rig.clock.advance(80);
      const loader = jest.fn(() => 'new');
      expect(await cache.getOrSet('ahead', loader, ahead)).toBe('old');
      await turns();
      expect(loader).toHaveBeenCalledTimes(1);
    });

    it('once, and nobody waits for it', async () => {
      await rig.clock.advance(80);
      const slow = new HeldLoader<string>();
      for (let i = 0; i < 3; i++) {
        expect(await cache.getOrSet('k', slow.load, ahead)).toBe('old');
        await turns();
      }
      expect(slow.calls).toBe(1);
      slow.answer('new');
      await turns();
    });

    it('also by getOrSetMany: only what is due', async () => {
      await rig.clock.advance(50);
      await cache.set('later', 'fresh', { ttlMs: 100, ttlJitter: 0 });
      await rig.clock.advance(30);
      const loader = jest.fn((some: readonly string[]) => new Map(some.map((key) => [key, 'new'])));
      const ask = async (options: object): Promise<string[]> => [
        ...(await cache.getOrSetMany(['k', 'later'], loader, options)).values(),
      ];
      expect(await ask({})).toEqual(['old', 'fresh']);
      await turns();
      expect(loader).not.toHaveBeenCalled();
      expect(await ask(ahead)).toEqual(['old', 'fresh']);
      await turns();
      expect(await ask(ahead)).toEqual(['new', 'fresh']);
      await turns();
      expect(loader.mock.calls.map(([keys]) => keys)).toEqual([['k']]);
    });

    it('of several keys with one call of the loader, which nobody waits for', async () => {
      const keys = ['a', 'b', 'c'];
      await cache.setMany(
        keys.map((key) => [key, 'old'] as const),
        { ttlMs: 100, ttlJitter: 0 },
      );
      await rig.clock.advance(80);
      const loader = jest.fn((some: readonly string[]) => new Map(some.map((key) => [key, 'new'])));
      expect([...(await cache.getOrSetMany(keys, loader, ahead)).values()]).toEqual(
        keys.map(() => 'old'),
      );
      await turns();
      expect([...(await cache.getOrSetMany(keys, loader, ahead)).values()]).toEqual(
        keys.map(() => 'new'),
      );
      expect(loader).toHaveBeenCalledTimes(1);
    });

    it('by one process only', async () => {
      await rig.clock.advance(80);
      const two = rig.start();
      const [slow, idle] = [new HeldLoader<string>(), new HeldLoader<string>()];
      await cache.getOrSet('k', slow.load, ahead);
      await turns();
      expect(await two.cache.getOrSet('k', idle.load, ahead)).toBe('old');
      await rig.clock.advance(10);
      expect(idle.calls).toBe(0);
      expect(two.behind().calls.claim).toBe(1);
      slow.answer('new');
      await turns();
    });

    it('without asking at each hit whether another process still does it', async () => {
      const long = (process: CacheProcess): CacheNamespace =>
        process.cache.namespace('long', { ttlMs: 10_000, ttlJitter: 0 });
      const two = rig.start();
      await long(one).getOrSet('kept for long', () => 'old');
      await rig.clock.advance(8_000);
      const slow = new HeldLoader<string>();
      await long(one).getOrSet('kept for long', slow.load, ahead);
      for (let i = 0; i < 50; i++) {
        expect(await long(two).getOrSet('kept for long', () => 'other', ahead)).toBe('old');
        await rig.clock.advance(10);
      }
      expect(two.behind('long').calls.claim).toBe(2);
      slow.answer('new');
      await turns();
    });

    it('and joined by a call that comes after the value has expired', async () => {
      await rig.clock.advance(80);
      const slow = new HeldLoader<string>();
      await cache.getOrSet('k', slow.load, ahead);
      await turns();
      await rig.clock.advance(20);
      const call = cache.getOrSet('k', slow.load);
      await turns();
      slow.answer('new');
      expect(await call).toBe('new');
      expect(slow.calls).toBe(1);
    });

    it('and loaded by a later call when the refresh fails or another process loads', async () => {
      await rig.clock.advance(80);
      const slow = new HeldLoader<string>();
      await cache.getOrSet('k', slow.load, ahead);
      await turns();
      await rig.clock.advance(20);
      const call = cache.getOrSet('k', () => 'own', { retryAfterMs: 0 });
      await turns();
      slow.fail(new TypeError('x'));
      await rig.clock.advance(20);
      expect(await call).toBe('own');
    });

    it('not at once again after a failure', async () => {
      const long = one.cache.namespace('long', { ttlMs: 10_000, ttlJitter: 0, retryAfterMs: 500 });
      await long.getOrSet('k', () => 'old');
      await rig.clock.advance(8_000);
      const loader = jest.fn(failing);
      expect(await long.getOrSet('k', loader, ahead)).toBe('old');
      await turns();
      expect(await long.getOrSet('k', loader, ahead)).toBe('old');
      await turns();
      expect(loader).toHaveBeenCalledTimes(1);
      await rig.clock.advance(500);
      await long.getOrSet('k', loader, ahead);
      await turns();
      expect(loader).toHaveBeenCalledTimes(2);
    });

    it('not for what lives for ever', async () => {
      await cache.set('k', 'for ever', { ttlMs: null });
      await rig.clock.advance(1_000_000_000);
      const loader = jest.fn(() => 'new');
      expect(await cache.getOrSet('k', loader, ahead)).toBe('for ever');
      await turns();
      expect(loader).not.toHaveBeenCalled();
    });

    it('not while it is loaded anyway', async () => {
      const slow = new HeldLoader<string>();
      await expire();
      void cache.getOrSet('k', slow.load);
      await turns();
      // Another process has written it meanwhile, for so short a time that it is due at once.
      await rig.start().cache.set('k', 'short', { ttlMs: 100 });
      await rig.clock.advance(90);
      one.cache.delete('nothing').catch(() => undefined);
      await cache.getOrSet('other', () => 1);
      slow.answer('x');
      await rig.clock.advance(20);
      expect(slow.calls).toBe(1);
    });
  });
});
