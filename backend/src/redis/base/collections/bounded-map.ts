/** A map of so many entries at the most. The ones that were set longest ago leave first. */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** How many there are. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value of a key. Looking at it does not keep it longer. */
  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** Sets a value, which makes its key the newest. */
  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#maxEntries) return;
    const oldest = this.#entries.keys().next();
    if (oldest.done !== true) this.#entries.delete(oldest.value);
  }

  /** Forgets a key at once. */
  delete(key: K): void {
    this.#entries.delete(key);
  }
}
