import { deflateSync } from 'node:zlib';
import { CacheRig, HeldLoader, turns, type CacheProcess } from '../../../test/support/cache-rig.js';
import { outcomeOf, withoutUnhandledRejections } from '../../../test/support/outcomes.js';
import { QueueFullError } from '../base/errors/index.js';
import type { CacheNamespace } from './cache-namespace.js';
import { RedisCache } from './redis-cache.js';
import { bufferSerializer, jsonSerializer } from './values/serializers.js';

let rig: CacheRig;
let one: CacheProcess;

beforeEach(() => {
  rig = new CacheRig();
  one = rig.start();
});
afterEach(() => rig.close());

describe('namespaces', () => {
  it('are the same object for the same name', () => {
    const users = one.cache.namespace('users', { ttlMs: 5 });
    expect(one.cache.namespace('users')).toBe(users);
    expect(one.cache.namespace('users', { ttlMs: 5 })).toBe(users);
    expect(one.cache.namespace('default')).toBe(one.cache);
    expect(users.name).toBe('users');
    expect(one.cache.namespaces).toEqual([one.cache, users]);
  });

  it('are refused other options than those they were made with', () => {
    one.cache.namespace('users', { ttlMs: 5 });
    for (const options of [{ ttlMs: 6 }, {}, { ttlMs: 5, policy: 'strict' as const }]) {
      expect(() => one.cache.namespace('users', options)).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
    }
    expect(() => one.cache.namespace('users', { ttlMs: 6 })).toThrow('another ttlMs');
    // Not in the first argument, where the options of Redis are.
    expect(() => one.cache.namespace('users', { ttlMs: 6 })).toThrow(
      'RedisModule.forRoot(options, { cache: { namespaces: { users: { … } } } })',
    );
  });

  it('take from the defaults what their options leave out, and are opened with what matters there', () => {
    const process = rig.start({ ttlMs: 7, maxStaleMs: 8, nearMs: 9 });
    expect(process.behind()).toMatchObject({ policy: 'cache', nearMs: 9, maxStaleMs: 8 });
    process.cache.namespace('s', { policy: 'session', nearMs: 1 });
    expect(process.behind('s')).toMatchObject({ policy: 'session', nearMs: 1, maxStaleMs: 0 });
    expect(process.cache.namespace('s').policy).toBe('session');
  });

  it('keep their keys apart', async () => {
    const [a, b] = [one.cache.namespace('a'), one.cache.namespace('b')];
    await a.set('k', 1);
    expect(one.behind('b').drafts).toEqual([]);
    expect(b.stats.sets).toBe(0);
    expect(a.stats.sets).toBe(1);
  });

  it('are bounded in number', () => {
    for (let i = 1; i < 1_000; i++) one.cache.namespace(`n${String(i)}`);
    expect(() => one.cache.namespace('one more')).toThrow('Make what varies a part of the key');
    expect(() => one.cache.namespace('n5')).not.toThrow();
  });

  it('is refused with options or defaults that cannot be used', () => {
    expect(() => one.cache.namespace('x', { ttlMs: 0 })).toThrow('ttlMs = 0');
    expect(() => rig.start({ leaseMs: 1 })).toThrow('leaseMs = 1');
    const openKeyspace = (): never => {
      throw new QueueFullError('the name is refused there');
    };
    const bare = { openKeyspace, clock: rig.clock, random: () => 0, bus: {} as never };
    expect(() => new RedisCache(bare)).toThrow('refused there');
  });
});

