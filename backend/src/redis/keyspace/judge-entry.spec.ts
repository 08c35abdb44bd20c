import { decodeEntry, encodeEntry, type Entry } from './store/entry.js';
import type { KeyspacePolicy, Reading } from './keyspace.js';
import { readingFromMemory, readingFromRedis, type JudgeOptions } from './judge-entry.js';

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

function options(policy: KeyspacePolicy, given: Partial<JudgeOptions> = {}): JudgeOptions {
  return { policy, maxStaleMs: 100, now: NOW, isMemoryAll: false, ...given };
}

function fromMemory(bytes: Buffer, given: JudgeOptions, isTrusted = true): Reading {
  return readingFromMemory({ decoded: decodeEntry(bytes), bytes }, isTrusted, given);
}

function fromRedis(bytes: Buffer, given: JudgeOptions): Reading {
  return readingFromRedis({ decoded: decodeEntry(bytes), bytes }, given);
}

/** A reading in a few words. */
function said(reading: Reading): string {
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
    expect(said(fromRedis(bytes, options(policy)))).toBe(expected);
  });

  it('names the fault and the stamp of an entry of a newer version', () => {
    const newer = Buffer.from(fresh);
    newer[2] = 200;
    expect(fromRedis(newer, options('cache'))).toEqual({
      state: 'unreadable',
      fault: 'newer-format',
      stamp: STAMP,
    });
  });
});

describe('a copy in memory while Redis is away', () => {
  it.each([
    ['fresh', fresh, 'cache', 'fresh memory'],
    ['stale', stale, 'cache', 'past stale'],
    ['too stale', tooStale, 'cache', 'unknown'],
    ['fresh', fresh, 'session', 'fresh memory'],
    ['past its time', endsNow, 'session', 'unknown'],
    ['a tombstone', tombstone, 'session', 'deleted'],
  ] as const)('%s is judged by the policy of %#', (_what, bytes, policy, expected) => {
    expect(said(fromMemory(bytes, options(policy)))).toBe(expected);
  });

  it('says nothing when there is none: the key may exist', () => {
    expect(said(readingFromMemory(null, true, options('cache')))).toBe('unknown');
  });

  it('is stale when somebody is known to have changed the key', () => {
    expect(said(fromMemory(fresh, options('cache'), false))).toBe('past stale');
    expect(said(fromMemory(fresh, options('session'), false))).toBe('unknown');
    expect(said(fromMemory(tombstone, options('cache'), false))).toBe('unknown');
  });
});

describe('a copy in memory when memory is all there is', () => {
  const all = options('session', { isMemoryAll: true });

  it('is missing when there is none, or when its time is over', () => {
    expect(said(readingFromMemory(null, true, all))).toBe('missing');
    expect(said(fromMemory(endsNow, all))).toBe('missing');
    expect(said(fromMemory(fresh, all))).toBe('fresh memory');
  });
});
