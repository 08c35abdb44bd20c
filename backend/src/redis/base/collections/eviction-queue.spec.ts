import { seededRandom } from '../../../../test/support/random-histories.js';
import { type Evictable, EvictionQueue, Line, type Queue, use } from './eviction-queue.js';

class Item implements Evictable<Item> {
  newer: Item | null = null;
  older: Item | null = null;
  uses = 0;
  isProven = false;

  constructor(
    readonly key: string,
    public weight = 1,
  ) {}
}

const drain = (queue: Queue<Item>): string[] => {
  const keys: string[] = [];
  for (let item = queue.evict(); item !== null; item = queue.evict()) keys.push(item.key);
  return keys;
};

describe.each<[string, () => Queue<Item>]>([
  ['Line', () => new Line<Item>()],
  ['EvictionQueue', () => new EvictionQueue<Item>(100)],
])('%s', (_, open) => {
  it('gives what nobody used in the order in which it came', () => {
    const queue = open();
    for (const key of ['a', 'b', 'c']) queue.add(new Item(key));
    expect(drain(queue)).toEqual(['a', 'b', 'c']);
    expect(queue).toMatchObject({ entries: 0, bytes: 0 });
  });

  it('counts entries and bytes whatever comes, goes and grows', () => {
    const queue = open();
    const held: Item[] = [];
    const random = seededRandom(5);
    const below = (limit: number): number => Math.floor(random() * limit);
    const take = (): Item => held.splice(below(held.length), 1)[0]!;
    for (let i = 0; i < 4000; i++) {
      const choice = held.length === 0 ? 0 : below(7);
      if (choice <= 1) {
        const item = new Item(`k${below(200)}`, 1 + below(50));
        held.push(item);
        queue.add(item);
      } else if (choice === 2) queue.remove(take());
      else if (choice === 3) queue.reweigh(held[below(held.length)]!, below(9));
      else if (choice === 4) use(held[below(held.length)]!);
      else if (choice === 5) {
        const old = take();
        const item = new Item(old.key, 1 + below(50));
        held.push(item);
        queue.replace(old, item);
      } else if (held.length > 100) held.splice(held.indexOf(queue.evict()!), 1);
      expect(queue.entries).toBe(held.length);
      expect(queue.bytes).toBe(held.reduce((sum, { weight }) => sum + weight, 0));
    }
    expect(drain(queue).toSorted()).toEqual(held.map(({ key }) => key).toSorted());
  });
});

describe('EvictionQueue', () => {
  const fill = (queue: EvictionQueue<Item>, keys: readonly string[], weight = 1): Item[] => {
    const items = keys.map((key) => new Item(key, weight));
    for (const item of items) queue.add(item);
    return items;
  };
  const names = (prefix: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${prefix}${i}`);

  it('keeps what is used again when a scan passes that is longer than everything that fits', () => {
    const queue = new EvictionQueue<Item>(100);
    for (const item of fill(queue, names('used', 50))) use(item);
    for (const key of names('scanned', 1000)) {
      queue.add(new Item(key));
      if (queue.entries > 100) expect(queue.evict()!.key).toContain('scanned');
    }
    expect(drain(queue).filter((key) => key.startsWith('used'))).toHaveLength(50);
  });

  it('does not keep for ever what was used once', () => {
    const queue = new EvictionQueue<Item>(100);
    for (const item of fill(queue, names('old', 90))) for (let i = 0; i < 9; i++) use(item);
    for (let round = 0; round < 40; round++) {
      for (const item of fill(queue, names(`new${round}.`, 10))) use(item);
      while (queue.entries > 100) queue.evict();
    }
    expect(drain(queue).filter((key) => key.startsWith('old'))).toEqual([]);
  });

  it('takes back at once who left on trial a moment ago, and whoever left long ago on trial', () => {
    const queue = new EvictionQueue<Item>(100);
    fill(queue, names('a', 3));
    expect(queue.evict()!.key).toBe('a0');
    const [back] = fill(queue, ['a0']);
    expect(back!.isProven).toBe(true);
    fill(queue, names('b', 20));
    for (let i = 0; i < 15; i++) queue.evict();
    for (let i = 0; i < 50; i++) {
      fill(queue, [`c${i}`]);
      queue.evict();
    }
    const [late] = fill(queue, ['a1']);
    expect(late!.isProven).toBe(false);
  });

  it('keeps what has just come, however large it is, while there is anything else', () => {
    const queue = new EvictionQueue<Item>(100);
    for (const item of fill(queue, names('small', 10))) use(item);
    queue.evict();
    queue.add(new Item('large', 1000));
    expect(queue.evict()!.key).toContain('small');
  });
});