describe('get, set and delete', () => {
  it('write and read a value, and say where it came from', async () => {
    expect(await one.cache.get('k')).toBeUndefined();
    expect(await one.cache.getEntry('k')).toBeUndefined();
    expect(await one.cache.set('k', { a: 1 })).toEqual({ outcome: 'stored' });
    await rig.clock.advance(30);
    expect(await one.cache.get('k')).toEqual({ a: 1 });
    expect(await one.cache.getEntry('k')).toEqual({ value: { a: 1 }, source: 'redis', ageMs: 30 });
    expect(one.cache.stats).toMatchObject({ hits: 2, misses: 2, sets: 1, hitRate: 0.5 });
  });

  it('never say a negative age when the clock of the writer is ahead', async () => {
    const ahead = rig.clock.wallTime() + 50;
    const wallTime = jest.spyOn(rig.clock, 'wallTime').mockReturnValue(ahead);
    await one.cache.set('k', 1);
    wallTime.mockRestore();
    expect(await one.cache.getEntry('k')).toMatchObject({ ageMs: 0 });
  });

  it('say the age since a value was made, however far ahead its stamp is', async () => {
    const stamp = { ...one.behind().stamp(), wallMs: rig.clock.wallTime() + 600_000 };
    jest.spyOn(one.behind(), 'stamp').mockReturnValueOnce(stamp);
    await one.cache.set('k', 1);
    await rig.clock.advance(30);
    expect(await one.cache.getEntry('k')).toMatchObject({ ageMs: 30 });
  });

  it('keep a value for as long as its ttlMs says', async () => {
    await one.cache.set('short', 1, { ttlMs: 10 });
    await one.cache.set('long', 1, { ttlMs: null });
    await rig.clock.advance(60_000);
    expect(await one.cache.getMany(['short', 'long', 'long'])).toEqual(new Map([['long', 1]]));
  });

  it('write large ones a few at a time, so that nobody else on the connection waits for long', async () => {
    const store = one.cache.namespace('large', {
      serializer: bufferSerializer,
      compressOverBytes: null,
    });
    const letGo = one.behind('large').hold('write');
    const value = Buffer.alloc(1_000_000);
    const entries = Array.from({ length: 9 }, (_, i) => [`k${String(i)}`, value] as const);
    const batches = [store.setMany(entries), store.setMany(entries)];
    await turns();
    expect(one.behind('large').calls.write).toBe(4);
    letGo();
    for (const receipts of await Promise.all(batches)) expect(receipts).toHaveLength(9);
    expect(one.behind('large').calls.write).toBe(18);
  });

  it('write several, in order, with the same options', async () => {
    const receipts = await one.cache.setMany(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
      { ttlMs: 10, tags: ['t'] },
    );
    expect(receipts).toEqual([{ outcome: 'stored' }, { outcome: 'stored' }]);
    expect(await one.cache.getMany(['b', 'a', 'c'])).toEqual(
      new Map([
        ['b', 2],
        ['a', 1],
      ]),
    );
    expect(await one.cache.setMany([])).toEqual([]);
    expect(await one.cache.getMany([])).toEqual(new Map());
    expect(one.behind().drafts[1]?.draft).toMatchObject({ freshMs: 10, groups: ['t'] });
  });

  it('write nothing when one of several cannot be kept', async () => {
    const call = one.cache.setMany([
      ['a', 1],
      ['b', NaN],
    ]);
    expect((await outcomeOf(call)).code).toBe('VALUE_UNSERIALIZABLE');
    expect(one.behind().drafts).toEqual([]);
  });

  it('report a value that is too large, and a write that failed', async () => {
    const small = one.cache.namespace('small', { maxValueBytes: 5 });
    expect((await outcomeOf(small.set('k', 'too large'))).code).toBe('VALUE_TOO_LARGE');
    one.behind().fail('write', new QueueFullError('full'));
    expect((await outcomeOf(one.cache.set('k', 1))).code).toBe('QUEUE_FULL');
    one.behind().fail('delete', new QueueFullError('full'));
    expect((await outcomeOf(one.cache.delete('k'))).code).toBe('QUEUE_FULL');
    expect(one.cache.stats).toMatchObject({ sets: 0, deletes: 0 });
  });

  it('delete one key, several, and all of a tag', async () => {
    await one.cache.setMany([
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]);
    await one.cache.setMany(
      [
        ['d', 4],
        ['e', 5],
      ],
      { tags: ['t'] },
    );
    expect(await one.cache.delete('a')).toEqual({ outcome: 'stored' });
    expect(await one.cache.delete(['b', 'x'])).toEqual([
      { outcome: 'stored' },
      { outcome: 'stored' },
    ]);
    expect(await one.cache.delete([])).toEqual([]);
    expect(await one.cache.deleteByTag('t')).toEqual({ outcome: 'stored' });
    expect(await one.cache.getMany(['a', 'b', 'c', 'd', 'e'])).toEqual(new Map([['c', 3]]));
    expect(one.cache.stats).toMatchObject({ deletes: 4 });
  });

  it('say that Redis gets it later when it is away', async () => {
    one.behind().goAway();
    expect(await one.cache.set('k', 1)).toEqual({ outcome: 'journaled' });
    expect(await one.cache.delete('k')).toEqual({ outcome: 'journaled' });
    expect(await one.cache.deleteByTag('t')).toEqual({ outcome: 'journaled' });
  });

  it.each(['session', 'strict'] as const)(
    'do not say "no" in a %s namespace when nobody can tell',
    async (policy) => {
      const cache = one.cache.namespace('s', { policy });
      jest.spyOn(one.behind('s'), 'read').mockResolvedValue({ state: 'unknown' });
      for (const call of [cache.get('k'), cache.getEntry('k'), cache.getMany(['k'])]) {
        expect(await outcomeOf(call)).toMatchObject({
          code: 'DEGRADED_UNKNOWN',
          error: { details: { namespace: 's' } },
        });
      }
      expect(cache.stats).toMatchObject({ misses: 3 });
    },
  );

  it('say "no" in a cache when nobody can tell', async () => {
    one.behind().goAway();
    expect(await one.cache.get('k')).toBeUndefined();
  });

  it('are refused what cannot be used', async () => {
    const { cache } = one;
    const calls: (() => Promise<unknown>)[] = [
      () => cache.get(''),
      () => cache.getEntry(5 as never),
      () => cache.getMany('ab' as never),
      () => cache.set('', 1),
      () => cache.set('k', undefined),
      () => cache.set('k', 1, { ttlMs: -1 }),
      () => cache.set('k', 1, { tags: ['x'.repeat(513)] }),
      () => cache.setMany([['', 1]]),
      () => cache.delete(''),
      () => cache.delete(5 as never),
      () => cache.delete(['a', '']),
      () => cache.deleteByTag(''),
      () => cache.increment(''),
      () => cache.increment('k', 0.5),
      () => cache.increment('k', 1, 0),
      () => cache.takeIfFree('k', '', 5),
      () => cache.takeIfFree('k', 'me', 0),
      () => cache.takeIfFree('', 'me', 5),
      () => cache.giveBack('k', ''),
      () => cache.giveBack('', 'me'),
    ];
    for (const call of calls) {
      expect((await outcomeOf(call())).code).toBe('INVALID_ARGUMENT');
    }
    expect(one.behind().drafts).toEqual([]);
    expect(one.behind().calls).toMatchObject({ read: 0, delete: 0 });
  });
});

