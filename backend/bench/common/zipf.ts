import { seededRandom } from '../../test/support/random-histories.js';

/**
 * Returns a function that names the next of `count` things, from 0 on: the n-th comes in proportion to
 * 1 / n ^ skew. The same seed gives the same ones.
 */
export function zipf(count: number, skew: number, seed: number): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) sums[i] = sum += 1 / (i + 1) ** skew;
  const random = seededRandom(seed);
  return () => firstAbove(sums, random() * sum);
}

function firstAbove(sums: Float64Array, value: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
