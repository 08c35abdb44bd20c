import { hashOfKey, mixed } from '../../src/redis/hot-keys/key-hash.js';
import { mostOf, type Contender } from './contenders.js';
import { TopHeap } from './heap.js';

const ROWS = 4;

/** A count-min sketch with conservative update, and a heap. */
export function newCountMin(width: number, kept: number, seed: number): Contender {
  const counts = new Float64Array(ROWS * width);
  const places = new Int32Array(ROWS);
  const heap = new TopHeap(kept);
  return {
    add(key) {
      let hash = hashOfKey(seed, key);
      let least = Infinity;
      for (let row = 0; row < ROWS; row++) {
        const place = row * width + (hash & (width - 1));
        places[row] = place;
        least = Math.min(least, counts[place] ?? 0);
        hash = mixed(hash + row);
      }
      const count = least + 1;
      for (const place of places) if ((counts[place] ?? 0) < count) counts[place] = count;
      heap.offer(key, count);
    },
    fade(factor) {
      for (let i = 0; i < counts.length; i++) counts[i] = (counts[i] ?? 0) * factor;
      heap.fade(factor);
    },
    top: (number) => mostOf(heap.items, number),
  };
}
