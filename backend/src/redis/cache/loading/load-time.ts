const nothing = (): void => undefined;

/** The time of a load, or of several that are loaded together. It ends early, or never. */
export class LoadTime {
  /** How many loads have this time. */
  users = 0;
  /** Fires when the time is over; its reason is the error to end with. */
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  #refuse: (reason: unknown) => void = nothing;
  readonly #over = new Promise<never>((_, refuse) => {
    this.#refuse = refuse;
  });

  constructor() {
    this.signal = this.#controller.signal;
    this.#over.catch(nothing);
  }

  /** The time is over. */
  end(reason: Error): void {
    this.#controller.abort(reason);
    this.#refuse(reason);
  }

  /** What work answers, unless the time is over first: then it fails. What comes of the work later is ignored. */
  within<T>(work: Promise<T>): Promise<T> {
    return Promise.race([this.#over, work]);
  }
}
