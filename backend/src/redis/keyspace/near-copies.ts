import { CommandRejectedError } from '../base/errors/index.js';
import { inBackground, type Clock, type Stop } from '../base/timing/index.js';
import { use } from '../base/collections/index.js';
import { type Entry, stampOf } from './store/entry.js';
import { type MemoryCopy, ShortKeys } from './store/memory-records.js';
import type { MemoryStore } from './store/memory-store.js';
import type { RedisPort } from './store/redis-port.js';
import {
  compareStamps,
  type HybridClock,
  isStampDigits,
  type Stamp,
  STAMP_DIGITS,
  stampOfDigits,
} from './store/stamp.js';
import type { KeyspaceDeps } from './keyspace-deps.js';
import type { KeyspaceKeys } from './keyspace-keys.js';

const RETRY_MS = 1_000;
// A replica that is further behind has lost its primary, or soon will.
const CATCH_UP_MS = 5_000;
// So that it remains a small number, whatever the options say.
const MAX_PASS_MS = 86_400_000;
// Calendars go by that of Redis. What is further ahead was not written by a process of this application.
const MAX_NOTICE_AHEAD_MS = 5_000;

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
  readonly #onRefused: () => void;
  // A read that was under way when the notice came may bring the old value after it.
  readonly #notices = new HeardNotices();
  readonly #passed = new ShortKeys();
  readonly #calendarFrom: number;
  #passRound = 1;
  #trustedSince = Infinity;
  #stopListening: Stop | null = null;
  #stopFlushes: Stop | null = null;
  #stopRetry: Stop | null = null;
  #isClosed = false;
  #isAwake = false;
  // What belongs to an earlier time of listening counts no more.
  #round = 0;

  /** @param onRefused - called each time that Redis refuses to let this process listen */
  constructor(
    port: RedisPort,
    keys: KeyspaceKeys,
    { memory, clock, stamps }: Pick<KeyspaceDeps, 'memory' | 'clock' | 'stamps'>,
    onRefused: () => void,
  ) {
    this.#onRefused = onRefused;
    this.#port = port;
    this.#keys = keys;
    this.#memory = memory;
    this.#clock = clock;
    this.#stamps = stamps;
    this.#calendarFrom = Math.floor(clock.wallTime());
  }

  /** Listens from now on. Copies may be used when it hears. */
  wake(): void {
    if (this.#isAwake || this.#isClosed) return;
    this.#isAwake = true;
    this.#stopFlushes =
      this.#port.onFlush?.(() => {
        this.#onFlush();
      }) ?? null;
    void inBackground(() => this.#listen(++this.#round));
  }

  /** Listens no more until it is woken; until then no copy is used. */
  rest(): void {
    this.#isAwake = false;
    this.#round++;
    this.#trust(Infinity);
    this.#stopRetry?.();
    this.#stopRetry = null;
    this.#stopListening?.();
    this.#stopListening = null;
    this.#stopFlushes?.();
    this.#stopFlushes = null;
  }

  /** Copies last written or confirmed before this moment must not be used; `Infinity` means that none may. */
  get trustedSince(): number {
    return this.#trustedSince;
  }

  /**
   * Whether a replica may lack a change that was told before this process heard: nobody tells it again, so what the replica
   * answers must not become a copy.
   */
  get catchesUp(): boolean {
    return this.#trustedSince !== Infinity && this.#clock.now() - this.#trustedSince < CATCH_UP_MS;
  }

  /**
   * Checks a copy that has just come from Redis. A notice that arrived meanwhile may be of another write that
   * won, or a notice may have been missed or forgotten meanwhile: then the copy is distrusted.
   *
   * @param askedAt - when Redis was asked, by `clock.now()`
   */
  review(key: string, stamp: Stamp, askedAt: number): void {
    const notice = this.#notices.get(key);
    const order = notice === undefined ? 0 : compareStamps(stamp, notice.stamp);
    // The end of a key that is never used again wins with an earlier stamp, too.
    const isOutdated =
      order < 0 || (order > 0 && notice !== undefined && askedAt <= notice.heardAt);
    // Before the channel is listened to, no copy is used anyway.
    const hadGap = this.#trustedSince !== Infinity && askedAt <= this.#trustedSince;
    if (isOutdated || hadGap || askedAt <= this.#notices.forgottenAt) this.#memory.distrust(key);
  }

  /**
   * Returns a copy that has a pass: it may answer without being judged. Counts as use.
   *
   * @param key - as the caller of the keyspace gave it
   */
  passed(key: string, now: number): MemoryCopy | null {
    const record = this.#passed.get(key);
    if (record === undefined) return null;
    const calendar = this.#clock.wallTime(now) - this.#calendarFrom;
    if (!record.hasPass(this.#passRound, now, calendar)) return null;
    use(record);
    return record;
  }

  /**
   * Gives a pass to a copy that was found to be fresh and trusted: until its time is over, or something is heard of it,
   * or it makes room.
   *
   * @param key - as the caller of the keyspace gave it
   * @param nearMs - how old the copy may get
   */
  pass(key: string, copy: MemoryCopy, entry: Entry, nearMs: number): void {
    const now = this.#clock.now();
    const latest = now + MAX_PASS_MS;
    const until = Math.floor(Math.min(copy.expiresAt, copy.heardAt + nearMs, latest));
    const freshUntil = entry.freshUntil === 0 ? Infinity : entry.freshUntil;
    const calendar = Math.min(freshUntil, this.#clock.wallTime(now) + MAX_PASS_MS);
    copy.givePass(key, entry, {
      list: this.#passed,
      round: this.#passRound,
      until,
      freshUntil: Math.floor(calendar - this.#calendarFrom),
    });
  }

  /** The latest write of a key that another process told of; `null` when none did. */
  noticeOf(key: string): Stamp | null {
    return this.#notices.get(key)?.stamp ?? null;
  }

  /** Stops listening; no copy is trusted any more. */
  close(): void {
    this.#isClosed = true;
    this.rest();
  }

  async #listen(round: number): Promise<void> {
    const trustSince = (since: number): void => {
      if (round === this.#round) this.#trust(since);
    };
    try {
      const stop = await this.#port.listen(
        this.#keys.channel,
        (message) => {
          if (round === this.#round) this.#onNotice(message);
        },
        () => {
          trustSince(this.#clock.now());
        },
        (refusal) => {
          trustSince(Infinity);
          if (refusal !== undefined && round === this.#round) this.#onRefused();
        },
      );
      if (round !== this.#round) {
        stop();
        return;
      }
      this.#stopListening = stop;
    } catch (error) {
      // Until Redis is back, or lets it listen, every read asks for it anyway.
      if (round !== this.#round) return;
      if (error instanceof CommandRejectedError) this.#onRefused();
      this.#stopRetry = this.#clock.after(RETRY_MS, () => void this.#listen(round));
    }
  }

  // No notice names what is gone. A read that was under way may have come before.
  #onFlush(): void {
    if (this.#trustedSince !== Infinity) this.#trust(this.#clock.now());
  }

  #trust(since: number): void {
    this.#trustedSince = since;
    this.#passRound++;
  }

  #onNotice(message: string): void {
    const digits = message.slice(0, STAMP_DIGITS);
    // Anybody may publish anything.
    if (!isStampDigits(digits) || message.length > MAX_NOTICE_LENGTH) return;
    const key = message.slice(STAMP_DIGITS);
    if (!this.#keys.isEntry(key)) return;
    const stamp = stampOfDigits(digits);
    const copy = this.#memory.peek(key);
    const known = copy === null ? null : stampOf(copy.entry);
    if (known !== null && compareStamps(known, stamp) !== 0) this.#memory.distrust(key);
    // The next read says what is true. Until then a wrong calendar must not count as news for longer.
    if (stamp.wallMs > this.#clock.wallTime() + MAX_NOTICE_AHEAD_MS) return;
    // What this process writes after the notice is later than the write that the notice is about.
    this.#stamps.observe(stamp);
    this.#notices.add(key, { stamp, heardAt: this.#clock.now() });
  }
}

/** The stamp of a write that was told of, and when. */
interface Notice {
  readonly stamp: Stamp;
  readonly heardAt: number;
}

const MAX_KEY_BYTES = 2_048;
const MAX_NOTICE_LENGTH = STAMP_DIGITS + MAX_KEY_BYTES;
const MAX_NOTICES = 10_000;
const MAX_NOTICE_BYTES = 2_097_152;
const NOTICE_BYTES = 128;

/** The latest notice of each key, within bounds of number and bytes. The oldest are forgotten first. */
class HeardNotices {
  readonly #notices = new Map<string, Notice>();
  #bytes = 0;
  /** When the latest of those that were forgotten had come: a read from before may have missed it. */
  forgottenAt = -Infinity;

  get(key: string): Notice | undefined {
    return this.#notices.get(key);
  }

  add(key: string, notice: Notice): void {
    this.#forget(key);
    this.#notices.set(key, notice);
    this.#bytes += weightOf(key);
    for (const [oldest, { heardAt }] of this.#notices) {
      if (this.#notices.size <= MAX_NOTICES && this.#bytes <= MAX_NOTICE_BYTES) return;
      this.#forget(oldest);
      this.forgottenAt = heardAt;
    }
  }

  #forget(key: string): void {
    if (this.#notices.delete(key)) this.#bytes -= weightOf(key);
  }
}

function weightOf(key: string): number {
  return NOTICE_BYTES + 2 * key.length;
}
