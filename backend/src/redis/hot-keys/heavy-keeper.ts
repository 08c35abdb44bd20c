import type { Random } from '../base/timing/index.js';
import { mixed } from './key-hash.js';

const ROWS = 2;
// What has been seen c times loses one for another key with the chance BASE ^ -c.
const BASE = 1.08;
const CHANCES = Float64Array.from({ length: 256 }, (_, count) => BASE ** -count);

/**
 * Counts about how often keys were seen, in memory of one size however many keys there are (HeavyKeeper). Frequent
 * keys keep their places, rare ones drive each other out. A count is never too high but by a collision of hashes.
 */
export class HeavyKeeper {
  readonly #width: number;
  readonly #random: Random;
  readonly #hashes: Uint32Array;
  readonly #counts: Float64Array;

  /** @param width - places in each of two rows, a power of two */
  constructor(width: number, random: Random) {
    this.#width = width;
    this.#random = random;
    this.#hashes = new Uint32Array(ROWS * width);
    this.#counts = new Float64Array(ROWS * width);
  }

  /** Counts a key once more. Returns how often it was seen, as far as that is known; 0 when it has no place. */
  add(hash: number): number {
    const place = hash & (this.#width - 1);
    const other = this.#width + (mixed(hash) & (this.#width - 1));
    return Math.max(this.#addAt(place, hash), this.#addAt(other, hash));
  }

  /** Multiplies all counts. */
  fade(factor: number): void {
    const counts = this.#counts;
    for (let i = 0; i < counts.length; i++) counts[i] = (counts[i] ?? 0) * factor;
  }

  #addAt(place: number, hash: number): number {
    const count = this.#counts[place] ?? 0;
    if (this.#hashes[place] === hash) return (this.#counts[place] = count + 1);
    if (count >= 1) {
      if (count >= CHANCES.length || this.#random() >= (CHANCES[count | 0] ?? 0)) return 0;
      if (count >= 2) {
        this.#counts[place] = count - 1;
        return 0;
      }
    }
    this.#hashes[place] = hash;
    return (this.#counts[place] = 1);
  }
}
