/** Something with a deadline. The list owns the links. */
export interface Deadlined {
  readonly deadlineAt: number;
  readonly timeoutMs: number;
  expire(): void;
  nextDeadline: Deadlined | null;
  previousDeadline: Deadlined | null;
  deadlineQueue: DeadlineQueue | null;
}

/** The items with the same timeout, oldest first: the first is always the next to expire. */
export interface DeadlineQueue {
  first: Deadlined | null;
  last: Deadlined | null;
}

/**
 * The deadlines of everything under way. Adding and removing cost only a few assignments: thousands of
 * commands a second are added, and almost all are answered long before their deadline.
 */
export class DeadlineList {
  readonly #queues = new Map<number, DeadlineQueue>();
  #size = 0;

  /** The number of items. */
  get size(): number {
    return this.#size;
  }

  /** Adds an item whose deadline is `timeoutMs` from now. */
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

  /** Removes an item. Does nothing if it is not in the list. */
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
    // Callers may compute timeouts, so there may be many: empty queues must not pile up.
    if (queue.first === null && this.#queues.size > 16) this.#queues.delete(item.timeoutMs);
  }

  /** Removes and expires all items whose deadline has passed. */
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

  /** Goes through all items, which may be removed meanwhile. */
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
