const WEIGHT_OF_NEWEST = 0.4;
const TIMES_USUAL = 3;

/**
 * Notices a node that owes answers and sends nothing. It is not given up: it merely gets no further
 * commands until it speaks, since whatever it holds unread nobody can take back.
 */
export class StallWatch {
  readonly #leastMs: number;
  readonly #mostMs: number;
  #usualMs = 0;
  #bytes = 0;
  #progressAt = 0;
  #isStalled = false;

  /**
   * @param leastMs - silence of this length is the least that counts
   * @param mostMs - silence of this length always counts, however slow the node usually is
   */
  constructor(leastMs: number, mostMs: number) {
    this.#leastMs = leastMs;
    this.#mostMs = mostMs;
  }

  /** Learns how long answers usually take: a slow network is not silence. */
  learn(roundTripMs: number): void {
    const sample = Math.min(roundTripMs, this.#mostMs);
    this.#usualMs += (sample - this.#usualMs) * WEIGHT_OF_NEWEST;
  }

  /** True while the node is silent. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** Something was sent to a node that owed nothing: its time starts now. */
  start(now: number): void {
    this.#progressAt = now;
  }

  /** Looks at what has arrived. Answers whether the verdict changed. */
  look(bytes: number, owesAnswers: boolean, now: number): boolean {
    if (bytes !== this.#bytes || !owesAnswers) {
      this.#bytes = bytes;
      this.#progressAt = now;
      return this.#set(false);
    }
    const patienceMs = Math.max(this.#leastMs, Math.min(TIMES_USUAL * this.#usualMs, this.#mostMs));
    return now - this.#progressAt >= patienceMs && this.#set(true);
  }

  /** Begins anew, on a new connection. */
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
