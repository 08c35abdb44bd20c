const SHARE = 0.05;
const MAX_LEFT = 1000;

/** Bounds how many reads are asked of a second node: at most one in twenty, apart from a short burst. */
export class HedgeBudget {
  #left = MAX_LEFT;

  /** Notes a read that was answered. */
  earn(): void {
    if (this.#left < MAX_LEFT) this.#left += SHARE;
  }

  /** Takes one second question from the budget. Returns whether there was one left. */
  spend(): boolean {
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
