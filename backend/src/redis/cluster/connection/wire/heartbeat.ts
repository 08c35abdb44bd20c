import { Pulse, type Clock } from '../../../base/timing/index.js';

/** What a {@link Heartbeat} asks, and whom it tells. */
export interface HeartbeatDeps {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Sends the question. Its rejection counts as no answer. */
  readonly ask: () => Promise<unknown>;
  readonly onAnswer: (answer: unknown, sentAt: number) => void;
  /** The question has not been answered in time. Called again at each beat until it is. */
  readonly onSilence: () => void;
}

// A timer may come a fraction early.
const MIN_MS = 1;

/**
 * Asks the other side of a connection at a steady interval, one question at a time. Judges its silence
 * only after the input that has arrived: a pause of this process is not a silence of the other side.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #deps: HeartbeatDeps;
  readonly #pulse: Pulse;
  #sentAt: number | null = null;
  #round = 0;

  constructor(clock: Clock, deps: HeartbeatDeps) {
    this.#clock = clock;
    this.#deps = deps;
    this.#pulse = new Pulse(
      clock,
      () => this.#untilNextMs(),
      () => this.#beat(),
    );
  }

  /** Whether a question is not answered yet. */
  get isWaiting(): boolean {
    return this.#sentAt !== null;
  }

  /** Begins, for a new connection. */
  start(): void {
    this.#pulse.wake();
  }

  /** Ends, because the connection is lost. An answer that still comes is ignored. */
  stop(): void {
    this.#round++;
    this.#sentAt = null;
    this.#pulse.stop();
  }

  /** Asks now, unless a question is not answered yet. Returns whether it asked. */
  ask(): boolean {
    if (this.#sentAt !== null) return false;
    const round = this.#round;
    const sentAt = this.#clock.now();
    this.#sentAt = sentAt;
    this.#deps.ask().then(
      (answer) => {
        if (this.#round !== round) return;
        this.#sentAt = null;
        this.#deps.onAnswer(answer, sentAt);
      },
      () => {
        if (this.#round === round) this.#sentAt = null;
      },
    );
    return true;
  }

  // A silence is told when its time is over, not at the beat after it.
  #untilNextMs(): number {
    const { intervalMs } = this.#deps;
    const leftMs = this.#leftMs();
    return leftMs > 0 ? Math.min(intervalMs, Math.max(leftMs, MIN_MS)) : intervalMs;
  }

  #leftMs(): number {
    return this.#sentAt === null ? 0 : this.#sentAt + this.#deps.timeoutMs - this.#clock.now();
  }

  #beat(): boolean {
    if (this.#sentAt === null) this.ask();
    else if (this.#leftMs() <= 0) this.#deps.onSilence();
    return true;
  }
}
