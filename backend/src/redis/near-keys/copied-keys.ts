import { type Evictable, EvictionQueue, use } from '../base/collections/index.js';

// What a copy, its promise, its place in the map and its two texts cost besides the characters.
const COPY_BYTES = 300;
const BYTES_PER_CHARACTER = 2;

/** What Redis has answered for a key. */
export class CopiedKey implements Evictable<CopiedKey> {
  newer: CopiedKey | null = null;
  older: CopiedKey | null = null;
  uses = 0;
  isProven = false;
  weight: number;
  /** The same promise for all who ask: a text cannot be changed. */
  readonly answer: Promise<string | null>;

  /** @param until - it is not used from this moment of `clock.now()` on */
  constructor(
    readonly key: string,
    value: string | null,
    readonly until: number,
  ) {
    this.weight = COPY_BYTES + BYTES_PER_CHARACTER * (key.length + (value?.length ?? 0));
    this.answer = Promise.resolve(value);
  }
}

/** Copies of keys, within bounds of number and bytes. What is asked for again stays longest. */
export class CopiedKeys {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #copies = new Map<string, CopiedKey>();
  #queue: EvictionQueue<CopiedKey>;

  constructor({
    maxEntries,
    maxBytes,
  }: {
    readonly maxEntries: number;
    readonly maxBytes: number;
  }) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
    this.#queue = new EvictionQueue(maxEntries);
  }

  get entries(): number {
    return this.#copies.size;
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  /** Returns a copy that may still be used at this moment. Counts as use. */
  find(key: string, now: number): CopiedKey | undefined {
    const copy = this.#copies.get(key);
    if (copy === undefined) return undefined;
    if (copy.until > now) {
      use(copy);
      return copy;
    }
    this.remove(key);
    return undefined;
  }

  put(copy: CopiedKey): void {
    this.remove(copy.key);
    // It would drive out all others and go itself.
    if (copy.weight > this.#maxBytes) return;
    this.#copies.set(copy.key, copy);
    this.#queue.add(copy);
    while (this.#queue.bytes > this.#maxBytes || this.#copies.size > this.#maxEntries) {
      const least = this.#queue.evict();
      if (least === null) return;
      this.#copies.delete(least.key);
    }
  }

  remove(key: string): void {
    const copy = this.#copies.get(key);
    if (copy === undefined) return;
    this.#copies.delete(key);
    this.#queue.remove(copy);
  }

  clear(): void {
    this.#copies.clear();
    this.#queue = new EvictionQueue(this.#maxEntries);
  }
}