describe('numbers and locks', () => {
  it('are shared by all processes, and fail while Redis is away', async () => {
    const two = rig.start();
    expect(await one.cache.increment('n')).toBe(1);
    expect(await two.cache.increment('n', 5, 1000)).toBe(6);
    expect(await one.cache.takeIfFree('l', 'one', 1000)).toBe(true);
    expect(await two.cache.takeIfFree('l', 'two', 1000)).toBe(false);
    expect(await two.cache.giveBack('l', 'two')).toBe(false);
    expect(await one.cache.giveBack('l', 'one')).toBe(true);
    one.behind().goAway();
    for (const call of [
      one.cache.increment('n'),
      one.cache.takeIfFree('l', 'one', 5),
      one.cache.giveBack('l', 'one'),
    ]) {
      expect((await outcomeOf(call)).code).toBe('DEGRADED_UNSUPPORTED');
    }
  });
});

describe('copies in memory', () => {
  beforeEach(() => {
    one = rig.start({ nearMs: 1_000, ttlMs: 500, ttlJitter: 0 });
  });

  it('answer without Redis being asked, while they are young', async () => {
    await one.cache.set('k', { a: 1 });
    const loader = jest.fn(() => ({ a: 2 }));
    expect(await one.cache.getOrSet('k', loader)).toEqual({ a: 1 });
    expect(await one.cache.get('k')).toEqual({ a: 1 });
    expect(await one.cache.getEntry('k')).toMatchObject({ source: 'memory' });
    expect(one.behind().calls.read).toBe(0);
    expect(one.cache.stats).toMatchObject({ hits: 3, nearHits: 3 });
    await rig.clock.advance(500);
    await one.cache.getOrSet('k', loader);
    expect(one.behind().calls.read).toBe(1);
    expect(loader).toHaveBeenCalledTimes(1);
  });

  it('may answer without looking at the options of a call', async () => {
    const call = (): Promise<number> => one.cache.getOrSet('k', () => 2, { ttlMs: 0 });
    expect((await outcomeOf(call())).code).toBe('INVALID_ARGUMENT');
    await one.cache.set('k', 1);
    expect(await call()).toBe(1);
  });

  it('give each caller a value of its own', async () => {
    await one.cache.set('k', { list: [1] });
    const first = await one.cache.get<{ list: number[] }>('k');
    first?.list.push(2);
    expect(await one.cache.get('k')).toEqual({ list: [1] });
  });

  it('know that there is nothing', async () => {
    await one.cache.getOrSet('k', () => undefined as unknown, { negativeTtlMs: 100 });
    expect(await one.cache.getOrSet('k', () => 1)).toBeUndefined();
    expect(await one.cache.get('k')).toBeUndefined();
    expect(one.behind().calls.read).toBe(1);
    expect(one.cache.stats).toMatchObject({ nearHits: 2, negativeHits: 2 });
  });

  it('may be compressed', async () => {
    const text = 'x'.repeat(20_000);
    await one.cache.set('k', text);
    expect(await one.cache.getOrSet('k', () => '')).toBe(text);
    expect(await one.cache.get('k')).toBe(text);
    expect(one.behind().calls.read).toBe(0);
  });

  describe('of large values', () => {
    const large = Array.from({ length: 2_000 }, (_, id) => ({ id, name: `product ${String(id)}` }));
    const readings = jest.fn((bytes: Buffer): unknown => JSON.parse(bytes.toString()));
    const counting = { ...jsonSerializer, id: 99, name: 'counting', deserialize: readings };

    beforeEach(() => {
      readings.mockClear();
    });

    const hitsOf = (values: CacheNamespace, count: number): Promise<unknown[]> =>
      Promise.all(Array.from({ length: count }, () => values.getOrSet('k', () => 'loaded')));

    it.each([
      ['inflated and parsed', 16_384],
      ['parsed', null],
    ])('are %s once for all calls of a moment', async (_, compressOverBytes) => {
      const options = { serializer: counting, compressOverBytes };
      const values = one.cache.namespace('large', options);
      await values.set('k', large);
      const answers = new Set(await hitsOf(values, 500));
      expect([...answers]).toEqual([large]);
      expect(readings).toHaveBeenCalledTimes(1);
      await turns();
      await hitsOf(values, 500);
      expect(readings).toHaveBeenCalledTimes(2);
      expect(one.behind('large').calls.read).toBe(0);
    });

    it('are inflated once for all moments', async () => {
      const values = one.cache.namespace('large', { serializer: counting });
      await values.set('k', large);
      await hitsOf(values, 1);
      one.behind('large').drafts[0]!.draft.body.fill(0);
      await turns();
      expect(await hitsOf(values, 2)).toEqual([large, large]);
    });

    it('are an object of their own for each moment', async () => {
      const values = one.cache.namespace('large', {});
      await values.set('k', large);
      const first = await values.get<{ id: number }[]>('k');
      first?.splice(0, 1_999);
      await turns();
      expect(await values.get('k')).toEqual(large);
    });

    it.each([16_384, null])('are one frozen object where objects are shared', async (bytes) => {
      const options = { serializer: counting, shareObjects: true, compressOverBytes: bytes };
      const values = one.cache.namespace('large', options);
      await values.set('k', large);
      const first = await values.get<{ id: number }[]>('k');
      await turns();
      expect(await values.get('k')).toBe(first);
      expect(readings).toHaveBeenCalledTimes(1);
      expect(() => first?.push({ id: 1 })).toThrow(TypeError);
      expect(() => (first![7]!.id = 8)).toThrow(TypeError);
    });

    it('are not frozen for the call that has loaded them', async () => {
      const values = one.cache.namespace('large', { shareObjects: true });
      const loaded = await values.getOrSet('k', () => ({ list: [1] }));
      expect(Object.isFrozen(loaded)).toBe(false);
      loaded.list.push(2);
      expect(await values.get('k')).toEqual({ list: [1] });
    });

    it('say again that they are too large, or cannot be read', async () => {
      const values = one.cache.namespace('large', { maxValueBytes: 60_000 });
      const space = one.behind('large');
      const body = Buffer.from(JSON.stringify('x'.repeat(70_000)));
      const draft = { codec: 1, freshMs: 100, staleMs: 0, groups: [] };
      for (const [isCompressed, bytes] of [
        [true, deflateSync(body)],
        [false, body],
        [true, body.subarray(0, 5_000)],
        [false, body.subarray(0, 5_000)],
      ] as const) {
        await space.write('k', { kind: 'value', isCompressed, body: bytes, ...draft });
        expect(await values.get('k')).toBeUndefined();
        expect(await values.get('k')).toBeUndefined();
      }
      expect(values.stats.errors).toBeGreaterThanOrEqual(8);
    });
  });

  it('are refreshed ahead like others', async () => {
    await one.cache.set('k', 'old');
    await rig.clock.advance(400);
    expect(await one.cache.getOrSet('k', () => 'new', { refreshAhead: 0.5 })).toBe('old');
    await turns();
    expect(await one.cache.get('k')).toBe('new');
    expect(one.behind().calls.read).toBe(0);
  });

  it('are passed over when they are deleted, damaged or off', async () => {
    await one.cache.set('k', 1);
    await one.cache.delete('k');
    expect(await one.cache.get('k')).toBeUndefined();
    await one.cache.set('k', 1);
    await one.behind().write('k', {
      kind: 'value',
      codec: 1,
      isCompressed: false,
      body: Buffer.from('{'),
      freshMs: 100,
      staleMs: 0,
      groups: [],
    });
    expect(await one.cache.getOrSet('k', () => 'loaded')).toBe('loaded');
    expect(one.behind().calls.read).toBe(2);
    const far = one.cache.namespace('far', { nearMs: 0 });
    const near = jest.spyOn(one.behind('far'), 'near');
    await far.get('k');
    expect(near).not.toHaveBeenCalled();
  });
});

