const WEIGHT_OF_NEWEST = 0.4;
const TIMES_USUAL = 3;

// A node that was silent for so many times the shortest stall is busy with something long, or dead.
const TIMES_TO_SILENCE = 10;

/** What a {@link StallWatch} has noticed. */
export type StallChange = 'stalled' | 'silent' | 'recovered';

/**
 * Notices a stalled node: one that has commands to answer and sends nothing. Its connection is kept.
 * It only gets no further commands until it sends something, since a command in its socket cannot be
 * taken back.
 */
export class StallWatch {
  readonly #leastMs: number;
  readonly #mostMs: number;
  #usualMs = 0;
  #bytes = 0;
  #progressAt = 0;
  /** Whether the node is stalled. Only the watch itself changes it. */
  isStalled = false;
  #isSilent = false;

  /**
   * @param leastMs - a silence shorter than this never counts
   * @param mostMs - a silence of this length always counts, however slow the node usually is
   */
  constructor(leastMs: number, mostMs: number) {
    this.#leastMs = leastMs;
    this.#mostMs = mostMs;
  }

  /** Takes the round-trip time of an answer into account: a slow network is not a silent node. */
  learn(roundTripMs: number): void {
    const sample = Math.min(roundTripMs, this.#mostMs);
    this.#usualMs += (sample - this.#usualMs) * WEIGHT_OF_NEWEST;
  }

  /** How long nothing has moved on the connection, in ms. */
  quietMs(now: number): number {
    return now - this.#progressAt;
  }

  /** Starts the time: something was sent to a node that had nothing to answer. */
  start(now: number): void {
    this.#progressAt = now;
  }

  /** Checks whether bytes have moved. Returns what has changed, if anything. */
  look(bytes: number, owesAnswers: boolean, now: number): StallChange | null {
    if (bytes !== this.#bytes || !owesAnswers) {
      this.#bytes = bytes;
      this.#progressAt = now;
      this.#isSilent = false;
      return this.isStalled ? this.#become(false) : null;
    }
    const patienceMs = Math.max(this.#leastMs, Math.min(TIMES_USUAL * this.#usualMs, this.#mostMs));
    const quietMs = this.quietMs(now);
    if (!this.isStalled) return quietMs >= patienceMs ? this.#become(true) : null;
    if (this.#isSilent || quietMs < patienceMs + TIMES_TO_SILENCE * this.#leastMs) return null;
    this.#isSilent = true;
    return 'silent';
  }

  /** Starts again, for a new connection. */
  reset(now: number): void {
    this.isStalled = false;
    this.#isSilent = false;
    this.#bytes = 0;
    this.#progressAt = now;
  }

  #become(isStalled: boolean): StallChange {
    this.isStalled = isStalled;
    return isStalled ? 'stalled' : 'recovered';
  }
}
