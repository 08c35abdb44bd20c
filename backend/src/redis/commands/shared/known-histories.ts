const MAX_IDS = 32;

/**
 * The histories of data that the primaries of our cluster have had. Redis names each by a random id, and
 * a replica has the one of its primary. So a node whose ids are all unknown has the data of another
 * cluster, whatever its address: addresses are given to others.
 */
export class KnownHistories {
  readonly #ids = new Set<string>();

  /** Adds the ids of a primary. */
  add(ids: readonly string[]): void {
    for (const id of ids) {
      // The newest is the last to be forgotten.
      this.#ids.delete(id);
      this.#ids.add(id);
    }
    for (const id of this.#ids) {
      if (this.#ids.size <= MAX_IDS) return;
      this.#ids.delete(id);
    }
  }

  /** Returns whether one of the ids is known. Also true while nothing is known of either side. */
  includesAny(ids: readonly string[]): boolean {
    if (ids.length === 0 || this.#ids.size === 0) return true;
    return ids.some((id) => this.#ids.has(id));
  }
}
