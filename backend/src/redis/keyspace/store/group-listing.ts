import { stampBytes, STAMP_BYTES, type Stamp } from './stamp.js';
import { buffersIn } from './store-script.js';

// In an index stands the stamp of a write and the key that it writes: each write is listed for itself.

/** What was replaced: the groups that listed it, and under which stamp. */
export interface Replaced {
  readonly version: number;
  readonly stamp: Buffer;
  /** As the entry names them. */
  readonly groups: readonly string[];
}

/** Under which names of an index a key is listed. */
export interface Listing {
  readonly key: string;
  readonly names: readonly Buffer[];
  /** The stamps in those names; empty in a former index. */
  readonly stamps: Buffer;
}

const NO_BYTES = Buffer.alloc(0);
// A script holds up everybody else while it runs.
const MAX_TOGETHER = 100;

/** What became of a member. */
export interface Ended {
  readonly isEnded: boolean;
  readonly replaced: Replaced;
}

const NOTHING: Replaced = { version: 0, stamp: NO_BYTES, groups: [] };
/** The answer to a member that was not asked for. */
export const NOT_THERE: Ended = { isEnded: false, replaced: NOTHING };

/** What a script tells of what it replaced: version, stamp, groups. */
export function replacedIn([version, stamp, ...groups]: readonly unknown[]): Replaced {
  if (typeof version !== 'number' || !Buffer.isBuffer(stamp)) return NOTHING;
  return { version, stamp, groups: buffersIn(groups).map(String) };
}

// A name stays while its write is there, or may still come: born after the mark.
export function isOver(
  name: Buffer,
  listing: Listing,
  { isEnded, replaced }: Ended,
  mark: Buffer,
): boolean {
  if (listing.stamps.length === 0) return isEnded || replaced.stamp.length === 0;
  const stamp = name.subarray(0, STAMP_BYTES);
  return stamp.equals(replaced.stamp) ? isEnded : stamp.compare(mark) < 0;
}

/** What is asked of one name, until it is sent. */
interface Batch<T, R> {
  readonly items: T[];
  readonly replies: Promise<readonly R[]>;
}

/**
 * Sends what is asked of one name in a turn of the event loop together: many writes with one key group are one command
 * for that.
 */
export class Together<T, R> {
  readonly #send: (name: string, items: readonly T[]) => Promise<readonly R[]>;
  readonly #waiting = new Map<string, Batch<T, R>>();

  /** @param send - returns a reply for each item */
  constructor(send: (name: string, items: readonly T[]) => Promise<readonly R[]>) {
    this.#send = send;
  }

  /** Returns the reply to an item. What fails fails for all that were sent with it. */
  async ask(name: string, item: T): Promise<R | undefined> {
    let batch = this.#waiting.get(name);
    if (batch === undefined || batch.items.length === MAX_TOGETHER) batch = this.#begin(name);
    const place = batch.items.push(item) - 1;
    return (await batch.replies)[place];
  }

  #begin(name: string): Batch<T, R> {
    const items: T[] = [];
    const replies = Promise.resolve().then(() => {
      if (this.#waiting.get(name) === batch) this.#waiting.delete(name);
      return this.#send(name, items);
    });
    const batch = { items, replies };
    this.#waiting.set(name, batch);
    return batch;
  }
}

export function listingsIn(names: readonly Buffer[], stampSize: number): Listing[] {
  const byKey = new Map<string, Buffer[]>();
  for (const name of names) {
    const key = name.toString('utf8', stampSize);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [name]);
    else known.push(name);
  }
  return [...byKey].map(([key, all]) => ({
    key,
    names: all,
    stamps: Buffer.concat(all.map((name) => name.subarray(0, stampSize))),
  }));
}

export async function* pagesOf(names: readonly Buffer[]): AsyncGenerator<Listing[]> {
  yield await Promise.resolve(listingsIn(names, STAMP_BYTES));
}

export function nameOf(stamp: Stamp, key: string): Buffer {
  return Buffer.concat([stampBytes(stamp), Buffer.from(key)]);
}

/** The codec of a mark whose body is a {@link listOf}. */
export const SPARED_KEYS = 1;
const NO_FLOOR = Buffer.alloc(STAMP_BYTES);

// As scripts read it: the length of each key (2 bytes), its bytes, and its floor, which other marks of the group give it.
export function listOf(keys: readonly string[]): Buffer {
  return Buffer.concat(
    keys.flatMap((key) => {
      const bytes = Buffer.from(key);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      return [length, bytes, NO_FLOOR];
    }),
  );
}

// The whole name of a group begins with the keyspace, as does the key of an entry (keyspace-keys.ts).
export function nameInEntry(group: string): string {
  return group.slice(group.indexOf('#') + 1);
}

export function wholeGroup(key: string, name: string): string {
  const end = key.indexOf(':');
  return end < 0 ? name : `${key.slice(0, end)}#${name}`;
}

export function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
