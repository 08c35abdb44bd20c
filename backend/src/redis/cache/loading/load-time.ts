/** The time of a load, or of several that are loaded together. It ends early, or never. */
export class LoadTime {
  /** How many loads have this time. */
  users = 0;
  readonly #waiting = new Set<(reason: Error) => void>();
  #over: { readonly reason: Error } | null = null;
  #controller: AbortController | null = null;

  /** Whether the time is over. */
  get isOver(): boolean {
    return this.#over !== null;
  }

  /** The error to end with, once the time is over. */
  get reason(): unknown {
    return this.#over?.reason;
  }

  /** Fires when the time is over, with that reason. Made for whoever asks: most loaders do not. */
  get signal(): AbortSignal {
    const controller = (this.#controller ??= new AbortController());
    if (this.#over !== null && !controller.signal.aborted) controller.abort(this.#over.reason);
    return controller.signal;
  }

  /** The time is over. */
  end(reason: Error): void {
    if (this.#over !== null) return;
    this.#over = { reason };
    this.#controller?.abort(reason);
    for (const refuse of this.#waiting) refuse(reason);
    this.#waiting.clear();
  }

  /** What work answers, unless the time is over first: then it fails. What comes of the work later is ignored. */
  within<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, refuse: (reason: unknown) => void) => {
      const settled = <R>(settle: (outcome: R) => void): ((outcome: R) => void) => {
        return (outcome) => {
          this.#waiting.delete(refuse);
          settle(outcome);
        };
      };
      if (this.#over === null) this.#waiting.add(refuse);
      else refuse(this.#over.reason);
      work.then(settled(resolve), settled(refuse));
    });
  }
}
