const WEIGHT_OF_NEWEST = 0.4;
const TIMES_USUAL = 3;

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
  #isStalled = false;

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

  /** Whether the node is stalled. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** Starts the time: something was sent to a node that had nothing to answer. */
  start(now: number): void {
    this.#progressAt = now;
  }

  /** Checks whether bytes have arrived. Returns whether {@link StallWatch.isStalled} changed. */
  look(bytes: number, owesAnswers: boolean, now: number): boolean {
    if (bytes !== this.#bytes || !owesAnswers) {
      this.#bytes = bytes;
      this.#progressAt = now;
      return this.#set(false);
    }
    const patienceMs = Math.max(this.#leastMs, Math.min(TIMES_USUAL * this.#usualMs, this.#mostMs));
    return now - this.#progressAt >= patienceMs && this.#set(true);
  }

  /** Starts again, for a new connection. */
  reset(now: number): void {
    this.#isStalled = false;
    this.#bytes = 0;
    this.#progressAt = now;
  }

  #set(isStalled: boolean): boolean {
    if (this.#isStalled === isStalled) return false;
    this.#isStalled = isStalled;
    return true;
  }
}
