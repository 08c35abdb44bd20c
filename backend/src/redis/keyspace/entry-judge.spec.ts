import { ManualClock } from '../testing/index.js';
import { EntryJudge } from './entry-judge.js';
import type { KeyspacePolicy } from './keyspace.js';
import { type Awaitable, BODIES, type EntryDecoder, type Reading } from './reading.js';
import { decodeEntry, encodeEntry, type Entry } from './store/entry.js';

const NOW = 1_000_000;
const STAMP = { wallMs: NOW - 100, count: 0, origin: '00000000000000aa' };

function entry(given: Partial<Entry> = {}): Buffer {
  return encodeEntry({
    kind: 'value',
    stamp: STAMP,
    madeAt: NOW - 100,
    freshUntil: NOW + 1,
    codec: 1,
    isCompressed: false,
    groups: [],
    body: Buffer.from('x'),
    ...given,
  });
}

/** A judge of the keyspace `users`. */
function judge<T>(
  policy: KeyspacePolicy,
  decoder: EntryDecoder<T>,
  isMemoryAll = false,
): EntryJudge<T> {
  const keys = { keyOf: (whole: string) => whole.replace('users:', '') };
  return new EntryJudge(
    { policy, maxStaleMs: 100, isMemoryAll },
    keys,
    new ManualClock(NOW),
    decoder,
  );
}

/** A reading in a few words. */
function said(reading: Awaitable<Reading<unknown>>): string {
  if (reading instanceof Promise) return 'later';
  if (reading.state !== 'found') return reading.state;
  return `${reading.isFresh ? 'fresh' : 'past'} ${reading.source}`;
}

const fresh = entry();
const endsNow = entry({ freshUntil: NOW });
const stale = entry({ freshUntil: NOW - 99 });
const tooStale = entry({ freshUntil: NOW - 100 });
const forEver = entry({ freshUntil: 0 });
const tombstone = entry({ kind: 'tombstone' });

describe('what Redis gave', () => {
  it.each([
    ['fresh', fresh, 'cache', 'fresh redis'],
    ['at the end of its time', endsNow, 'cache', 'past redis'],
    ['stale', stale, 'cache', 'past redis'],
    ['too stale', tooStale, 'cache', 'missing'],
    ['without an end', forEver, 'cache', 'fresh redis'],
    ['stale', stale, 'session', 'missing'],
    ['stale', stale, 'strict', 'missing'],
    ['fresh', fresh, 'session', 'fresh redis'],
    ['a tombstone', tombstone, 'session', 'deleted'],
    ['damage', Buffer.from('what is this'), 'cache', 'unreadable'],
  ] as const)('%s (%#) is judged by the policy %s', (_what, bytes, policy, expected) => {
    const one = judge(policy, BODIES);
    expect(said(one.readingOf('users:a', decodeEntry(bytes), 'redis'))).toBe(expected);
    expect(one.isOver(decodeEntry(bytes))).toBe(expected === 'missing');
  });

  it('names the fault and the stamp of an entry of a newer version', () => {
    const newer = Buffer.from(fresh);
    newer[2] = 200;
    expect(judge('cache', BODIES).readingOf('users:a', decodeEntry(newer), 'redis')).toEqual({
      state: 'unreadable',
      fault: 'newer-format',
      stamp: STAMP,
    });
  });
});

describe('a copy in memory while Redis is away', () => {
  const inMemory = (bytes: Buffer, policy: KeyspacePolicy, isTrusted = true): string =>
    said(judge(policy, BODIES).readingInMemory('users:a', decodeEntry(bytes), isTrusted));

  it.each([
    ['fresh', fresh, 'cache', 'fresh memory'],
    ['stale', stale, 'cache', 'past stale'],
    ['too stale', tooStale, 'cache', 'unknown'],
    ['fresh', fresh, 'session', 'fresh memory'],
    ['past its time', endsNow, 'session', 'unknown'],
    ['a tombstone', tombstone, 'session', 'deleted'],
  ] as const)('%s is judged by the policy of %#', (_what, bytes, policy, expected) => {
    expect(inMemory(bytes, policy)).toBe(expected);
  });

  it('says nothing when there is none: the key may exist', () => {
    expect(said(judge('cache', BODIES).withoutCopy())).toBe('unknown');
  });

  it('is stale when somebody is known to have changed the key', () => {
    expect(inMemory(fresh, 'cache', false)).toBe('past stale');
    expect(inMemory(fresh, 'session', false)).toBe('unknown');
    expect(inMemory(tombstone, 'cache', false)).toBe('unknown');
  });
});

describe('a copy in memory when memory is all there is', () => {
  const all = judge('session', BODIES, true);

  it('is missing when there is none, or when its time is over', () => {
    expect(said(all.withoutCopy())).toBe('missing');
    expect(said(all.readingInMemory('users:a', decodeEntry(endsNow), true))).toBe('missing');
    expect(said(all.readingInMemory('users:a', decodeEntry(fresh), true))).toBe('fresh memory');
  });
});

describe('the value in a reading', () => {
  const found = decodeEntry(fresh);
  const decoded = { ok: true, value: 'made' } as const;

  it('is made by the decoder of the keyspace, of the key as its caller knows it', () => {
    const asked: unknown[] = [];
    const decode: EntryDecoder<string>['decode'] = (...given) => {
      asked.push(given);
      return decoded;
    };
    const slot = { decoded: undefined, keepDecoded: () => true, mayKeepSpare: () => true };
    const reading = judge('cache', { decode }).readingOf('users:a', found, 'memory', slot);
    expect(reading).toMatchObject({ state: 'found', value: 'made', source: 'memory' });
    expect(asked).toEqual([['a', found.ok && found.entry, slot]]);
  });

  it('is told at once, or with a promise where its decoder needs one', async () => {
    const later = judge('cache', { decode: () => Promise.resolve(decoded) });
    const reading = later.readingInMemory('users:a', found, false);
    expect(reading).toBeInstanceOf(Promise);
    expect(await reading).toMatchObject({ state: 'found', isFresh: false, source: 'stale' });
  });

  it('is not made of what is deleted, over or unreadable', () => {
    const decode = jest.fn<never, []>();
    const one = judge('session', { decode });
    for (const bytes of [tombstone, endsNow, Buffer.from('what is this')]) {
      expect(said(one.readingOf('users:a', decodeEntry(bytes), 'redis'))).not.toBe('later');
    }
    expect(decode).not.toHaveBeenCalled();
  });

  it('that cannot be made is a fault like that of the entry, with its stamp', () => {
    const unreadable = { ok: false, fault: 'no-key', keyId: 'k1' } as const;
    const reading = judge('session', { decode: () => unreadable }).readingOf(
      'users:a',
      found,
      'redis',
    );
    expect(reading).toEqual({ state: 'unreadable', fault: 'no-key', keyId: 'k1', stamp: STAMP });
  });
});
