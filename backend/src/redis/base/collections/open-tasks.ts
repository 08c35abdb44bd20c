/** All tasks under way, so that closing can wait for them. */
export class OpenTasks {
  readonly #open = new Set<Promise<unknown>>();

  /** How many there are. */
  get size(): number {
    return this.#open.size;
  }

  /** Remembers a task until it ends. Its failure is handled by other code that waits for it. */
  add(task: Promise<unknown>): void {
    this.#open.add(task);
    const end = (): void => {
      this.#open.delete(task);
    };
    task.then(end, end);
  }

  /** Resolves when no task is left, including tasks that are added meanwhile. */
  async untilNone(): Promise<void> {
    while (this.#open.size > 0) await Promise.allSettled(this.#open);
  }
}
