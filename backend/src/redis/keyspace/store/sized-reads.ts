import { BoundedMap } from '../../base/collections/index.js';

const MAX_KEYS = 500;
// Until the size of what a keyspace holds is known: alone, and together not too large even when each is as large as
// a cached value may be.
const FIRST_KEYS = 8;
const PORTION_BYTES = 4 * 1024 * 1024;
const PORTIONS_UNDER_WAY = 4;
const MAX_KEYSPACES = 1_000;
/** How much of the average is kept when values turn out to be smaller. */
const KEPT = 0.8;

type Ask = (keys: readonly string[]) => Promise<unknown[]>;

/**
 * Reads many keys in portions of about 4 MiB, by what values of their keyspace were like so far, and few at a time:
 * a reply that is too large makes everybody else on the connection wait.
 */
export class SizedReads {
  readonly #averages = new BoundedMap<string, number>(MAX_KEYSPACES);
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

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
        this.#learn(some, replies);
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
    if (keys.length > 0 && this.#averages.get(keyspaceOf(keys[0] ?? '')) === undefined)
      await readOn();
    const readers = Math.min(PORTIONS_UNDER_WAY, keys.length - next);
    await Promise.all(Array.from({ length: readers }, readOnToTheEnd));
    return found;
  }

  #portionOf(key: string): number {
    const average = this.#averages.get(keyspaceOf(key));
    if (average === undefined) return FIRST_KEYS;
    return Math.max(1, Math.min(MAX_KEYS, Math.floor(PORTION_BYTES / Math.max(1, average))));
  }

  #learn(keys: readonly string[], replies: readonly unknown[]): void {
    const name = keyspaceOf(keys[0] ?? '');
    let bytes = 0;
    for (const reply of replies) if (Buffer.isBuffer(reply)) bytes += reply.length;
    const average = bytes / keys.length;
    const known = this.#averages.get(name) ?? 0;
    this.#averages.set(name, Math.max(average, known * KEPT + average * (1 - KEPT)));
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

function keyspaceOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf(':')));
}
