/** Runs what concerns one key one after the other, and different keys side by side. */
export class KeyedTurns {
  readonly #last = new Map<string, Promise<void>>();

  /** How many keys have something under way. */
  get size(): number {
    return this.#last.size;
  }

  /** Runs `work` after all that was handed in for this key before, however that ended. */
  async run<R>(key: string, work: () => Promise<R>): Promise<R> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(work);
    const ended = mine.then(nothing, nothing);
    this.#last.set(key, ended);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === ended) this.#last.delete(key);
    }
  }
}

function nothing(): void {
  // Its outcome is for the caller.
}
