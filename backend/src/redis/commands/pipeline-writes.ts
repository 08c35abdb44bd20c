/**
 * The writes of one pipeline that are not over. Replies come in the order of the commands, so when a later
 * command is answered first, the write was refused and waits: it has been overtaken.
 */
export class PipelineWrites {
  readonly #open = new Map<number, Promise<boolean>>();
  #added = 0;

  /** The place of the next write. */
  get place(): number {
    return this.#added;
  }

  /** Adds the next write of the pipeline. */
  add(write: Promise<unknown>): void {
    const place = this.#added++;
    const end = (isDone: boolean): boolean => {
      this.#open.delete(place);
      return isDone;
    };
    this.#open.set(
      place,
      write.then(
        () => end(true),
        () => end(false),
      ),
    );
  }

  /** Returns the writes before a place that are not over; each resolves with whether it was executed. */
  openBefore(place: number): Promise<boolean>[] {
    const found: Promise<boolean>[] = [];
    for (const [at, outcome] of this.#open) {
      if (at >= place) break;
      found.push(outcome);
    }
    return found;
  }
}
