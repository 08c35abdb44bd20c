import { BoundedMap } from '../base/collections/index.js';
import type { Clock, Stop } from '../base/timing/index.js';
import { stampOf } from './store/entry.js';
import type { MemoryStore } from './store/memory-store.js';
import type { RedisPort } from './store/redis-port.js';
import {
  compareStamps,
  type HybridClock,
  isStampDigits,
  type Stamp,
  STAMP_BYTES,
  stampOfDigits,
} from './store/stamp.js';
import type { KeyspaceDeps } from './keyspace-deps.js';
import type { KeyspaceKeys } from './keyspace-keys.js';

const RETRY_MS = 1_000;
const MAX_NOTICES = 10_000;
const STAMP_DIGITS = STAMP_BYTES * 2;

/**
 * Decides which copies in memory may be used without asking Redis. Each write publishes its key on a
 * channel. A copy of that key is not used again; after a gap in the channel, no older copy is used.
 */
export class NearCopies {
  readonly #port: RedisPort;
  readonly #keys: KeyspaceKeys;
  readonly #memory: MemoryStore;
  readonly #clock: Clock;
  readonly #stamps: HybridClock;
  // A read that was under way when the notice came may bring the old value after it.
  readonly #notices = new BoundedMap<string, Stamp>(MAX_NOTICES);
  #trustedSince = Infinity;
  #stopListening: Stop | null = null;
  #stopRetry: Stop | null = null;
  #isClosed = false;

  constructor(
    port: RedisPort,
    keys: KeyspaceKeys,
    { memory, clock, stamps }: Pick<KeyspaceDeps, 'memory' | 'clock' | 'stamps'>,
  ) {
    this.#port = port;
    this.#keys = keys;
    this.#memory = memory;
    this.#clock = clock;
    this.#stamps = stamps;
    void this.#listen();
  }

  /** Copies last written or confirmed before this moment must not be used; `Infinity` means that none may. */
  get trustedSince(): number {
    return this.#trustedSince;
  }

  /**
   * Checks a copy that has just come from Redis. A notice that arrived meanwhile may be of a later write,
   * or a notice may have been missed meanwhile: then the copy is distrusted.
   *
   * @param askedAt - when Redis was asked, by `clock.now()`
   */
  review(key: string, stamp: Stamp, askedAt: number): void {
    const notice = this.#notices.get(key);
    const isOutdated = notice !== undefined && compareStamps(stamp, notice) < 0;
    // Before the channel is listened to, no copy is used anyway.
    const hadGap = this.#trustedSince !== Infinity && askedAt <= this.#trustedSince;
    if (isOutdated || hadGap) this.#memory.distrust(key);
  }

  /** The latest write of a key that another process told of; `null` when none did. */
  noticeOf(key: string): Stamp | null {
    return this.#notices.get(key) ?? null;
  }

  /** Stops listening; no copy is trusted any more. */
  close(): void {
    this.#isClosed = true;
    this.#trustedSince = Infinity;
    this.#stopRetry?.();
    this.#stopListening?.();
  }

  async #listen(): Promise<void> {
    try {
      const stop = await this.#port.listen(
        this.#keys.channel,
        (message) => {
          this.#onNotice(message);
        },
        () => {
          this.#trustedSince = this.#clock.now();
        },
        () => {
          this.#trustedSince = Infinity;
        },
      );
      if (this.#isClosed) stop();
      else {
        this.#stopListening = stop;
        this.#trustedSince = this.#clock.now();
      }
    } catch {
      // Redis is away. Until it is back, every read asks for it anyway.
      if (this.#isClosed) return;
      this.#stopRetry = this.#clock.after(RETRY_MS, () => void this.#listen());
    }
  }

  #onNotice(message: string): void {
    const digits = message.slice(0, STAMP_DIGITS);
    // Anybody may publish anything.
    if (!isStampDigits(digits)) return;
    const stamp = stampOfDigits(digits);
    const key = message.slice(STAMP_DIGITS);
    // What this process writes after the notice is later than the write that the notice is about.
    this.#stamps.observe(stamp);
    this.#notices.set(key, stamp);
    const copy = this.#memory.peek(key);
    const known = copy === null ? null : stampOf(copy.entry);
    if (known !== null && compareStamps(known, stamp) < 0) this.#memory.distrust(key);
  }
}
