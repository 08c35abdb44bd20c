const SHARE = 0.05;
const MAX_LEFT = 1000;

/** Bounds how many reads are asked of a second node: at most one in twenty, apart from a short burst. */
export class HedgeBudget {
  #left = MAX_LEFT;
  #readsBefore = 0;

  /**
   * Takes one second question from the budget. Returns whether there was one left.
   *
   * @param reads - how many reads there have been so far
   */
  spend(reads: number): boolean {
    this.#left = Math.min(MAX_LEFT, this.#left + SHARE * (reads - this.#readsBefore));
    this.#readsBefore = reads;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
