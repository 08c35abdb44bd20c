import { seededRandom } from '../../../test/support/random-histories.js';
import { TopKeys } from './top-keys.js';

const SIZE = { width: 1024, kept: 64 };

/** Keys of which the n-th is seen in proportion to 1 / n, in the order of the seed. */
function zipf(universe: number, seed: number): () => number {
  const random = seededRandom(seed);
  const top = Math.log(universe + 1);
  return () => Math.min(universe, Math.floor(Math.exp(random() * top)));
}

function topOf(keys: TopKeys, number: number): string[] {
  return [...keys]
    .sort((a, b) => b.count - a.count)
    .slice(0, number)
    .map(({ key }) => key);
}

describe('TopKeys', () => {
  it.each([1, 2, 3])('names the ten keys that are seen most often (seed %i)', (seed) => {
    const keys = new TopKeys(SIZE, seededRandom(seed));
    const shelf = keys.newShelf();
    const next = zipf(100_000, seed);
    for (let i = 0; i < 200_000; i++) keys.add(shelf, `key:${String(next())}`);
    const truth = Array.from({ length: 10 }, (_, i) => `key:${String(i + 1)}`);
    const found = new Set(topOf(keys, 10));
    expect(truth.filter((key) => found.has(key)).length).toBeGreaterThanOrEqual(9);
  });

  it('knows how often a kept key was seen, but for what it missed before it was kept', () => {
    const keys = new TopKeys(SIZE, seededRandom(1));
    const shelf = keys.newShelf();
    for (let i = 0; i < 1_000; i++) {
      keys.add(shelf, 'a');
      for (let j = 0; j < 20; j++) keys.add(shelf, `other:${String(20 * i + j)}`);
    }
    const count = shelf.kept.get('a')?.count ?? 0;
    expect(count).toBeLessThanOrEqual(1_000);
    expect(count).toBeGreaterThan(950);
  });

  it('never keeps more than twice as many names as it is to, however many keys there are', () => {
    const keys = new TopKeys(SIZE, seededRandom(1));
    const shelf = keys.newShelf();
    let most = 0;
    for (let i = 0; i < 100_000; i++) {
      // Each comes three times in a row, so that each is worth a name.
      keys.add(shelf, `key:${String(Math.floor(i / 3))}`);
      most = Math.max(most, keys.size);
    }
    expect(most).toBeLessThan(2 * SIZE.kept);
    expect([...keys]).toHaveLength(keys.size);
  });

  it('keeps no key that comes once', () => {
    const keys = new TopKeys(SIZE, seededRandom(1));
    const shelf = keys.newShelf();
    for (let i = 0; i < 100_000; i++) keys.add(shelf, `key:${String(i)}`);
    expect(keys.size).toBe(0);
  });

  it('tells keys of two keyspaces apart', () => {
    const keys = new TopKeys(SIZE, seededRandom(1));
    const [one, other] = [keys.newShelf(), keys.newShelf()];
    for (let i = 0; i < 10; i++) keys.add(one, 'a');
    for (let i = 0; i < 5; i++) keys.add(other, 'a');
    expect([one.kept.get('a')?.count, other.kept.get('a')?.count]).toEqual([10, 5]);
  });

  it('forgets what was seen long ago, and takes new keys then', () => {
    const keys = new TopKeys(SIZE, seededRandom(1));
    const shelf = keys.newShelf();
    for (let i = 0; i < 1_000; i++) keys.add(shelf, 'old');
    for (let i = 0; i < 20; i++) keys.fade(0.7);
    expect(keys.size).toBe(0);
    for (let i = 0; i < 10; i++) keys.add(shelf, 'new');
    expect(topOf(keys, 1)).toEqual(['new']);
  });

  it('counts no key of more than 512 characters: names take a bounded room', () => {
    const keys = new TopKeys(SIZE, seededRandom(1));
    const shelf = keys.newShelf();
    for (let i = 0; i < 10; i++) {
      keys.add(shelf, 'x'.repeat(512));
      keys.add(shelf, 'y'.repeat(513));
    }
    expect([...keys].map(({ key }) => key[0])).toEqual(['x']);
  });
});
