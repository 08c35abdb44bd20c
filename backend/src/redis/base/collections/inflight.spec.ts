import { seededRandom } from '../../../../test/support/random-histories.js';
import { InflightList, type InflightItem } from './inflight.js';

class Item implements InflightItem {
  nextInflight: InflightItem | null = null;
  previousInflight: InflightItem | null = null;
  inflightIn: object | null = null;
  constructor(readonly name: number) {}
}

describe('InflightList', () => {
  it.each([1, 2, 3, 4, 5])('behaves like a plain list under any order of use (seed %i)', (seed) => {
    const random = seededRandom(seed);
    const next = (below: number): number => Math.floor(random() * below);
    const list = new InflightList<Item>();
    let model: Item[] = [];
    const gone: Item[] = [];
    for (let step = 0; step < 2000; step++) {
      const dice = next(10);
      if (dice < 5) {
        const item = new Item(step);
        list.add(item);
        model.push(item);
      } else if (dice < 9 && model.length > 0) {
        const [item] = model.splice(next(model.length), 1);
        expect(list.remove(item!)).toBe(true);
        gone.push(item!);
      } else if (next(20) === 0) {
        expect(list.drain()).toEqual(model);
        model = [];
      }
      if (gone.length > 0) expect(list.remove(gone[next(gone.length)]!)).toBe(false);
      expect(list.size).toBe(model.length);
    }
    expect(list.toArray().map(({ name }) => name)).toEqual(model.map(({ name }) => name));
  });

  it('does not take out what belongs to another list', () => {
    const one = new InflightList<Item>();
    const other = new InflightList<Item>();
    const item = new Item(1);
    one.add(item);
    expect(other.remove(item)).toBe(false);
    expect([one.size, other.size]).toEqual([1, 0]);
  });
});
