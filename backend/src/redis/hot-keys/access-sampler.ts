import type { Random } from '../base/timing/index.js';

/**
 * About so many accesses are counted in a second, however many there are. A key with a hundredth of them is then known
 * to about a tenth of its rate, which is enough for the ten most frequent ones: see `npm run bench:hot-keys`.
 */
const MAX_COUNTED = 2_000;
/** With a quarter of that, twice as many may be counted without reaching it. */
const FEW_COUNTED = MAX_COUNTED / 4;

/**
 * Chooses which accesses are counted: all of them while there are few, one in `every` while there are many. Chance
 * decides which, so that none is missed for coming at regular places.
 */
export class AccessSampler {
  readonly #random: Random;
  readonly #onChange: (factor: number) => void;
  #left = 1;
  #every = 1;
  // Of this second: how many were counted since `every` changed, and how many would have been from its beginning.
  #counted = 0;
  #countedInAll = 0;

  /** @param onChange - told by what counts have to be multiplied, so that they stand for as many accesses as before */
  constructor(random: Random, onChange: (factor: number) => void) {
    this.#random = random;
    this.#onChange = onChange;
  }

  /** One in so many accesses is counted. */
  get every(): number {
    return this.#every;
  }

  /** Returns whether this access is passed over. */
  skips(): boolean {
    if (--this.#left > 0) return true;
    this.#take();
    return false;
  }

  /** A second is over. */
  endSecond(): void {
    const isQuiet = this.#countedInAll < FEW_COUNTED;
    this.#counted = 0;
    this.#countedInAll = 0;
    if (!isQuiet || this.#every === 1) return;
    this.#every /= 2;
    this.#left = Math.min(this.#left, this.#every) | 0;
    this.#onChange(2);
  }

  #take(): void {
    this.#countedInAll++;
    if (++this.#counted > MAX_COUNTED) {
      this.#counted = 0;
      this.#countedInAll /= 2;
      this.#every *= 2;
      this.#onChange(0.5);
    }
    // From 1 to twice as many, less one: `every` on the average. A small whole number, so that counting down costs least.
    this.#left = 1 + (this.#every === 1 ? 0 : (this.#random() * (2 * this.#every - 1)) | 0);
  }
}
