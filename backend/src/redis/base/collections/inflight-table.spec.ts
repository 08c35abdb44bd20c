import { InflightTable, type KeyedItem } from './inflight-table.js';

class Item implements KeyedItem {
  nextInBucket: KeyedItem | null = null;

  constructor(readonly key: string) {}
}

describe('InflightTable', () => {
  it('finds by its key what was added and not removed, whatever shares its place', () => {
    const table = new InflightTable<Item>();
    const known = new Map<string, Item>();
    // Far more than there are places at first.
    for (let i = 0; i < 5_000; i++) {
      const item = new Item(`a-long-beginning-that-all-keys-have:${String(i)}`);
      table.add(item);
      known.set(item.key, item);
      const left = known.get(`a-long-beginning-that-all-keys-have:${String(i - 2_000)}`);
      if (left === undefined) continue;
      expect(table.remove(left)).toBe(true);
      known.delete(left.key);
    }
    expect(table.size).toBe(known.size);
    expect(table.get('a-long-beginning-that-all-keys-have:1')).toBeUndefined();
    for (const item of known.values()) expect(table.get(item.key)).toBe(item);
    expect(new Set(table.toArray())).toEqual(new Set(known.values()));
  });

  it('removes an item once, and never another one of its key', () => {
    const table = new InflightTable<Item>();
    const [first, second] = [new Item('k'), new Item('k')];
    table.add(first);
    expect([table.remove(first), table.remove(first)]).toEqual([true, false]);
    table.add(second);
    expect(table.remove(first)).toBe(false);
    expect(table.get('k')).toBe(second);
  });

  it('holds nothing that has left', () => {
    const table = new InflightTable<Item>();
    const items = ['a', 'b', 'c'].map((key) => new Item(key));
    for (const item of items) table.add(item);
    for (const item of items) table.remove(item);
    expect(table.size).toBe(0);
    expect(table.toArray()).toEqual([]);
    expect(items.map(({ nextInBucket }) => nextInBucket)).toEqual([null, null, null]);
  });
});
