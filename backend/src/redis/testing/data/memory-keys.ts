import { replyError } from './reply-error.js';
import { SortedSet } from './sorted-set.js';

/** What a key holds: a string, a hash, a list, a set or a sorted set. Texts are binary: one character a byte. */
export type Held = string | Map<string, string> | string[] | Set<string> | SortedSet;

/** What is kept under a key. */
interface Stored {
  readonly held: Held;
  readonly expiresAt: number;
}

/** The keys of a Redis, and what they hold. A key without members is none. */
export class MemoryKeys {
  readonly #keys = new Map<string, Stored>();
  /** How often each key was changed, also after it is gone. */
  readonly #versions = new Map<string, number>();
  readonly #now: () => number;

  /** @param now - the calendar, in milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The calendar, in milliseconds since 1970. */
  get now(): number {
    return this.#now();
  }

  /** What a key holds, unless its time is over. */
  find(key: string): Held | undefined {
    return this.#find(key)?.held;
  }

  /** When a key expires: `Infinity` for never, `null` without a key. */
  expiryOf(key: string): number | null {
    return this.#find(key)?.expiresAt ?? null;
  }

  /** All keys, in the order in which they came. */
  get names(): string[] {
    return [...this.#keys.keys()].filter((key) => this.#find(key) !== undefined);
  }

  /** Replaces what a key holds. What has expired already is removed. */
  put(key: string, held: Held, expiresAt = Infinity): void {
    this.#touch(key);
    if (this.#now() < expiresAt) this.#keys.set(key, { held, expiresAt });
    else this.#keys.delete(key);
  }

  /** The same value with another end. Returns whether there is such a key. */
  expireAt(key: string, expiresAt: number): boolean {
    const held = this.find(key);
    if (held === undefined) return false;
    this.put(key, held, expiresAt);
    return true;
  }

  /** Returns whether there was such a key. */
  remove(key: string): boolean {
    if (this.#find(key) === undefined) return false;
    this.#touch(key);
    return this.#keys.delete(key);
  }

  /** Notes that members of a key were changed, and removes it when none is left. */
  changed(key: string): void {
    this.#touch(key);
    const held = this.find(key);
    if (held !== undefined && sizeOf(held) === 0) this.#keys.delete(key);
  }

  /** How often a key was changed: of two equal numbers nothing has happened to it between them. */
  versionOf(key: string): number {
    this.#find(key);
    return this.#versions.get(key) ?? 0;
  }

  /** The same keys at this moment, with nothing in common. */
  copy(): MemoryKeys {
    const copy = new MemoryKeys(this.#now);
    for (const [key, { held, expiresAt }] of this.#keys) {
      copy.#keys.set(key, { held: copyOf(held), expiresAt });
    }
    return copy;
  }

  string(key: string): string | null {
    return this.#typed(key, (held) => typeof held === 'string');
  }

  hash(key: string): Map<string, string> | null {
    return this.#typed(key, (held) => held instanceof Map);
  }

  list(key: string): string[] | null {
    return this.#typed(key, (held) => Array.isArray(held));
  }

  set(key: string): Set<string> | null {
    return this.#typed(key, (held) => held instanceof Set);
  }

  sortedSet(key: string): SortedSet | null {
    return this.#typed(key, (held) => held instanceof SortedSet);
  }

  /** What a key holds, which is made when there is none. */
  ensure<T extends Held>(key: string, held: T | null, empty: T): T {
    if (held !== null) return held;
    this.put(key, empty);
    return empty;
  }

  /** Puts what a command has made: nothing removes the key. Returns how many members it has. */
  store(key: string, held: Exclude<Held, string>): number {
    if (sizeOf(held) === 0) this.remove(key);
    else this.put(key, held);
    return sizeOf(held);
  }

  #typed<T extends Held>(key: string, is: (held: Held) => held is T & Held): T | null {
    const held = this.find(key);
    if (held === undefined) return null;
    if (!is(held)) throw replyError('wrongType');
    return held;
  }

  #find(key: string): Stored | undefined {
    const stored = this.#keys.get(key);
    if (stored === undefined || this.#now() < stored.expiresAt) return stored;
    this.#touch(key);
    this.#keys.delete(key);
    return undefined;
  }

  #touch(key: string): void {
    this.#versions.set(key, (this.#versions.get(key) ?? 0) + 1);
  }
}

function sizeOf(held: Held): number {
  return typeof held === 'string' || Array.isArray(held) ? held.length : held.size;
}

/** The type of a value, as TYPE names it. */
export function typeOf(held: Held | undefined): string {
  if (held === undefined) return 'none';
  if (typeof held === 'string') return 'string';
  if (Array.isArray(held)) return 'list';
  if (held instanceof Map) return 'hash';
  return held instanceof Set ? 'set' : 'zset';
}

/** The same value once more, with nothing in common. */
export function copyOf(held: Held): Held {
  if (typeof held === 'string') return held;
  if (Array.isArray(held)) return [...held];
  if (held instanceof Map) return new Map(held);
  return held instanceof Set ? new Set(held) : new SortedSet(held.inOrder);
}
