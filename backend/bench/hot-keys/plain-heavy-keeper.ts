import { HeavyKeeper } from '../../src/redis/hot-keys/heavy-keeper.js';
import { hashOfKey } from '../../src/redis/hot-keys/key-hash.js';
import { seededRandom } from '../../test/support/random-histories.js';
import { mostOf, type Contender } from './contenders.js';
import { TopHeap } from './heap.js';

/** HeavyKeeper as its authors describe it: every access goes to the sketch, and from there to a heap. */
export function newPlainHeavyKeeper(width: number, kept: number, seed: number): Contender {
  const keeper = new HeavyKeeper(width, seededRandom(seed));
  const heap = new TopHeap(kept);
  return {
    add: (key) => heap.offer(key, keeper.add(hashOfKey(seed, key))),
    fade: (factor) => {
      keeper.fade(factor);
      heap.fade(factor);
    },
    top: (number) => mostOf(heap.items, number),
  };
}
