/** A value of Redis and when it expires, in milliseconds of its calendar. */
export interface Stored {
  readonly value: string | Map<string, string> | SortedSet;
  readonly expiresAt: number;
}

/** Members and their scores. */
export class SortedSet {
  readonly #scores: Map<string, number>;
  #order: (readonly [string, number])[] | null = null;

  constructor(scores: ReadonlyMap<string, number> = new Map()) {
    this.#scores = new Map(scores);
  }

  get size(): number {
    return this.#scores.size;
  }

  /** Returns whether the member is new. */
  add(member: string, score: number): boolean {
    const isNew = !this.#scores.has(member);
    this.#scores.set(member, score);
    this.#order = null;
    return isNew;
  }

  remove(member: string): boolean {
    this.#order = null;
    return this.#scores.delete(member);
  }

  /** By score, then by name. */
  get inOrder(): readonly (readonly [string, number])[] {
    return (this.#order ??= [...this.#scores].sort(([a, x], [b, y]) =>
      x === y ? (a < b ? -1 : 1) : x - y,
    ));
  }

  copy(): SortedSet {
    return new SortedSet(this.#scores);
  }
}

/** What a primary holds: strings, hashes and sorted sets. */
export class Contents {
  readonly #keys: Map<string, Stored>;
  readonly #now: () => number;

  constructor(now: () => number, keys: ReadonlyMap<string, Stored> = new Map()) {
    this.#now = now;
    this.#keys = new Map(keys);
  }

  /** The value of a key that has not expired. */
  find(key: string): Stored | undefined {
    const stored = this.#keys.get(key);
    if (stored === undefined || this.#now() < stored.expiresAt) return stored;
    this.#keys.delete(key);
    return undefined;
  }

  put(key: string, value: Stored['value'], expiresAt = Infinity): void {
    if (this.#now() < expiresAt) this.#keys.set(key, { value, expiresAt });
    else this.#keys.delete(key);
  }

  remove(key: string): boolean {
    return this.find(key) !== undefined && this.#keys.delete(key);
  }

  /** The keys that have not expired. */
  get names(): string[] {
    return [...this.#keys.keys()].filter((key) => this.find(key) !== undefined);
  }

  /** The same at this moment, as a replica has it. */
  copy(): Contents {
    const keys = new Map<string, Stored>();
    for (const [key, { value, expiresAt }] of this.#keys) {
      keys.set(key, { value: copyOf(value), expiresAt });
    }
    return new Contents(this.#now, keys);
  }
}

function copyOf(value: Stored['value']): Stored['value'] {
  if (typeof value === 'string') return value;
  return value instanceof SortedSet ? value.copy() : new Map(value);
}
