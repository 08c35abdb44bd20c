/** A member and its score. */
export type Scored = readonly [member: string, score: number];

/** Members and their scores. */
export class SortedSet {
  readonly #scores: Map<string, number>;
  #order: readonly Scored[] | null = null;

  constructor(scores: Iterable<Scored> = []) {
    this.#scores = new Map(scores);
  }

  get size(): number {
    return this.#scores.size;
  }

  /** The score of a member; `null` when it is none. */
  scoreOf(member: string): number | null {
    return this.#scores.get(member) ?? null;
  }

  /** Returns whether the member is new. */
  put(member: string, score: number): boolean {
    const isNew = !this.#scores.has(member);
    this.#scores.set(member, score);
    this.#order = null;
    return isNew;
  }

  /** Returns whether it was a member. */
  remove(member: string): boolean {
    this.#order = null;
    return this.#scores.delete(member);
  }

  /** By score, then by name. */
  get inOrder(): readonly Scored[] {
    this.#order ??= [...this.#scores].sort(([a, x], [b, y]) =>
      x === y ? (a < b ? -1 : 1) : x < y ? -1 : 1,
    );
    return this.#order;
  }
}
