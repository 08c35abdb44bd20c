import type { ReplayReport } from '../../base/events/index.js';
import {
  atDeadline,
  endsWithin,
  inBackground,
  type Clock,
  type Stop,
} from '../../base/timing/index.js';
import type { Guard } from '../breaker/guard.js';
import type { OwnWrites } from './own-writes.js';
import type { Replay } from './replay.js';

const RETRY_MS = 250;
const MAX_RETRY_MS = 10_000;

/** What the loop reports. */
interface ReplayListener {
  /** Some of the journal is in Redis now. */
  onReplayed(report: ReplayReport): void;
  /** A run began or ended. */
  onChange(): void;
}

/** Replays the journal whenever it holds something and the breaker lets it. One run at a time. */
export class ReplayLoop {
  readonly #own: OwnWrites;
  readonly #replay: Replay;
  readonly #guard: Guard;
  readonly #clock: Clock;
  readonly #listener: ReplayListener;
  readonly #closed = new AbortController();
  #isClosing = false;
  #run: Promise<void> | null = null;
  #stopRetry: Stop | null = null;
  // Grows with each run that fails, or leaves something: what nothing changes about is not tried over and over.
  #retryMs = RETRY_MS;

  constructor(
    parts: { own: OwnWrites; replay: Replay; guard: Guard },
    clock: Clock,
    listener: ReplayListener,
  ) {
    this.#own = parts.own;
    this.#replay = parts.replay;
    this.#guard = parts.guard;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Starts a run if there is something to replay and Redis accepts writes. */
  wake(): void {
    const isFree = this.#run === null && this.#stopRetry === null && !this.#isClosing;
    if (!isFree || this.#own.entries === 0 || !this.#guard.isOpen) return;
    this.#run = inBackground(() => this.#runOnce()).finally(() => {
      this.#run = null;
      this.#listener.onChange();
      // A record may have been added after the run looked for the last time.
      this.wake();
    });
  }

  /** The same, without the rest of the pause after a failed run. */
  hurry(): void {
    this.#stopRetry?.();
    this.#stopRetry = null;
    this.#retryMs = RETRY_MS;
    this.wake();
  }

  /**
   * Starts no further run, and gives the present one some time: what is replayed now
   * need not wait for the next start, and without a file it would be lost.
   */
  async close(graceMs: number): Promise<void> {
    this.hurry();
    this.#isClosing = true;
    if (this.#run === null) return;
    await endsWithin(this.#run, atDeadline(this.#clock, graceMs));
    // Whatever it still waits for ends with the connections.
    this.#closed.abort();
  }

  async #runOnce(): Promise<void> {
    const generation = this.#guard.breaker.permit();
    if (generation === null) return;
    try {
      const report = await this.#replay.run(this.#closed.signal);
      this.#guard.breaker.succeed(generation);
      this.#listener.onReplayed(report);
      if (this.#replay.hasLeftSome) this.#tryLater();
      else this.#retryMs = RETRY_MS;
    } catch (error) {
      this.#guard.learn(error, generation);
      this.#tryLater();
    }
  }

  #tryLater(): void {
    if (this.#isClosing) return;
    this.#stopRetry = this.#clock.hold(this.#retryMs, () => {
      this.#stopRetry = null;
      this.wake();
    });
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }
}
