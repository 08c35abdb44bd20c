import { AsyncResource } from 'node:async_hooks';
import { CacheRig, HeldLoader, turns, type CacheProcess } from '../../../test/support/cache-rig.js';
import { outcomeOf, withoutUnhandledRejections } from '../../../test/support/outcomes.js';
import {
  ClosedError,
  CommandRejectedError,
  InvalidArgumentError,
  QueueFullError,
} from '../base/errors/index.js';
import type { EntryDraft } from '../keyspace/index.js';
import { jsonSerializer } from './values/serializers.js';

/** The codes of an error and of what caused it. */
function chainOf(error: unknown): unknown[] {
  const codes: unknown[] = [];
  for (let one = error; one instanceof Error; one = one.cause) {
    codes.push((one as { readonly code?: unknown }).code);
  }
  return codes;
}

describe('getOrSet', () => {
  let rig: CacheRig;
  let one: CacheProcess;

  beforeEach(() => {
    rig = new CacheRig();
    one = rig.start();
  });
  afterEach(() => rig.close());

  const stats = (): unknown => one.cache.stats;
  const load = <T>(value: T): jest.Mock<T, []> => jest.fn(() => value);

  describe('finds or loads', () => {
    it('loads what is missing, keeps it, and does not load it again while it is fresh', async () => {
      const loader = load({ id: 1 });
      expect(await one.cache.getOrSet('k', loader, { ttlMs: 1000 })).toEqual({ id: 1 });
      await rig.clock.advance(999);
      expect(await one.cache.getOrSet('k', loader)).toEqual({ id: 1 });
      expect(loader).toHaveBeenCalledTimes(1);
      await rig.clock.advance(1);
      await one.cache.getOrSet('k', loader);
      expect(loader).toHaveBeenCalledTimes(2);
      expect(stats()).toMatchObject({ hits: 1, misses: 2, loads: 2, joined: 0, hitRate: 1 / 3 });
    });

    it.each([null, 0, '', false, [], {}])('takes %p for a value', async (value) => {
      const loader = load(value);
      await one.cache.getOrSet('k', loader);
      expect(await one.cache.getOrSet('k', loader)).toEqual(value);
      expect(loader).toHaveBeenCalledTimes(1);
    });

    it('gives the loader the key, and no stale value when there is none', async () => {
      const loader = jest.fn((_: unknown) => 1);
      await one.cache.getOrSet('k', loader);
      expect(loader).toHaveBeenCalledWith({
        key: 'k',
        signal: expect.any(AbortSignal),
        stale: undefined,
      });
      expect((loader.mock.calls[0]![0] as { signal: AbortSignal }).signal.aborted).toBe(false);
    });

    it('keeps a value for ever when ttlMs is null', async () => {
      const loader = load(1);
      await one.cache.getOrSet('k', loader, { ttlMs: null });
      await rig.clock.advance(10 * 365 * 86_400_000);
      await one.cache.getOrSet('k', loader);
      expect(loader).toHaveBeenCalledTimes(1);
    });

    it('shortens lives by chance, never below a millisecond', async () => {
      const livesAt = async (
        chance: number,
        ttlMs: number,
        ttlJitter: number,
      ): Promise<unknown> => {
        rig.chance = chance;
        await one.cache.getOrSet(`k${String(chance + ttlJitter)}`, () => 1, { ttlMs, ttlJitter });
        return one.behind().drafts.at(-1)?.draft.freshMs;
      };
      expect(await livesAt(0, 1000, 0.1)).toBe(1000);
      expect(await livesAt(0.5, 1000, 0.1)).toBe(950);
      expect(await livesAt(0.999, 1000, 0.1)).toBe(900);
      expect(await livesAt(0.9, 1000, 0)).toBe(1000);
      expect(await livesAt(0.9999, 5, 1)).toBe(1);
    });

    it('writes with a stamp from before the load, so that a delete meanwhile wins', async () => {
      const slow = new HeldLoader<string>();
      const call = one.cache.getOrSet('k', slow.load);
      await turns();
      const two = rig.start();
      await two.cache.delete('k');
      slow.answer('from before the delete');
      expect(await call).toBe('from before the delete');
      expect(await one.cache.get('k')).toBeUndefined();
      expect(await two.cache.getOrSet('k', () => 'after')).toBe('after');
    });

    it('writes with the stamp of the right to load, which later writes know of', async () => {
      const claim = jest.spyOn(one.behind(), 'claim');
      await one.cache.getOrSet('k', () => 1);
      const granted = (await claim.mock.results[0]?.value) as { stamp: unknown };
      expect(one.behind().drafts[0]?.stamp).toEqual(granted.stamp);
      expect(granted.stamp).toBeDefined();
    });

    it('gives tags to the entry, also such as are made from the value', async () => {
      await one.cache.getOrSet('a', () => ({ owner: 5 }), {
        tags: ({ owner }) => [`u${owner}`, 'all', 'all'],
      });
      await one.cache.getOrSet('b', () => 1, { tags: ['all'] });
      expect(one.behind().drafts.map(({ draft }) => draft.groups)).toEqual([
        ['u5', 'all'],
        ['all'],
      ]);
    });

    it('refuses tags that the value does not allow, and keeps nothing', async () => {
      const call = one.cache.getOrSet('a', () => 1, { tags: () => [''] });
      expect((await outcomeOf(call)).code).toBe('INVALID_ARGUMENT');
      expect(one.behind().drafts).toEqual([]);
    });

    it.each([
      ['', {}],
      ['k', { ttlMs: 0 }],
      ['k', { ttl: 5 }],
    ])('refuses the key %p with the options %p before it does anything', async (key, options) => {
      const loader = load(1);
      const { code } = await outcomeOf(one.cache.getOrSet(key, loader, options as never));
      expect(code).toBe('INVALID_ARGUMENT');
      expect(loader).not.toHaveBeenCalled();
      expect(one.behind().calls.read).toBe(0);
    });
  });

  describe('remembers that there is nothing', () => {
    it('only when it is told to', async () => {
      const loader = load(undefined);
      expect(await one.cache.getOrSet('k', loader)).toBeUndefined();
      expect(one.behind().drafts).toEqual([]);
      await one.cache.getOrSet('k', loader, { negativeTtlMs: 100 });
      expect(await one.cache.getOrSet('k', loader)).toBeUndefined();
      expect(await one.cache.get('k')).toBeUndefined();
      expect(loader).toHaveBeenCalledTimes(2);
      expect(stats()).toMatchObject({ hits: 2, negativeHits: 2, misses: 2 });
      await rig.clock.advance(100);
      await one.cache.getOrSet('k', loader);
      expect(loader).toHaveBeenCalledTimes(3);
    });

    it('instead of a value that is gone: it is not served when a later load fails', async () => {
      const cache = one.cache.namespace('n', { ttlMs: 100, maxStaleMs: 10_000, retryAfterMs: 0 });
      await cache.getOrSet('k', () => 'old');
      await rig.clock.advance(100);
      expect(await cache.getOrSet('k', () => undefined as unknown)).toBeUndefined();
      await rig.clock.advance(2);
      const { code } = await outcomeOf(
        cache.getOrSet('k', () => Promise.reject(new TypeError('x'))),
      );
      expect(code).toBe('LOADER_FAILED');
    });
  });

  describe('loads once', () => {
    it('for a thousand calls at the same time, and asks once', async () => {
      const slow = new HeldLoader<number>();
      const calls = Array.from({ length: 1000 }, () => one.cache.getOrSet('k', slow.load));
      await turns();
      slow.answer(7);
      expect(new Set(await Promise.all(calls))).toEqual(new Set([7]));
      expect(slow.calls).toBe(1);
      expect(one.behind().calls).toMatchObject({ read: 1, claim: 1, write: 1 });
      expect(stats()).toMatchObject({ misses: 1000, joined: 999, loads: 1 });
    });

    it('and hands the same object to all who wait', async () => {
      const slow = new HeldLoader<object>();
      const calls = [1, 2].map(() => one.cache.getOrSet('k', slow.load));
      await turns();
      slow.answer({});
      const [first, second] = await Promise.all(calls);
      expect(second).toBe(first);
    });

    it('with the options of the first call, its time included', async () => {
      const slow = new HeldLoader<string>();
      const call = (hardTimeoutMs: number): Promise<{ readonly code?: unknown }> =>
        outcomeOf(one.cache.getOrSet('k', slow.load, { hardTimeoutMs }));
      const calls = [call(500), call(5_000)];
      await rig.clock.advance(500);
      for (const { code } of await Promise.all(calls)) expect(code).toBe('LOADER_TIMEOUT');
      expect(slow.calls).toBe(1);
    });

    it('and counts calls that only shared the question as hits', async () => {
      await one.cache.set('k', 1);
      await Promise.all([1, 2, 3].map(() => one.cache.getOrSet('k', () => 2)));
      expect(one.behind().calls.read).toBe(1);
      expect(stats()).toMatchObject({ hits: 3, joined: 0 });
    });

    it('among several processes, and the others have the value when it is written', async () => {
      const two = rig.start();
      const [slow, idle] = [new HeldLoader<string>(), new HeldLoader<string>()];
      const first = one.cache.getOrSet('k', slow.load);
      await turns();
      const second = two.cache.getOrSet('k', idle.load);
      await rig.clock.advance(200);
      slow.answer('v');
      expect(await Promise.all([first, second])).toEqual(['v', 'v']);
      expect(idle.calls).toBe(0);
      expect(two.cache.stats).toMatchObject({ misses: 1, joined: 1, loads: 0 });
      expect(rig.server.leases.size).toBe(0);
    });

    it('and gives its right back with the value, or by itself where Redis does not take that', async () => {
      expect(await one.cache.getOrSet('k', load(1))).toBe(1);
      await turns();
      expect(one.behind().calls).toMatchObject({ claim: 1, write: 1, release: 0 });
      const slow = new HeldLoader<number>();
      const call = one.cache.getOrSet('other', slow.load);
      await turns();
      await rig.start().cache.delete('other');
      slow.answer(1);
      await call;
      await turns();
      expect(one.behind().calls).toMatchObject({ claim: 2, write: 2, release: 1 });
      expect(rig.server.leases.size).toBe(0);
    });

    it('looks by itself where no notice comes, soon at first and then less often', async () => {
      const two = rig.start();
      two.behind().isDeaf = true;
      const slow = new HeldLoader<string>();
      const first = one.cache.getOrSet('k', slow.load);
      await turns();
      const second = two.cache.getOrSet('k', () => 'from the second');
      for (const [ms, claims] of [
        [0, 1],
        [20, 2],
        [40, 3],
        [80, 4],
        [160, 5],
        [200, 6],
        [2_000, 16],
      ]) {
        await rig.clock.advance(ms!);
        expect(two.behind().calls.claim).toBe(claims);
      }
      slow.answer('v');
      expect(await first).toBe('v');
      await rig.clock.advance(200);
      expect(await second).toBe('v');
    });

    it('holds on to the right while it loads, however long', async () => {
      const two = rig.start();
      const [slow, idle] = [new HeldLoader<string>(), new HeldLoader<string>()];
      const first = one.cache.getOrSet('k', slow.load);
      await turns();
      const second = two.cache.getOrSet('k', idle.load);
      await rig.clock.advance(9_000);
      expect(idle.calls).toBe(0);
      expect(one.behind().calls.renew).toBe(27);
      slow.answer('v');
      await rig.clock.advance(20);
      expect(await Promise.all([first, second])).toEqual(['v', 'v']);
      await rig.clock.advance(5_000);
      expect(one.behind().calls.renew).toBe(27);
    });

    it('waits for a process that died no longer than its lease, and until the next look', async () => {
      await one.behind().claim('k', { leaseMs: 1000, seen: null, token: 'of a process that died' });
      const loader = load(1);
      const call = one.cache.getOrSet('k', loader);
      await rig.clock.advance(999);
      expect(loader).not.toHaveBeenCalled();
      await rig.clock.advance(201);
      expect(await call).toBe(1);
    });

    it('goes on when its right was lost, and does not try to hold on to it any more', async () => {
      const slow = new HeldLoader<number>();
      const call = one.cache.getOrSet('k', slow.load);
      await turns();
      rig.server.leases.clear();
      await rig.clock.advance(5_000);
      expect(one.behind().calls.renew).toBe(1);
      slow.answer(1);
      expect(await call).toBe(1);
    });

    it('lets the next process load when the first failed', async () => {
      const two = rig.start();
      const slow = new HeldLoader<string>();
      const first = outcomeOf(one.cache.getOrSet('k', slow.load));
      await turns();
      const second = two.cache.getOrSet('k', () => 'from the second');
      await turns();
      slow.fail(new TypeError('x'));
      await rig.clock.advance(20);
      expect((await first).code).toBe('LOADER_FAILED');
      expect(await second).toBe('from the second');
    });

    it('takes what another process wrote between reading and claiming', async () => {
      const letGo = one.behind().hold('claim');
      const loader = load('loaded');
      const call = one.cache.getOrSet('k', loader);
      await turns();
      await rig.start().cache.set('k', 'written meanwhile');
      letGo();
      expect(await call).toBe('written meanwhile');
      expect(loader).not.toHaveBeenCalled();
    });

    it('loads what another process deleted between reading and claiming', async () => {
      await one.cache.set('k', 'old', { ttlMs: 10 });
      await rig.clock.advance(10);
      const letGo = one.behind().hold('claim');
      const call = one.cache.getOrSet('k', () => 'loaded');
      await turns();
      await rig.start().cache.delete('k');
      letGo();
      expect(await call).toBe('loaded');
      expect(one.behind().calls.claim).toBe(2);
      expect(await one.cache.get('k')).toBe('loaded');
    });

    it('is not kept from loading by an entry that has just expired', async () => {
      const cache = one.cache.namespace('n', { ttlMs: 100, policy: 'session' });
      await cache.set('k', 'old');
      // The clock of this process is ahead: what it takes for expired is still there.
      const stored = rig.server.entries.get('k')!;
      rig.server.entries.set('k', { ...stored, expiresAt: Infinity });
      await rig.clock.advance(100);
      expect(await cache.getOrSet('k', () => 'new')).toBe('new');
      expect(one.behind('n').calls.claim).toBe(1);
    });

    it('asks nobody when loads are not to be shared', async () => {
      await rig.start().behind().claim('k', { leaseMs: 60_000, seen: null, token: 'x' });
      expect(await one.cache.getOrSet('k', () => 1, { shareLoads: false })).toBe(1);
      expect(one.behind().calls.claim).toBe(0);
      expect(await one.cache.get('k')).toBe(1);
    });

    it('loads alone when the right cannot be asked for', async () => {
      one.behind().fail('claim', new CommandRejectedError('OOM'));
      expect(await one.cache.getOrSet('k', () => 1)).toBe(1);
      expect(stats()).toMatchObject({ errors: 1, loads: 1 });
    });
  });

  describe('finds out at once that a loader waits for itself', () => {
    const itself = {
      code: 'LOADER_FAILED',
      error: { cause: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('itself') } },
    };
    const one1 = (): number => 1;

    it('because it asks for its own key', async () => {
      const call = one.cache.getOrSet('k', () => one.cache.getOrSet('k', one1));
      expect(await outcomeOf(call)).toMatchObject(itself);
      expect(await one.cache.getOrSet('k', one1)).toBe(1);
    });

    it('because it asks for a key whose loader asks for its own', async () => {
      const load = jest.fn((): Promise<number> => one.cache.getOrSet('b', back));
      const back = async (): Promise<number> => {
        await turns();
        return one.cache.getOrSet('a', load);
      };
      const call = one.cache.getOrSet('a', load);
      expect((await outcomeOf(call)).error).toMatchObject({
        code: 'LOADER_FAILED',
        cause: itself.error,
      });
      expect(load).toHaveBeenCalledTimes(1);
    });

    it('because it loads several and asks for one of them, alone or among several', async () => {
      const alone = one.cache.getOrSetMany(['a', 'b'], async () => {
        return new Map([['a', await one.cache.getOrSet('b', one1)]]);
      });
      expect(await outcomeOf(alone)).toMatchObject(itself);
      const many = one.cache.getOrSetMany(['a', 'b'], () =>
        one.cache.getOrSetMany(['c', 'b'], () => new Map()),
      );
      expect(await outcomeOf(many)).toMatchObject(itself);
    });

    describe('through others that were called apart', () => {
      /** Loaders that ask for the key after their own, once all of them run. */
      const circle = (keys: readonly string[]): Promise<unknown>[] => {
        const ask = (i: number): Promise<unknown> =>
          one.cache.getOrSet(keys[i % keys.length]!, async () => {
            await turns();
            return ask(i + 1);
          });
        return keys.map((_, i) => ask(i));
      };

      it.each([[['a', 'b']], [['a', 'b', 'c']], [['a', 'b', 'c', 'd', 'e']]])(
        'in the circle %p',
        async (keys) => {
          const outcomes = await Promise.all(circle(keys).map((call) => outcomeOf(call)));
          expect(outcomes.map(({ code }) => code)).toEqual(keys.map(() => 'LOADER_FAILED'));
          const causes = outcomes.map(({ error }) => JSON.stringify(chainOf(error)));
          expect(causes.every((chain) => chain.includes('INVALID_ARGUMENT'))).toBe(true);
          expect(rig.clock.pending).toBe(0);
        },
      );

      it('of two namespaces, one of them asked for several', async () => {
        const other = one.cache.namespace('other');
        const first = one.cache.getOrSet('a', async () => {
          await turns();
          return other.getOrSetMany(['b', 'c'], () => new Map());
        });
        const second = other.getOrSetMany(['b', 'd'], async () => {
          await turns();
          return new Map([['b', await one.cache.getOrSet('a', one1)]]);
        });
        const outcomes = await Promise.all([first, second].map((call) => outcomeOf(call)));
        expect(outcomes.map(({ code }) => code)).toEqual(['LOADER_FAILED', 'LOADER_FAILED']);
        expect(rig.clock.pending).toBe(0);
      });

      it('and not because several wait for the same', async () => {
        const slow = new HeldLoader<number>();
        const ask = (): Promise<number> => one.cache.getOrSet('c', slow.load);
        const both = [one.cache.getOrSet('a', ask), one.cache.getOrSet('b', ask), ask()];
        await turns();
        slow.answer(1);
        expect(await Promise.all(both)).toEqual([1, 1, 1]);
        expect(slow.calls).toBe(1);
      });

      it('and not for one whose time is over, whatever it still waits for', async () => {
        const [inner, outer] = [new HeldLoader<number>(), new HeldLoader<number>()];
        const b = one.cache.getOrSet('b', inner.load);
        await turns();
        const a = outcomeOf(
          one.cache.getOrSet('a', () => one.cache.getOrSet('b', outer.load), {
            hardTimeoutMs: 50,
          }),
        );
        await turns();
        await rig.clock.advance(50);
        expect((await a).code).toBe('LOADER_TIMEOUT');
        // The loader of `a` waits for `b` still, and nobody for it.
        expect(await one.cache.getOrSet('a', one1)).toBe(1);
        inner.answer(2);
        expect(await b).toBe(2);
      });
    });

    it('also when it has deleted the key before', async () => {
      const call = one.cache.getOrSet('k', async () => {
        await one.cache.delete('k');
        return one.cache.getOrSet('k', one1);
      });
      expect(await outcomeOf(call)).toMatchObject(itself);
    });

    it('and only then', async () => {
      const late: (() => Promise<unknown>)[] = [];
      const other = one.cache.namespace('other');
      const loader = jest.fn(async () => {
        late.push(AsyncResource.bind(() => one.cache.getOrSet('k', one1)));
        const values = [
          one.cache.getOrSet('l', one1),
          other.getOrSet('k', one1, { shareLoads: false }),
          one.cache.get('k'),
        ];
        await Promise.all(values);
        await one.cache.set('m', 1);
        return one.cache.getOrSet('m', one1);
      });
      expect(await one.cache.getOrSet('k', loader)).toBe(1);
      await one.cache.delete('k');
      expect(await late[0]!()).toBe(1);
    });

    it('unless there is an old value that it does not wait for long', async () => {
      const patient = rig.start({ maxStaleMs: 1_000, ttlMs: 10, softTimeoutMs: 5 }).cache;
      await patient.set('k', 'old');
      await rig.clock.advance(20);
      const call = patient.getOrSet('k', () => patient.getOrSet('k', () => 'never'));
      await rig.clock.advance(5);
      expect(await call).toBe('old');
    });
  });

  describe('does not give what was before a change', () => {
    it('to calls that come after a set, while a load is under way', async () => {
      const slow = new HeldLoader<string>();
      const before = one.cache.getOrSet('k', slow.load);
      await turns();
      await one.cache.set('k', 'set');
      expect(await one.cache.getOrSet('k', slow.load)).toBe('set');
      slow.answer('loaded before');
      expect(await before).toBe('loaded before');
      expect(await one.cache.get('k')).toBe('set');
    });

    it.each<[string, () => Promise<unknown>]>([
      ['a delete', () => one.cache.delete('k')],
      ['a delete of several keys', () => one.cache.delete(['other', 'k'])],
      ['a delete by tag', () => one.cache.deleteByTag('t')],
    ])('to calls that come after %s, while a load is under way', async (_, change) => {
      const slow = new HeldLoader<string>();
      const before = one.cache.getOrSet('k', slow.load, { tags: ['t'] });
      await turns();
      await change();
      const after = one.cache.getOrSet('k', () => 'after', { tags: ['t'] });
      await turns();
      slow.answer('before');
      await rig.clock.advance(20);
      expect(await before).toBe('before');
      expect(await after).toBe('after');
      expect(await one.cache.get('k')).toBe('after');
    });

    it('but to a call of another process that joins a load there; that is not kept', async () => {
      const two = rig.start();
      const slow = new HeldLoader<string>();
      const first = one.cache.getOrSet('k', slow.load);
      await turns();
      await two.cache.delete('k');
      const joined = one.cache.getOrSet('k', slow.load);
      await turns();
      slow.answer('before');
      expect(await Promise.all([first, joined])).toEqual(['before', 'before']);
      expect(slow.calls).toBe(1);
      expect(await one.cache.get('k')).toBeUndefined();
    });

    it('to calls that come after a set, while the question is under way', async () => {
      await one.cache.set('k', 'old');
      const letGo = one.behind().hold('read');
      const before = one.cache.getOrSet('k', () => 'x');
      await turns();
      await one.cache.set('k', 'new');
      const after = one.cache.getOrSet('k', () => 'x');
      await turns();
      expect(one.behind().calls.read).toBe(2);
      letGo();
      await before;
      expect(await after).toBe('new');
    });
  });

  describe('fails', () => {
    it('with the cause, for all who wait, and keeps nothing', async () => {
      await withoutUnhandledRejections(async () => {
        const cause = new TypeError('the database says: password is wrong');
        const slow = new HeldLoader<number>();
        const calls = [1, 2, 3].map(() => outcomeOf(one.cache.getOrSet('k', slow.load)));
        await turns();
        slow.fail(cause);
        for (const { code, error } of await Promise.all(calls)) {
          expect(code).toBe('LOADER_FAILED');
          expect(error).toMatchObject({ cause, details: { namespace: 'default' } });
          expect((error as Error).message).not.toContain('password');
        }
        expect(one.events).toEqual([
          { type: 'cache.load-failed', keyspace: 'default', reason: 'TypeError' },
        ]);
        expect(one.behind().drafts).toEqual([]);
        expect(rig.server.leases.size).toBe(0);
        expect(stats()).toMatchObject({ misses: 3, loads: 1, loadFailures: 1 });
        expect(await one.cache.getOrSet('k', () => 'at once')).toBe('at once');
      });
    });

    it('when the loader throws before it has made a promise', async () => {
      const call = one.cache.getOrSet('k', () => {
        throw new RangeError('x');
      });
      expect(await outcomeOf(call)).toMatchObject({ code: 'LOADER_FAILED' });
    });

    it('when the loader does not end: its signal fires, and others may load at once', async () => {
      await withoutUnhandledRejections(async () => {
        const slow = new HeldLoader<number>();
        const call = outcomeOf(one.cache.getOrSet('k', slow.load, { hardTimeoutMs: 500 }));
        await rig.clock.advance(499);
        expect(slow.signals[0]!.aborted).toBe(false);
        await rig.clock.advance(1);
        const { code, error } = await call;
        expect(code).toBe('LOADER_TIMEOUT');
        expect(error).toMatchObject({ details: { namespace: 'default', hardTimeoutMs: 500 } });
        expect(slow.signals[0]!.aborted).toBe(true);
        expect(slow.signals[0]!.reason).toBe(error);
        expect(rig.server.leases.size).toBe(0);
        expect(await one.cache.getOrSet('k', () => 'again')).toBe('again');
        slow.fail(new TypeError('long after'));
        await turns();
        expect(await one.cache.get('k')).toBe('again');
      });
    });

    it('when the loader does not end, and throws away what it returns after that', async () => {
      const slow = new HeldLoader<string>();
      const call = outcomeOf(one.cache.getOrSet('k', slow.load, { hardTimeoutMs: 500 }));
      await rig.clock.advance(500);
      expect((await call).code).toBe('LOADER_TIMEOUT');
      slow.answer('too late');
      await turns();
      expect(one.behind().drafts).toEqual([]);
      expect(await one.cache.get('k')).toBeUndefined();
    });

    it('when another process does not end, after the same time', async () => {
      const other = rig.start();
      await other.behind().claim('k', { leaseMs: 60_000, seen: null, token: 'x' });
      const loader = load(1);
      const call = outcomeOf(one.cache.getOrSet('k', loader, { hardTimeoutMs: 500 }));
      await rig.clock.advance(500);
      expect((await call).code).toBe('LOADER_TIMEOUT');
      expect(loader).not.toHaveBeenCalled();
      expect(rig.clock.pending).toBe(0);
    });

    it('when nobody answers whether it may load; a right that is granted too late is given back', async () => {
      const letGo = one.behind().hold('claim');
      const call = outcomeOf(one.cache.getOrSet('k', () => 1, { hardTimeoutMs: 500 }));
      await rig.clock.advance(500);
      expect((await call).code).toBe('LOADER_TIMEOUT');
      letGo();
      await turns();
      expect(one.behind().calls.release).toBe(1);
      expect(rig.server.leases.size).toBe(0);
    });

    it('for a value that cannot be kept unchanged, so that the mistake is found', async () => {
      const call = outcomeOf(one.cache.getOrSet('k', () => ({ at: new Date() })));
      expect((await call).code).toBe('VALUE_UNSERIALIZABLE');
      expect(one.events).toEqual([]);
      expect(rig.server.leases.size).toBe(0);
    });
  });

  describe('gives the value although it cannot be kept', () => {
    it('because it is too large', async () => {
      const cache = one.cache.namespace('small', { maxValueBytes: 10 });
      expect(await cache.getOrSet('k', () => 'x'.repeat(20))).toHaveLength(20);
      expect(one.events).toEqual([
        { type: 'value.write-failed', keyspace: 'small', reason: 'VALUE_TOO_LARGE' },
      ]);
      expect(cache.stats).toMatchObject({ errors: 1, loadFailures: 0 });
    });

    it.each([
      [new QueueFullError('full'), 'QUEUE_FULL'],
      [new CommandRejectedError('OOM command not allowed'), 'COMMAND_REJECTED'],
      [new TypeError('key k'), 'TypeError'],
    ])('because the write fails with %p', async (error, reason) => {
      one.behind().fail('write', error);
      expect(await one.cache.getOrSet('k', () => 1)).toBe(1);
      expect(one.events).toEqual([{ type: 'value.write-failed', keyspace: 'default', reason }]);
      expect(rig.server.leases.size).toBe(0);
    });

    it('because the write does not end in time', async () => {
      const letGo = one.behind().hold('write');
      const call = one.cache.getOrSet('k', () => 1, { hardTimeoutMs: 500 });
      await rig.clock.advance(500);
      expect(await call).toBe(1);
      letGo();
    });
  });

  describe('meets entries that it cannot read', () => {
    const corrupt = { state: 'unreadable', fault: 'corrupt', stamp: null } as const;

    it('overwrites a corrupt one', async () => {
      one.behind().spoil('k', corrupt);
      expect(await one.cache.get('k')).toBeUndefined();
      expect(await one.cache.getOrSet('k', () => 'new')).toBe('new');
      expect(await one.cache.get('k')).toBe('new');
      expect(one.events).toEqual([
        { type: 'value.rejected', keyspace: 'default', fault: 'corrupt' },
        { type: 'value.rejected', keyspace: 'default', fault: 'corrupt' },
      ]);
      expect(stats()).toMatchObject({ errors: 2, misses: 2, hits: 1 });
    });

    it.each<[string, Partial<EntryDraft>]>([
      ['is no JSON', { codec: 1, body: Buffer.from('{') }],
      ['is said to be compressed and is not', { codec: 1, isCompressed: true }],
    ])('overwrites one whose body %s', async (_, change) => {
      await write(change);
      expect(await one.cache.getOrSet('k', () => 'new')).toBe('new');
      expect(await one.cache.get('k')).toBe('new');
      expect(one.events).toContainEqual({
        type: 'value.rejected',
        keyspace: 'default',
        fault: 'corrupt',
      });
    });

    it('leaves one of a newer format alone, and loads each time', async () => {
      const newer = { ...corrupt, fault: 'newer-format', stamp: one.behind().stamp() } as const;
      one.behind().spoil('k', newer);
      const loader = load('own');
      expect(await one.cache.getOrSet('k', loader)).toBe('own');
      expect(await one.cache.getOrSet('k', loader)).toBe('own');
      expect(loader).toHaveBeenCalledTimes(2);
      expect(one.behind().drafts).toEqual([]);
      expect(one.behind().calls.claim).toBe(0);
    });

    it('leaves one with the codec of another version of the application alone', async () => {
      await write({ codec: 77 });
      expect(await one.cache.getOrSet('k', () => 'own')).toBe('own');
      expect(one.behind().drafts).toHaveLength(1);
      expect(one.events).toContainEqual({
        type: 'value.rejected',
        keyspace: 'default',
        fault: 'unknown-codec',
      });
    });

    it('but a set or a delete of such a key counts', async () => {
      await write({ codec: 77 });
      await one.cache.set('k', 'set');
      expect(await one.cache.get('k')).toBe('set');
      await write({ codec: 77 });
      await one.cache.delete('k');
      expect(await one.cache.getOrSet('k', () => 'loaded')).toBe('loaded');
      expect(await one.cache.get('k')).toBe('loaded');
    });

    it('loads alone, and leaves alone, what turns out to be newer when it claims', async () => {
      const letGo = one.behind().hold('claim');
      const call = one.cache.getOrSet('k', () => 'own');
      await turns();
      await write({ codec: 77 });
      letGo();
      expect(await call).toBe('own');
      expect(one.behind().drafts).toHaveLength(1);
    });

    it('loads alone when another process has written something that cannot be read', async () => {
      await write({});
      one.behind().spoil('k', corrupt);
      const call = one.cache.getOrSet('k', () => 'own');
      expect(await call).toBe('own');
      expect(one.behind().calls.claim).toBe(1);
    });

    async function write(change: Partial<EntryDraft>): Promise<void> {
      await one.behind().write('k', {
        kind: 'value',
        codec: 1,
        isCompressed: false,
        body: Buffer.from('"x"'),
        freshMs: 60_000,
        staleMs: 0,
        groups: [],
        ...change,
      });
    }
  });

  describe('works with large values', () => {
    it('which are compressed on their way', async () => {
      const value = { text: 'x'.repeat(50_000) };
      expect(await one.cache.getOrSet('k', () => value)).toBe(value);
      expect(one.behind().drafts[0]!.draft).toMatchObject({ isCompressed: true });
      expect(one.behind().drafts[0]!.draft.body.length).toBeLessThan(1_000);
      expect(await one.cache.get('k')).toEqual(value);
      expect((await one.cache.getMany(['k'])).get('k')).toEqual(value);
    });
  });

  describe('while Redis is away', () => {
    it('loads what memory does not know, and keeps it there', async () => {
      one.behind().goAway();
      const loader = load('v');
      expect(await one.cache.getOrSet('k', loader)).toBe('v');
      expect(await one.cache.getOrSet('k', loader)).toBe('v');
      expect(loader).toHaveBeenCalledTimes(1);
      expect(await one.cache.getEntry('k')).toMatchObject({ source: 'memory' });
    });

    it.each<[string, () => Promise<unknown>]>([
      ['unknown', () => Promise.resolve()],
      ['past its time', () => rig.clock.advance(100)],
      ['deleted', () => one.cache.namespace('n').delete('k')],
    ])('does not wait for Redis again where it did not answer: %s', async (what, before) => {
      const cache = one.cache.namespace('n', { ttlMs: 100, maxStaleMs: 1_000 });
      if (what !== 'unknown') await cache.set('k', 'old');
      await before();
      one.behind('n').goAway();
      const letGo = one.behind('n').hold('write');
      const call = outcomeOf(cache.getOrSet('k', () => 'loaded'));
      await rig.clock.advance(19);
      expect(one.behind('n').calls).toMatchObject({ claim: 0, write: what === 'unknown' ? 1 : 2 });
      await rig.clock.advance(1);
      expect(await call).toMatchObject({ value: 'loaded' });
      expect(rig.clock.pending).toBe(0);
      letGo();
      await turns();
      expect(await cache.get('k')).toBe('loaded');
    });

    it('does not wait for the write when it could not claim either', async () => {
      one.behind().fail('claim', new CommandRejectedError('x'));
      const letGo = one.behind().hold('write');
      const call = one.cache.getOrSet('k', () => 'loaded');
      await rig.clock.advance(20);
      expect(await call).toBe('loaded');
      letGo();
    });

    it('waits for a write that is quick, so that the next read sees it', async () => {
      one.behind().goAway();
      await one.cache.getOrSet('k', () => 'loaded');
      expect(await one.cache.get('k')).toBe('loaded');
      await one.cache.getOrSetMany(['a'], () => new Map([['a', 1]]));
      expect(await one.cache.get('a')).toBe(1);
      expect(rig.clock.pending).toBe(0);
    });

    it('still loads once for all calls of one process', async () => {
      one.behind().goAway();
      const slow = new HeldLoader<number>();
      const calls = [1, 2, 3].map(() => one.cache.getOrSet('k', slow.load));
      await turns();
      slow.answer(1);
      expect(await Promise.all(calls)).toEqual([1, 1, 1]);
      expect(slow.calls).toBe(1);
    });

    it('loads for a session too: the loader is who knows', async () => {
      const cache = one.cache.namespace('s', { policy: 'session' });
      one.behind('s').goAway();
      expect(await cache.getOrSet('k', () => 1)).toBe(1);
    });

    it('does nothing in a strict namespace', async () => {
      const cache = one.cache.namespace('s', { policy: 'strict' });
      one.behind('s').goAway();
      const loader = load(1);
      expect((await outcomeOf(cache.getOrSet('k', loader))).code).toBe('CIRCUIT_OPEN');
      expect(loader).not.toHaveBeenCalled();
    });

    it('fails in a strict namespace when Redis goes between reading and claiming', async () => {
      const cache = one.cache.namespace('s', { policy: 'strict' });
      const letGo = one.behind('s').hold('read');
      const loader = load(1);
      const call = outcomeOf(cache.getOrSet('k', loader));
      await turns();
      one.behind('s').fail('claim', new CommandRejectedError('x'));
      letGo();
      expect((await call).code).toBe('COMMAND_REJECTED');
      expect(loader).not.toHaveBeenCalled();
    });
  });

  describe('when Redis refuses reads', () => {
    it('loads, because a cache must not be the reason why an application fails', async () => {
      one.behind().fail('read', new CommandRejectedError('WRONGTYPE'));
      expect(await one.cache.getOrSet('k', () => 1)).toBe(1);
      expect(await one.cache.get('k')).toBeUndefined();
      expect(await one.cache.getMany(['k'])).toEqual(new Map());
      expect(stats()).toMatchObject({ errors: 3 });
    });

    it.each([
      ['cache', new ClosedError('closed')],
      ['cache', new InvalidArgumentError({ field: 'k', value: 1, message: 'm', remedy: 'r' })],
      ['session', new CommandRejectedError('WRONGTYPE')],
      ['strict', new CommandRejectedError('WRONGTYPE')],
    ] as const)('in a namespace with the policy %s %p is the answer', async (policy, error) => {
      const cache = one.cache.namespace('n', { policy });
      one.behind('n').fail('read', error);
      expect((await outcomeOf(cache.getOrSet('k', () => 1))).error).toBe(error);
      expect((await outcomeOf(cache.get('k'))).error).toBe(error);
    });
  });

  it('keeps what was written with another built-in serializer readable', async () => {
    await one.behind().write('k', {
      kind: 'value',
      codec: 4,
      isCompressed: false,
      body: Buffer.from('text'),
      freshMs: null,
      staleMs: 0,
      groups: [],
    });
    expect(one.cache.policy).toBe('cache');
    expect(jsonSerializer.id).toBe(1);
    expect(await one.cache.get('k')).toBe('text');
  });
});
