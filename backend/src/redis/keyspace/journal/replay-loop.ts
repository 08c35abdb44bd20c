import type { ReplayReport } from '../../base/events/index.js';
import { atDeadline, endsWithin, type Clock, type Stop } from '../../base/timing/index.js';
import type { CircuitBreaker } from '../breaker/circuit-breaker.js';
import { isAnswer } from '../breaker/guard.js';
import type { JournalReplay } from './journal-replay.js';
import type { WriteJournal } from './write-journal.js';

const RETRY_MS = 250;

/** What the loop reports. */
export interface ReplayListener {
  /** Some of the journal is in Redis now. */
  onReplayed(report: ReplayReport): void;
  /** A run began or ended. */
  onChange(): void;
}

/** Replays the journal whenever it holds something and the breaker lets it. One run at a time. */
export class ReplayLoop {
  readonly #journal: WriteJournal;
  readonly #replay: JournalReplay;
  readonly #breaker: CircuitBreaker;
  readonly #clock: Clock;
  readonly #listener: ReplayListener;
  readonly #closed = new AbortController();
  #isClosing = false;
  #run: Promise<void> | null = null;
  #stopRetry: Stop | null = null;

  constructor(
    parts: { journal: WriteJournal; replay: JournalReplay; breaker: CircuitBreaker },
    clock: Clock,
    listener: ReplayListener,
  ) {
    this.#journal = parts.journal;
    this.#replay = parts.replay;
    this.#breaker = parts.breaker;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** Starts a run if there is something to replay and Redis accepts writes. */
  wake(): void {
    const isFree = this.#run === null && this.#stopRetry === null && !this.#isClosing;
    if (!isFree || this.#journal.entries === 0 || this.#breaker.state.kind !== 'closed') return;
    this.#run = this.#runOnce().finally(() => {
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
    const generation = this.#breaker.permit();
    if (generation === null) return;
    try {
      const report = await this.#replay.run(this.#closed.signal);
      this.#breaker.succeed(generation);
      this.#listener.onReplayed(report);
    } catch (error) {
      // A Redis that refuses everything, for example because it is full, is not away.
      if (isAnswer(error)) this.#breaker.succeed(generation);
      else this.#breaker.fail(generation);
      if (this.#isClosing) return;
      this.#stopRetry = this.#clock.hold(RETRY_MS, () => {
        this.#stopRetry = null;
        this.wake();
      });
    }
  }
}
