/**
 * Notices a node that owes answers and sends nothing. It is not given up: it merely gets no further
 * commands until it speaks, since whatever it holds unread nobody can take back.
 */
export class StallWatch {
  readonly #afterMs: number;
  #bytes = 0;
  #progressAt = 0;
  #isStalled = false;

  constructor(afterMs: number) {
    this.#afterMs = afterMs;
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
    return now - this.#progressAt >= this.#afterMs && this.#set(true);
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