class Hidden {
  readonly #user: string;

  constructor(user: string) {
    this.#user = user;
  }

  get shown(): string {
    return this.#user;
  }
}

describe('wrap', () => {
  it('answers from the cache what the function has answered before', async () => {
    const fn = jest.fn(async function findUser(id: number, deep: boolean) {
      return { id, deep };
    });
    const cached = one.cache.wrap(fn, { key: (id, deep) => `u${String(id)}${String(deep)}` });
    expect(await cached(1, true)).toEqual({ id: 1, deep: true });
    expect(await cached(1, true)).toEqual({ id: 1, deep: true });
    expect(await cached(1, false)).toEqual({ id: 1, deep: false });
    expect(fn).toHaveBeenCalledTimes(2);
    expect(await one.cache.get('u1true')).toEqual({ id: 1, deep: true });
  });

  it('keeps `this`, and takes the options of getOrSet', async () => {
    const object = {
      base: 10,
      add: one.cache.wrap(
        function add(this: { base: number }, n: number) {
          return this.base + n;
        },
        { key: String, ttlMs: 5 },
      ),
    };
    expect(await object.add(1)).toBe(11);
    expect(one.behind().drafts[0]?.draft.freshMs).toBe(5);
  });

  it('makes keys of the name and the arguments', async () => {
    async function double(n: number, ..._: unknown[]): Promise<number> {
      return n * 2;
    }
    const cached = one.cache.wrap(double);
    await cached(4, { a: [null, 'x'] });
    expect(await one.cache.get('double:[4,{"a":[null,"x"]}]')).toBe(8);
    await cached(5, 'x'.repeat(10_000));
    await cached(5, `${'x'.repeat(9_999)}y`);
    const keys = one.behind().drafts.map(({ key }) => key);
    expect(new Set(keys).size).toBe(3);
    expect(keys[1]).toMatch(/^double:[\w-]{43}$/);
  });

  it.each<[string, unknown]>([
    ['a function', () => 1],
    ['an undefined in a list', [undefined]],
    ['a date', new Date(0)],
    ['a Map', new Map()],
    ['NaN', NaN],
    ['search parameters', new URLSearchParams('user=ann')],
    ['headers', new Headers({ user: 'ann' })],
    ['an object with private members', new Hidden('ann')],
    ['an object that turns into another', { toJSON: () => 'the same for all' }],
    ['a symbol', Symbol('ann')],
    ['an object with a symbol for a name', { [Symbol('user')]: 'ann' }],
    ['an object with a hidden member', Object.defineProperty({}, 'user', { value: 'ann' })],
    ['a list with more than its elements', Object.assign([1], { user: 'ann' })],
  ])('refuses %s as an argument without a key of its own', async (_, argument) => {
    const cached = one.cache.wrap(async function load(x: unknown) {
      return x === x;
    });
    expect(await outcomeOf(cached(argument))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      error: { details: { problem: { field: 'key', remedy: expect.stringContaining('key:') } } },
    });
  });

  it('takes 0 and -0 for one argument, as === does', async () => {
    const fn = jest.fn(async function sign(x: number) {
      return x + 1;
    });
    const cached = one.cache.wrap(fn, { name: 'sign' });
    expect([await cached(0), await cached(-0)]).toEqual([1, 1]);
    expect(fn).toHaveBeenCalledTimes(1);
  });

  it('takes undefined at the end for no argument, and nowhere else', async () => {
    const fn = jest.fn(async function find(...args: unknown[]) {
      return args.length;
    });
    const cached = one.cache.wrap(fn, { name: 'find' });
    expect(await cached('a')).toBe(1);
    expect(await cached('a', undefined, undefined)).toBe(1);
    expect(await cached()).toBe(0);
    expect(await cached(undefined)).toBe(0);
    expect(fn).toHaveBeenCalledTimes(2);
    expect((await outcomeOf(cached(undefined, 'a'))).code).toBe('INVALID_ARGUMENT');
  });

  it('refuses a second function of one name in one namespace, unless it has a name or a key of its own', async () => {
    const load = async (): Promise<string> => 'orders';
    const another = { load: async (): Promise<string> => 'users' };
    const orders = one.cache.wrap(load);
    expect(() => one.cache.wrap(another.load)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('two classes or functions of this name'),
      }),
    );
    const users = one.cache.wrap(another.load, { name: 'users.load' });
    expect(() => one.cache.namespace('elsewhere').wrap(another.load)).not.toThrow();
    const again = one.cache.wrap(load);
    expect(await Promise.all([orders(), users(), again()])).toEqual(['orders', 'users', 'orders']);
  });

  it('takes what is made anew each time for another function each time', () => {
    const source = { find: async (): Promise<number> => 1 };
    one.cache.wrap(source.find.bind(source));
    expect(() => one.cache.wrap(source.find.bind(source))).toThrow('made anew each time');
    expect(() => one.cache.wrap(source.find.bind(source), { key: () => 'k' })).not.toThrow();
  });

  it('refuses a name that a bundler may have given', () => {
    for (const fn of [async function t() {}, async function ab() {}]) {
      expect(() => one.cache.wrap(fn)).toThrow('a bundler may have given');
      expect(() => one.cache.wrap(fn, { key: () => 'k' })).not.toThrow();
    }
  });

  it('refuses a function without a name, and options that cannot be used, at once', () => {
    expect(() =>
      one.cache.wrap(
        (
          () => async () =>
            1
        )(),
      ),
    ).toThrow('what is cached has no name');
    expect(() => one.cache.wrap(async () => 1, { key: () => 'k', ttlMs: 0 })).toThrow('ttlMs = 0');
  });
});

