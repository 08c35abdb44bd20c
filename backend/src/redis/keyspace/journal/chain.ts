/** A place in a chain. */
export interface Place<T> {
  readonly value: T;
  /** Leaves the chain. */
  leave(): void;
}

/**
 * A list in order, from which any value can leave at once. Nothing that has left is held: in a Map, or an
 * array with marks, the first places would be walked over again and again.
 */
export class Chain<T> {
  #first: Link<T> | null = null;
  #last: Link<T> | null = null;

  /** The first value. */
  get first(): T | null {
    return this.#first?.value ?? null;
  }

  /** The last value. */
  get last(): T | null {
    return this.#last?.value ?? null;
  }

  /** Adds a value at the end, or before all at the end that are to come after it. */
  add(value: T, comesBefore: (other: T) => boolean = () => false): Place<T> {
    let before = this.#last;
    while (before !== null && comesBefore(before.value)) before = before.previous;
    const next = before === null ? this.#first : before.next;
    const link: Link<T> = {
      value,
      previous: before,
      next,
      leave: () => {
        this.#remove(link);
      },
    };
    if (before === null) this.#first = link;
    else before.next = link;
    if (next === null) this.#last = link;
    else next.previous = link;
    return link;
  }

  /** All values, in order. A value that leaves meanwhile may be the present one. */
  *[Symbol.iterator](): Generator<T> {
    let link = this.#first;
    while (link !== null) {
      const { next } = link;
      yield link.value;
      link = next;
    }
  }

  #remove(link: Link<T>): void {
    if (link.isGone === true) return;
    link.isGone = true;
    if (link.previous === null) this.#first = link.next;
    else link.previous.next = link.next;
    if (link.next === null) this.#last = link.previous;
    else link.next.previous = link.previous;
  }
}

interface Link<T> extends Place<T> {
  previous: Link<T> | null;
  next: Link<T> | null;
  isGone?: boolean;
}
