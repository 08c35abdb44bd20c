import { decodeEntry, encodeEntry, type Entry } from '../../src/redis/keyspace/store/entry.js';
import type { StampedWrite } from '../../src/redis/keyspace/store/key-value-store.js';
import type { Stamp } from '../../src/redis/keyspace/store/stamp.js';

/** Well in the past of every clock, and with bytes above 127 and zeros in it. */
export const BASE_MS = 0x0180_00ff_0000;
/** A process whose stamps come first among stamps of the same time. */
export const LOW = '0000000000000001';
/** A process whose stamps come last among stamps of the same time. */
export const HIGH = 'ff80000000000000';
/** Longer than any test. */
export const LONG_MS = 60_000;

/** A stamp of the suite: a later number is a later stamp. Neighbours differ in each of their parts. */
export function stampNo(n: number): Stamp {
  return {
    wallMs: BASE_MS + Math.floor(n / 4),
    count: Math.floor((n % 4) / 2),
    origin: n % 2 === 0 ? LOW : HIGH,
  };
}

/** A write of a value; `change` replaces defaults. */
export function setOf(
  key: string,
  stamp: Stamp,
  change: Partial<StampedWrite> & { readonly body?: Buffer | string } = {},
): StampedWrite {
  const { body = '', groups = [], ...rest } = change;
  const { birth = stamp } = rest;
  // An entry names its groups within its keyspace.
  const own = groups.map((group) => group.slice(group.indexOf('#') + 1));
  const entry = entryOf({ kind: 'value', stamp, birth, body: Buffer.from(body), groups: own });
  return { key, stamp, entry, ttlMs: LONG_MS, groups, ...rest };
}

/** A write of a tombstone. */
export function deleteOf(key: string, stamp: Stamp, ttlMs = LONG_MS): StampedWrite {
  return { key, stamp, entry: entryOf({ kind: 'tombstone', stamp }), ttlMs, groups: [] };
}

/** A write of the tombstone of a key that is never used again. */
export function endOf(key: string, stamp: Stamp, change: Partial<StampedWrite> = {}): StampedWrite {
  const entry = entryOf({ kind: 'tombstone', stamp, isFinal: true });
  return { key, stamp, entry, ttlMs: LONG_MS, groups: [], isFinal: true, ...change };
}

/** A stamp of these parts. */
export function at(wallMs: number, count = 0, origin = LOW): Stamp {
  return { wallMs, count, origin };
}

function entryOf(some: Partial<Entry> & Pick<Entry, 'kind' | 'stamp'>): Buffer {
  const body = Buffer.alloc(0);
  return encodeEntry({
    madeAt: some.stamp.wallMs,
    freshUntil: 0,
    codec: 0,
    isCompressed: false,
    groups: [],
    body,
    ...some,
  });
}

/** The entry in these bytes; `null` where there is none, or none that can be read. */
export function entryIn(bytes: Buffer | null): Entry | null {
  const decoded = bytes === null ? null : decodeEntry(bytes);
  return decoded?.ok === true ? decoded.entry : null;
}

/** What kind of entry these bytes are. */
export function kindIn(bytes: Buffer | null): string {
  return bytes === null ? 'none' : (entryIn(bytes)?.kind ?? 'unreadable');
}

/** Returns the body of the entry in these bytes. */
export function bodyIn(bytes: Buffer | null): Buffer | undefined {
  return entryIn(bytes)?.body;
}

/** When the entry in these bytes was written. */
export function stampIn(bytes: Buffer | null): Stamp | undefined {
  return entryIn(bytes)?.stamp;
}