describe('stats', () => {
  it('are zero at first, frozen, and summed up over all namespaces', async () => {
    expect(one.cache.stats).toMatchObject({ hits: 0, misses: 0, hitRate: 0 });
    expect(Object.isFrozen(one.cache.stats)).toBe(true);
    const users = one.cache.namespace('users');
    await one.cache.set('k', 1);
    await users.set('k', 1);
    await users.get('k');
    await users.get('none');
    expect(one.cache.stats).toMatchObject({ sets: 1, hits: 0 });
    expect(one.cache.totalStats).toMatchObject({ sets: 2, hits: 1, misses: 1, hitRate: 0.5 });
  });
});

describe('close', () => {
  it('refuses what comes after it', async () => {
    await one.cache.close();
    const { cache } = one;
    for (const call of [
      cache.get('k'),
      cache.getEntry('k'),
      cache.getMany(['k']),
      cache.set('k', 1),
      cache.delete('k'),
      cache.deleteByTag('t'),
      cache.getOrSet('k', () => 1),
      cache.increment('k'),
      cache.takeIfFree('k', 'h', 5),
      cache.giveBack('k', 'h'),
      cache.namespace('late').getOrSet('k', () => 1),
    ]) {
      expect((await outcomeOf(call)).code).toBe('CLOSED');
    }
  });

  it('ends loads, waits and refreshes under way, and leaves nothing behind', async () => {
    await withoutUnhandledRejections(async () => {
      const slow = new HeldLoader<string>();
      const held = one.cache.namespace('held', { ttlMs: 100, maxStaleMs: 1_000 });
      const others = await one.behind().claim('k2', { leaseMs: 60_000, seen: null, token: 'x' });
      await held.set('k3', 'old', { ttlJitter: 0 });
      await rig.clock.advance(90);
      const calls = [
        one.cache.getOrSet('k1', slow.load),
        one.cache.getOrSet('k2', slow.load),
        one.cache.getOrSetMany(['k4'], (_, context) => slow.load(context) as never),
      ].map((call) => outcomeOf(call));
      expect(await held.getOrSet('k3', slow.load, { refreshAhead: 0.5 })).toBe('old');
      await turns();
      expect(slow.calls).toBe(3);
      await Promise.all([one.cache.close(), one.cache.close(1_000)]);
      expect(slow.signals.every(({ aborted }) => aborted)).toBe(true);
      for (const { code } of await Promise.all(calls)) expect(code).toBe('CLOSED');
      expect(rig.clock.pending).toBe(0);
      const left = [...rig.server.leases.values()].map(({ token }) => token);
      expect({ state: 'granted', left }).toMatchObject({
        state: others.state,
        left: ['token' in others ? others.token : ''],
      });
      expect(one.events).toEqual([]);
    });
  });

  it('does not serve stale values instead: who calls is gone', async () => {
    const held = one.cache.namespace('held', { ttlMs: 100, maxStaleMs: 1_000 });
    await held.set('k', 'old');
    await rig.clock.advance(100);
    const slow = new HeldLoader<string>();
    const call = outcomeOf(held.getOrSet('k', slow.load));
    await turns();
    await one.cache.close();
    expect((await call).code).toBe('CLOSED');
  });

  it('gives loads under way time to end, and no more than that', async () => {
    const [quick, slow] = [new HeldLoader<string>(), new HeldLoader<string>()];
    const calls = [one.cache.getOrSet('a', quick.load), one.cache.getOrSet('b', slow.load)].map(
      (call) => outcomeOf(call),
    );
    await turns();
    const closing = one.cache.close(500);
    await turns();
    expect((await outcomeOf(one.cache.getOrSet('c', () => 1))).code).toBe('CLOSED');
    quick.answer('done');
    expect(await calls[0]).toMatchObject({ value: 'done' });
    await rig.clock.advance(500);
    await closing;
    expect((await calls[1])?.code).toBe('CLOSED');
    expect(rig.clock.pending).toBe(0);
  });

  it('ends before its time when nothing is under way any more', async () => {
    const slow = new HeldLoader<string>();
    const call = one.cache.getOrSet('a', slow.load);
    await turns();
    const closing = one.cache.close(60_000);
    slow.answer('done');
    expect(await call).toBe('done');
    await closing;
    expect(rig.clock.pending).toBe(0);
  });
});
