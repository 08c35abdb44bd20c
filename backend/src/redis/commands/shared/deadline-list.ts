/** Something that must be over at some time. The links belong to the list. */
export interface Deadlined {
  readonly deadlineAt: number;
  readonly timeoutMs: number;
  expire(): void;
  nextDeadline: Deadlined | null;
  previousDeadline: Deadlined | null;
  deadlineQueue: DeadlineQueue | null;
}

/** Those with the same timeout, oldest first: the first is always the next to expire. */
export interface DeadlineQueue {
  first: Deadlined | null;
  last: Deadlined | null;
}

/**
 * The deadlines of everything under way. Adding and removing cost a few assignments, because almost
 * every command is answered long before its deadline and thousands come and go each second.
 */
export class DeadlineList {
  readonly #queues = new Map<number, DeadlineQueue>();
  #size = 0;

  /** How many are under way. */
  get size(): number {
    return this.#size;
  }

  /** Adds one; its deadline lies `timeoutMs` in the future. */
  add(item: Deadlined): void {
    let queue = this.#queues.get(item.timeoutMs);
    if (queue === undefined) {
      queue = { first: null, last: null };
      this.#queues.set(item.timeoutMs, queue);
    }
    item.deadlineQueue = queue;
    item.previousDeadline = queue.last;
    if (queue.last === null) queue.first = item;
    else queue.last.nextDeadline = item;
    queue.last = item;
    this.#size++;
  }

  /** Takes one out. Harmless for one that is not in. */
  remove(item: Deadlined): void {
    const queue = item.deadlineQueue;
    if (queue === null) return;
    item.deadlineQueue = null;
    if (item.previousDeadline === null) queue.first = item.nextDeadline;
    else item.previousDeadline.nextDeadline = item.nextDeadline;
    if (item.nextDeadline === null) queue.last = item.previousDeadline;
    else item.nextDeadline.previousDeadline = item.previousDeadline;
    item.previousDeadline = null;
    item.nextDeadline = null;
    this.#size--;
    // Timeouts may be computed by callers, so empty queues must not pile up.
    if (queue.first === null && this.#queues.size > 16) this.#queues.delete(item.timeoutMs);
  }

  /** Takes out and expires all whose time has come. */
  expireUntil(now: number): void {
    for (const queue of this.#queues.values()) {
      let item = queue.first;
      while (item !== null && item.deadlineAt <= now) {
        this.remove(item);
        item.expire();
        item = queue.first;
      }
    }
  }

  /** Everything under way. */
  *[Symbol.iterator](): Iterator<Deadlined> {
    for (const queue of [...this.#queues.values()]) {
      for (let item = queue.first; item !== null;) {
        const next: Deadlined | null = item.nextDeadline;
        yield item;
        item = next;
      }
    }
  }
}
