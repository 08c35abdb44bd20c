/** A key with its count, and where it stands in the heap. */
export interface HeapItem {
  readonly key: string;
  count: number;
  at: number;
}

/** The keys with the highest counts, the one with the lowest of them on top. */
export class TopHeap {
  readonly #items: HeapItem[] = [];
  readonly #byKey = new Map<string, HeapItem>();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  get items(): readonly HeapItem[] {
    return this.#items;
  }

  /** Takes a key in if its count is high enough. */
  offer(key: string, count: number): void {
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      if (count <= known.count) return;
      known.count = count;
      this.#sink(known);
      return;
    }
    const item = { key, count, at: this.#items.length };
    if (this.#items.length < this.#size) {
      this.#items.push(item);
      this.#byKey.set(key, item);
      this.#rise(item);
      return;
    }
    const [least] = this.#items;
    if (least === undefined || count <= least.count) return;
    this.#byKey.delete(least.key);
    this.#byKey.set(key, item);
    this.#put(item, 0);
    this.#sink(item);
  }

  /** Multiplies all counts. */
  fade(factor: number): void {
    for (const item of this.#items) item.count *= factor;
  }

  #rise(item: HeapItem): void {
    while (item.at > 0) {
      const up = (item.at - 1) >> 1;
      const above = this.#items[up];
      if (above === undefined || above.count <= item.count) return;
      this.#put(above, item.at);
      this.#put(item, up);
    }
  }

  #sink(item: HeapItem): void {
    for (;;) {
      const left = this.#items[2 * item.at + 1];
      const right = this.#items[2 * item.at + 2];
      const lesser =
        right !== undefined && left !== undefined && right.count < left.count ? right : left;
      if (lesser === undefined || lesser.count >= item.count) return;
      const down = lesser.at;
      this.#put(lesser, item.at);
      this.#put(item, down);
    }
  }

  #put(item: HeapItem, at: number): void {
    item.at = at;
    this.#items[at] = item;
  }
}
