/** Something that was sent and is not answered yet. The list owns the links. */
export interface InflightItem {
  nextInflight: InflightItem | null;
  previousInflight: InflightItem | null;
  inflightIn: object | null;
}

/**
 * What was sent over one connection and is not answered yet, oldest first. A linked list and not a
 * Set: V8 keeps the old tables of a Set that has grown, each linked to the next. Once one of them is
 * in the old generation, whatever passes through the Set survives young-generation collections.
 * Measured: each collection copied 24 % of the heap with a Set, and 1 % with this list.
 */
export class InflightList<T extends InflightItem> {
  #first: T | null = null;
  #last: T | null = null;
  /** The number of items. Only the list itself changes it. */
  size = 0;

  /** Adds the newest item. */
  add(item: T): void {
    item.inflightIn = this;
    item.previousInflight = this.#last;
    if (this.#last === null) this.#first = item;
    else this.#last.nextInflight = item;
    this.#last = item;
    this.size++;
  }

  /** Removes an item. Returns false if it was removed before, because its connection was closed. */
  remove(item: T): boolean {
    if (item.inflightIn !== this) return false;
    item.inflightIn = null;
    const next = item.nextInflight as T | null;
    const previous = item.previousInflight as T | null;
    if (previous === null) this.#first = next;
    else previous.nextInflight = next;
    if (next === null) this.#last = previous;
    else next.previousInflight = previous;
    item.nextInflight = null;
    item.previousInflight = null;
    this.size--;
    return true;
  }

  /** Returns a copy of the list. */
  toArray(): T[] {
    const items: T[] = [];
    for (let item = this.#first; item !== null; item = item.nextInflight as T | null) {
      items.push(item);
    }
    return items;
  }

  /** Removes and returns all items. */
  drain(): T[] {
    const items = this.toArray();
    for (const item of items) this.remove(item);
    return items;
  }
}
