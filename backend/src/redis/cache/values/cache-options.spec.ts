import {
  baseLoadOptions,
  differenceOf,
  resolveCacheOptions,
  resolveLoadOptions,
} from './cache-options.js';
import { jsonSerializer, messagePackSerializer, textSerializer } from './serializers.js';

const own = {
  id: 16,
  name: 'own',
  serialize: (value: unknown) => String(value),
  deserialize: (bytes: Buffer) => bytes.toString(),
};

describe('resolveCacheOptions', () => {
  it('completes nothing with the documented defaults, frozen', () => {
    const options = resolveCacheOptions({});
    expect(options).toEqual({
      policy: 'cache',
      ttlMs: 60_000,
      ttlJitter: 0.1,
      maxStaleMs: 0,
      negativeTtlMs: 0,
      refreshAhead: null,
      softTimeoutMs: null,
      hardTimeoutMs: 10_000,
      retryAfterMs: 1_000,
      leaseMs: 1_000,
      shareLoads: true,
      nearMs: 0,
      shareObjects: false,
      memoryPercent: 0,
      hotKeys: null,
      serializer: jsonSerializer,
      compressOverBytes: 16_384,
      maxValueBytes: 1_048_576,
    });
    expect(Object.isFrozen(options)).toBe(true);
  });

  it('takes what is given, then what the base says; undefined is as if not given', () => {
    const base = resolveCacheOptions({ ttlMs: 5, leaseMs: 500 });
    const options = resolveCacheOptions({ ttlMs: null, leaseMs: undefined } as never, base);
    expect(options).toMatchObject({ ttlMs: null, leaseMs: 500, ttlJitter: 0.1 });
  });

  it.each<[string, readonly unknown[], readonly unknown[]]>([
    ['policy', ['cache', 'session', 'strict'], ['none', null, 1]],
    ['ttlMs', [1, null, 315_360_000_000], [0, -1, 1.5, NaN, Infinity, '60', 315_360_000_001]],
    ['ttlJitter', [0, 0.5, 1], [-0.1, 1.1, NaN, null, '0.1']],
    ['maxStaleMs', [0, 1], [-1, null, 1.5, NaN]],
    ['negativeTtlMs', [0, 1], [-1, null, 1.5]],
    ['refreshAhead', [null, 0.01, 0.99], [0, 1, -1, NaN, '0.5']],
    ['softTimeoutMs', [null, 0, 9_999], [-1, 1.5, NaN, 2_147_483_648]],
    ['hardTimeoutMs', [1, 2_147_483_647], [0, null, -1, 1.5, 2_147_483_648]],
    ['retryAfterMs', [0, 1], [-1, null]],
    ['leaseMs', [100, 60_000], [99, 0, null, 1.5]],
    ['shareLoads', [true, false], ['true', 1, null]],
    ['nearMs', [0, 1], [-1, null, 1.5]],
    ['compressOverBytes', [null, 1], [0, -1, 1.5]],
    ['maxValueBytes', [1, 536_870_912], [0, null, 536_870_913, 1.5]],
    [
      'serializer',
      [
        jsonSerializer,
        textSerializer,
        own,
        { ...own, id: 255 },
        messagePackSerializer({ pack: () => Buffer.alloc(0), unpack: () => 1 }),
      ],
      [
        null,
        'json',
        {},
        { ...own, id: 0 },
        { ...own, id: 256 },
        { ...own, id: 1.5 },
        { ...own, id: 1 },
        { ...own, name: 5 },
        { ...own, serialize: 1 },
        { ...own, deserialize: undefined },
      ],
    ],
  ])('accepts and refuses values of %s', (name, good, bad) => {
    for (const value of good) {
      expect(resolveCacheOptions({ [name]: value })).toMatchObject({ [name]: value });
    }
    for (const value of bad) {
      expect(() => resolveCacheOptions({ [name]: value })).toThrow(
        expect.objectContaining({
          code: 'CONFIG_INVALID',
          problems: [
            expect.objectContaining({
              field: `cache.${name}`,
              message: expect.stringMatching(/^must be /),
              remedy: expect.stringMatching(
                value === 'true'
                  ? /^Write it without quotes: true$/
                  : /^Correct it, or leave it out for the default, /,
              ),
            }),
          ],
        }),
      );
    }
  });

  it('shows numbers that JSON does not know', () => {
    expect(() => resolveCacheOptions({ ttlMs: NaN })).toThrow(
      'ttlMs = "NaN": must be a whole number',
    );
  });

  it('refuses a name that is no option, and says which there are', () => {
    expect(() => resolveCacheOptions({ ttl: 5 } as never)).toThrow(
      'cache.ttl = "***": is not an option. Did you mean cache.ttlMs?',
    );
    expect(() => resolveCacheOptions({ toString: 5 } as never)).toThrow('is not an option');
  });

  it.each([null, [], 'ttlMs', 5])('refuses %p as options', (given) => {
    expect(() => resolveCacheOptions(given as never)).toThrow(
      /cache = .*: must be an object\. Write \{ ttlMs: 60_000 \}/,
    );
  });

  it('refuses a soft timeout that comes after the hard one', () => {
    expect(() => resolveCacheOptions({ softTimeoutMs: 500, hardTimeoutMs: 500 })).toThrow(
      'must be smaller than cache.hardTimeoutMs, which is 500',
    );
  });

  it.each(['session', 'strict'] as const)('serves nothing stale with the policy %s', (policy) => {
    const base = resolveCacheOptions({ maxStaleMs: 5_000 });
    expect(resolveCacheOptions({ policy }, base).maxStaleMs).toBe(0);
    expect(() => resolveCacheOptions({ policy, maxStaleMs: 1 })).toThrow("only the policy 'cache'");
    expect(resolveCacheOptions({ policy, maxStaleMs: 0 }).maxStaleMs).toBe(0);
  });
});

