/** Something under way for a key. The table owns the link. */
export interface KeyedItem {
  readonly key: string;
  nextInBucket: KeyedItem | null;
}

const FIRST_BUCKETS = 256;
// Names differ mostly at their end.
const HASHED_LETTERS = 16;

/**
 * What is under way, by key. Not a Map, for the reason for which {@link InflightList} is not a Set: keys come
 * and go with each call, and V8 would make a new table every few hundred of them, and hold on to the old ones.
 */
export class InflightTable<T extends KeyedItem> {
  #buckets: (T | null)[] = emptyBuckets(FIRST_BUCKETS);
  #size = 0;

  /** The number of items. */
  get size(): number {
    return this.#size;
  }

  /** Returns the latest item that was added for a key. */
  get(key: string): T | undefined {
    let item = this.#buckets[this.#placeOf(key)] ?? null;
    while (item !== null && item.key !== key) item = item.nextInBucket as T | null;
    return item ?? undefined;
  }

  /** Adds an item, which must not be in a table. */
  add(item: T): void {
    if (this.#size > 2 * this.#buckets.length) this.#grow();
    const place = this.#placeOf(item.key);
    item.nextInBucket = this.#buckets[place] ?? null;
    this.#buckets[place] = item;
    this.#size++;
  }

  /** Removes an item. Returns false if it was not there. */
  remove(item: T): boolean {
    const place = this.#placeOf(item.key);
    let before: T | null = null;
    let other = this.#buckets[place] ?? null;
    while (other !== item) {
      if (other === null) return false;
      before = other;
      other = other.nextInBucket as T | null;
    }
    if (before === null) this.#buckets[place] = item.nextInBucket as T | null;
    else before.nextInBucket = item.nextInBucket;
    item.nextInBucket = null;
    this.#size--;
    return true;
  }

  /** Returns all items. */
  toArray(): T[] {
    const items: T[] = [];
    for (const first of this.#buckets) {
      for (let item = first; item !== null; item = item.nextInBucket as T | null) items.push(item);
    }
    return items;
  }

  #grow(): void {
    const items = this.toArray();
    this.#buckets = emptyBuckets(4 * this.#buckets.length);
    this.#size = 0;
    for (const item of items.toReversed()) this.add(item);
  }

  #placeOf(key: string): number {
    let hash = key.length;
    for (let i = Math.max(0, key.length - HASHED_LETTERS); i < key.length; i++) {
      hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
    }
    return (hash ^ (hash >>> 15)) & (this.#buckets.length - 1);
  }
}

function emptyBuckets<T>(count: number): (T | null)[] {
  return Array.from({ length: count }, () => null);
}
