import { CommandRejectedError } from '../../base/errors/index.js';
import { afterPromises, type Clock } from '../../base/timing/index.js';
import type { RedisPort, RunOptions } from './redis-port.js';
import { isWrongType, toList } from './store-script.js';
import type { ValueSize, ValueSizes } from './sized-reads.js';

/** Larger values are read by commands of their own: whoever asks for a small one is not to wait for them. */
const MAX_GATHERED_VALUE_BYTES = 8 * 1024;
/** How large the reply to one command is to be, about. */
const PORTION_BYTES = 64 * 1024;
const MAX_PORTION_KEYS = 256;
/** How long each key is read by itself after Redis has refused a portion. */
const REFUSED_PAUSE_MS = 60_000;

type Reply = Buffer | null;

/** A caller that waits for one value. Neither may throw: others are told after it. */
interface Asking {
  readonly give: (reply: Reply) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The reads of one keyspace that have been asked for in this turn of the event loop. In a cluster of hash slots
 * there would be one for each slot.
 */
interface Portion {
  readonly size: ValueSize;
  readonly maxKeys: number;
  readonly keys: string[];
  readonly asking: Asking[];
}

/**
 * Reads of single keys. Those that are asked for in one turn of the event loop are sent as one `MGET`: one command,
 * one call and one reply for many callers. They are sent when the engine sends everything else of the turn, so
 * nobody waits for others to join. Each caller has his own outcome.
 */
export class GatheredReads {
  readonly #port: RedisPort;
  readonly #clock: Clock;
  readonly #terms: RunOptions;
  readonly #sizes: ValueSizes;
  #portions = new Map<ValueSize, Portion>();
  #aloneUntil = 0;

  constructor(
    port: RedisPort,
    clock: Clock,
    { timeoutMs, sizes }: { readonly timeoutMs: number; readonly sizes: ValueSizes },
  ) {
    this.#port = port;
    this.#clock = clock;
    this.#terms = { timeoutMs, isIdempotent: true };
    this.#sizes = sizes;
  }

  /** Asks for what is stored under a key: `null` when nothing is, or something that is no text. */
  ask(key: string, give: (reply: Reply) => void, fail: (error: unknown) => void): void {
    const size = this.#sizes.of(key);
    const isPaused = this.#aloneUntil > 0 && this.#clock.now() < this.#aloneUntil;
    if (isPaused || !isSmall(size)) {
      this.#readAlone(key, size, this.#terms, { give, fail });
      return;
    }
    const portion = this.#portionFor(size);
    portion.keys.push(key);
    portion.asking.push({ give, fail });
    if (portion.keys.length >= portion.maxKeys) this.#send(portion);
  }

  /** Sends now what would be sent at the end of the turn. */
  readonly sendAll = (): void => {
    for (const portion of this.#portions.values()) this.#send(portion);
  };

  #portionFor(size: ValueSize): Portion {
    const open = this.#portions.get(size);
    if (open !== undefined) return open;
    // Before the engine sends: what is enqueued then still leaves with the rest of the turn.
    if (this.#portions.size === 0) afterPromises(this.sendAll);
    const fitting = Math.floor(PORTION_BYTES / Math.max(1, size.perValue ?? 1));
    const maxKeys = Math.min(MAX_PORTION_KEYS, fitting);
    const portion: Portion = { size, maxKeys, keys: [], asking: [] };
    this.#portions.set(size, portion);
    return portion;
  }

  #send(portion: Portion): void {
    const { size, keys, asking } = portion;
    this.#portions.delete(size);
    const [key = '', second] = keys;
    const [first] = asking;
    if (second === undefined) {
      if (first !== undefined) this.#readAlone(key, size, this.#terms, first);
      return;
    }
    const askedAt = this.#clock.now();
    this.#port.run('mget', keys, this.#terms).then(
      (reply) => {
        const found = toList(reply);
        size.learn(found);
        for (let i = 0; i < asking.length; i++) {
          const one = found[i];
          asking[i]?.give(Buffer.isBuffer(one) ? one : null);
        }
      },
      (error: unknown) => {
        this.#fail(portion, error, askedAt);
      },
    );
  }

  // Which of the keys was refused, or whether it was the command, only separate reads can tell.
  #fail({ size, keys, asking }: Portion, error: unknown, askedAt: number): void {
    if (!(error instanceof CommandRejectedError)) {
      for (const { fail } of asking) fail(error);
      return;
    }
    const now = this.#clock.now();
    this.#aloneUntil = now + REFUSED_PAUSE_MS;
    const timeoutMs = Math.max(1, askedAt + this.#terms.timeoutMs - now);
    for (const [i, one] of asking.entries()) {
      this.#readAlone(keys[i] ?? '', size, { ...this.#terms, timeoutMs }, one);
    }
  }

  // Told in the turn of the reply: of a read that is alone, each promise more would be for it alone.
  #readAlone(key: string, size: ValueSize, terms: RunOptions, { give, fail }: Asking): void {
    this.#port.run('get', [key], terms).then(
      (reply) => {
        if (!Buffer.isBuffer(reply)) {
          give(null);
          return;
        }
        // That values are smaller matters where they are not read together yet.
        if (!isSmall(size) || reply.length > (size.perValue ?? 0)) size.learnOf(reply.length);
        give(reply);
      },
      (error: unknown) => {
        if (isWrongType(error)) give(null);
        else fail(error);
      },
    );
  }
}

function isSmall({ perValue }: ValueSize): boolean {
  return perValue !== null && perValue <= MAX_GATHERED_VALUE_BYTES;
}