describe('resolveLoadOptions', () => {
  const base = baseLoadOptions(resolveCacheOptions({ ttlMs: 5 }));

  it('returns the options of the namespace when nothing is given', () => {
    expect(resolveLoadOptions(undefined, base)).toBe(base);
    expect(base).toMatchObject({ ttlMs: 5, hardTimeoutMs: 10_000, tags: [] });
  });

  it('takes what is given for the call', () => {
    const terms = resolveLoadOptions({ ttlMs: null, tags: ['a', 'b', 'a'] }, base);
    expect(terms).toMatchObject({ ttlMs: null, hardTimeoutMs: 10_000, tags: ['a', 'b'] });
    const tags = (): string[] => [];
    expect(resolveLoadOptions({ tags }, base).tags).toBe(tags);
    expect(resolveLoadOptions({ ttlMs: 1 }, base).tags).toEqual([]);
  });

  it.each([
    { policy: 'strict' },
    { maxStaleMs: 5 },
    { nearMs: 5 },
    { serializer: jsonSerializer },
    { ttlMs: 0 },
    { softTimeoutMs: 20_000 },
    { tags: 'a' },
    { tags: [''] },
    null,
  ])('refuses %p for one call', (given) => {
    expect(() => resolveLoadOptions(given as never, base)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('differenceOf', () => {
  const options = resolveCacheOptions({ serializer: own });

  it('finds the first option that differs', () => {
    expect(differenceOf(options, resolveCacheOptions({ serializer: own, ttlMs: 1 }))).toBe('ttlMs');
    expect(differenceOf(options, resolveCacheOptions({}))).toBe('serializer');
    expect(differenceOf(options, resolveCacheOptions({ serializer: { ...own, id: 17 } }))).toBe(
      'serializer',
    );
  });

  it('treats serializers with the same id and name as the same', () => {
    expect(differenceOf(options, resolveCacheOptions({ serializer: { ...own } }))).toBeNull();
  });
});
