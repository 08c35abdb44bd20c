import type { Reading } from '../../src/redis/keyspace/index.js';
import { decodeEntry, type Entry } from '../../src/redis/keyspace/store/entry.js';
import type { RedisInMemory } from '../support/redis-in-memory/redis-in-memory.js';

/** What somebody knows of a key, to be compared. */
export interface Answer {
  readonly state: string;
  readonly body: string;
}

/** What a process answers. */
export function answerOf(reading: Reading): Answer {
  if (reading.state === 'found') return { state: 'found', body: reading.entry.body.toString() };
  return { state: reading.state === 'deleted' ? 'missing' : reading.state, body: '' };
}

/** What is in Redis at a time of its calendar. */
export function answerIn(redis: RedisInMemory, key: string, now: number): Answer {
  return answerInBytes(bytesIn(redis, key), now);
}

/** The same, of what was read from a real one. */
export function answerInBytes(bytes: Buffer | null, now: number): Answer {
  const entry = entryIn(bytes);
  if (entry?.kind !== 'value') return { state: 'missing', body: '' };
  const isOver = entry.freshUntil > 0 && entry.freshUntil <= now;
  return isOver ? { state: 'missing', body: '' } : { state: 'found', body: entry.body.toString() };
}

/** What kind of an entry is in Redis; `none` for no entry. */
export function kindIn(redis: RedisInMemory, key: string): string {
  return entryIn(bytesIn(redis, key))?.kind ?? 'none';
}

function bytesIn(redis: RedisInMemory, key: string): Buffer | null {
  const value = redis.find(key)?.value;
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : null;
}

function entryIn(bytes: Buffer | null): Entry | null {
  if (bytes === null) return null;
  const decoded = decodeEntry(bytes);
  return decoded.ok ? decoded.entry : null;
}
