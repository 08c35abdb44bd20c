/** Runs work in a context of the subscriber's own, and returns what the work returns. */
export type Surround = <T>(work: () => T) => T;

/**
 * Something that the application has asked for, as subscribers of the tracing channels see it. It holds names and
 * numbers, never a key, a value or a token.
 */
export abstract class Operation {
  /** What came of it, in one word; `null` while that is not known. */
  outcome: string | null = null;
  /** Why it failed; `undefined` if it did not. */
  error: unknown = undefined;
  #surround: Surround | null = null;

  /**
   * Runs the work of this operation inside of `surround`. For subscribers of `start` whose context cannot be bound to
   * the channel, such as that of OpenTelemetry.
   */
  surroundWith(surround: Surround): void {
    const before = this.#surround;
    this.#surround = before === null ? surround : (work) => before(() => surround(work));
  }

  /** @internal Runs a part of the work of this operation. */
  run<T>(work: () => T): T {
    const surround = this.#surround;
    return surround === null ? work() : surround(work);
  }
}
