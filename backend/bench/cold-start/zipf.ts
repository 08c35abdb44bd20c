import { seededRandom } from '../drill/mix.js';

/** Returns a function that names the next product: the n-th is asked for 1/n as often as the first, as in Zipf(1.0). */
export function zipf(count: number, seed: number): () => number {
  const random = seededRandom(seed);
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += 1 / (i + 1);
    sums[i] = sum;
  }
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}
