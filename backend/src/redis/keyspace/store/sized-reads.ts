import { BoundedMap } from '../../base/collections/index.js';

const MAX_KEYS = 500;
// Until the size of what a keyspace holds is known: alone, and together not too large even when each is as large as
// a cached value may be.
const FIRST_KEYS = 8;
const PORTION_BYTES = 4 * 1024 * 1024;
const PORTIONS_UNDER_WAY = 4;
const MAX_KEYSPACES = 1_000;
/** How much of an average is kept when values turn out to be smaller. */
const KEPT = 0.8;

type Ask = (keys: readonly string[]) => Promise<unknown[]>;

/** How large the values of one keyspace were so far. */
export class ValueSize {
  /** About how many bytes came back for each key; `null` while none was asked for. */
  perKey: number | null = null;
  /** The same for each key under which something was; `null` while there was none. */
  perValue: number | null = null;

  /** Takes replies to several keys. */
  learn(replies: readonly unknown[]): void {
    let bytes = 0;
    let values = 0;
    for (const reply of replies) {
      if (!Buffer.isBuffer(reply)) continue;
      bytes += reply.length;
      values++;
    }
    if (replies.length > 0) this.perKey = adapted(this.perKey, bytes / replies.length);
    if (values > 0) this.perValue = adapted(this.perValue, bytes / values);
  }

  /** Takes the size of one value. */
  learnOf(bytes: number): void {
    this.perKey = adapted(this.perKey, bytes);
    this.perValue = adapted(this.perValue, bytes);
  }
}

/** How large values of each keyspace are, by what was read of them. */
export class ValueSizes {
  readonly #sizes = new BoundedMap<string, ValueSize>(MAX_KEYSPACES);
  #latest = new ValueSize();
  #latestName = '';

  /** What is known of the values of the keyspace to which a key belongs. */
  of(key: string): ValueSize {
    // Reads of one keyspace come in rows.
    if (this.#latestName !== '' && key.startsWith(this.#latestName)) return this.#latest;
    const name = key.slice(0, key.indexOf(':') + 1);
    let size = this.#sizes.get(name);
    if (size === undefined) this.#sizes.set(name, (size = new ValueSize()));
    this.#latestName = name;
    return (this.#latest = size);
  }
}

/**
 * Reads many keys in portions of about 4 MiB, by what values of their keyspace were like so far, and few at a time:
 * a reply that is too large makes everybody else on the connection wait.
 */
export class SizedReads {
  readonly #sizes: ValueSizes;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(sizes: ValueSizes) {
    this.#sizes = sizes;
  }

  /** The answers to all keys, in their order. */
  async read(keys: readonly string[], ask: Ask): Promise<unknown[]> {
    const found: unknown[] = Array.from({ length: keys.length });
    let next = 0;
    let isFailed = false;
    const readOn = async (): Promise<void> => {
      await this.#enter();
      try {
        const start = next;
        const some = keys.slice(start, start + this.#portionOf(keys[start] ?? ''));
        next += some.length;
        if (some.length === 0) return;
        const replies = await ask(some);
        this.#sizes.of(some[0] ?? '').learn(replies);
        for (const [i, reply] of replies.entries()) found[start + i] = reply;
      } catch (error) {
        isFailed = true;
        throw error;
      } finally {
        this.#leave();
      }
    };
    const readOnToTheEnd = async (): Promise<void> => {
      while (next < keys.length && !isFailed) await readOn();
    };
    if (keys.length > 0 && this.#sizes.of(keys[0] ?? '').perKey === null) await readOn();
    const readers = Math.min(PORTIONS_UNDER_WAY, keys.length - next);
    await Promise.all(Array.from({ length: readers }, readOnToTheEnd));
    return found;
  }

  #portionOf(key: string): number {
    const { perKey } = this.#sizes.of(key);
    if (perKey === null) return FIRST_KEYS;
    return Math.max(1, Math.min(MAX_KEYS, Math.floor(PORTION_BYTES / Math.max(1, perKey))));
  }

  async #enter(): Promise<void> {
    if (this.#underWay < PORTIONS_UNDER_WAY) this.#underWay++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  // The place goes to the one who waits: nobody takes it in between.
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#underWay--;
    else next();
  }
}

// Larger values count at once, smaller ones little by little.
function adapted(known: number | null, average: number): number {
  return Math.max(average, (known ?? 0) * KEPT + average * (1 - KEPT));
}
