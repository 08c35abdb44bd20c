/** Something that must be over at some time. The links belong to the list. */
export interface Deadlined {
  readonly deadlineAt: number;
  readonly timeoutMs: number;
  expire(): void;
  nextDeadline: Deadlined | null;
  previousDeadline: Deadlined | null;
  deadlineLane: DeadlineLane | null;
}

/** Those with the same timeout, oldest first: the first is always the next to expire. */
export interface DeadlineLane {
  first: Deadlined | null;
  last: Deadlined | null;
}

/**
 * The deadlines of everything under way. Adding and removing cost a few assignments, because almost
 * every command is answered long before its deadline and thousands come and go each second.
 */
export class DeadlineList {
  readonly #lanes = new Map<number, DeadlineLane>();
  #size = 0;

  /** How many are under way. */
  get size(): number {
    return this.#size;
  }

  /** Adds one; its deadline lies `timeoutMs` in the future. */
  add(item: Deadlined): void {
    let lane = this.#lanes.get(item.timeoutMs);
    if (lane === undefined) {
      lane = { first: null, last: null };
      this.#lanes.set(item.timeoutMs, lane);
    }
    item.deadlineLane = lane;
    item.previousDeadline = lane.last;
    if (lane.last === null) lane.first = item;
    else lane.last.nextDeadline = item;
    lane.last = item;
    this.#size++;
  }

  /** Takes one out. Harmless for one that is not in. */
  remove(item: Deadlined): void {
    const lane = item.deadlineLane;
    if (lane === null) return;
    item.deadlineLane = null;
    if (item.previousDeadline === null) lane.first = item.nextDeadline;
    else item.previousDeadline.nextDeadline = item.nextDeadline;
    if (item.nextDeadline === null) lane.last = item.previousDeadline;
    else item.nextDeadline.previousDeadline = item.previousDeadline;
    item.previousDeadline = null;
    item.nextDeadline = null;
    this.#size--;
    // Timeouts may be computed by callers, so empty lanes must not pile up.
    if (lane.first === null && this.#lanes.size > 16) this.#lanes.delete(item.timeoutMs);
  }

  /** Takes out and expires all whose time has come. */
  expireUntil(now: number): void {
    for (const lane of this.#lanes.values()) {
      let item = lane.first;
      while (item !== null && item.deadlineAt <= now) {
        this.remove(item);
        item.expire();
        item = lane.first;
      }
    }
  }

  /** Everything under way. */
  *[Symbol.iterator](): Iterator<Deadlined> {
    for (const lane of [...this.#lanes.values()]) {
      for (let item = lane.first; item !== null;) {
        const next: Deadlined | null = item.nextDeadline;
        yield item;
        item = next;
      }
    }
  }
}
