import { seededRandom } from '../../../../test/support/random-histories.js';
import { DeadlineList, type Deadlined, type DeadlineQueue } from './deadline-list.js';

class Item implements Deadlined {
  nextDeadline: Deadlined | null = null;
  previousDeadline: Deadlined | null = null;
  deadlineQueue: DeadlineQueue | null = null;
  readonly deadlineAt: number;
  constructor(
    now: number,
    readonly timeoutMs: number,
    private readonly onExpire: (item: Item) => void = () => undefined,
  ) {
    this.deadlineAt = now + timeoutMs;
  }
  expire(): void {
    this.onExpire(this);
  }
}

describe('DeadlineList', () => {
  it('expires everything whose time has come, and nothing else', () => {
    const list = new DeadlineList();
    const expired: Item[] = [];
    const items = [100, 50, 100, 250].map((ms) => new Item(0, ms, (item) => expired.push(item)));
    for (const item of items) list.add(item);
    list.expireUntil(49);
    expect(expired).toEqual([]);
    list.expireUntil(100);
    expect(new Set(expired)).toEqual(new Set(items.slice(0, 3)));
    expect(list.size).toBe(1);
    list.expireUntil(1000);
    expect(expired).toHaveLength(4);
    expect(list.size).toBe(0);
  });

  it('does not expire what was removed, and lets it be removed twice', () => {
    const list = new DeadlineList();
    const expired: Item[] = [];
    const items = [1, 2, 3].map(() => new Item(0, 10, (item) => expired.push(item)));
    for (const item of items) list.add(item);
    list.remove(items[1]!);
    list.remove(items[1]!);
    list.remove(new Item(0, 10));
    expect(list.size).toBe(2);
    list.expireUntil(10);
    expect(expired).toEqual([items[0], items[2]]);
  });

  it('lets what expires remove others and add new ones', () => {
    const list = new DeadlineList();
    const expired: string[] = [];
    const victim = new Item(0, 10, () => expired.push('victim'));
    const late = new Item(0, 20, () => expired.push('late'));
    const first = new Item(0, 10, () => {
      expired.push('first');
      list.remove(victim);
      list.add(new Item(10, 10, () => expired.push('new')));
      list.remove(late);
    });
    for (const item of [first, victim, late]) list.add(item);
    list.expireUntil(15);
    expect(expired).toEqual(['first']);
    expect(list.size).toBe(1);
    list.expireUntil(20);
    expect(expired).toEqual(['first', 'new']);
  });

  it('goes through everything under way, also while that removes what it is given', () => {
    const list = new DeadlineList();
    const items = [10, 20, 10, 30].map((ms) => new Item(0, ms));
    for (const item of items) list.add(item);
    const seen = new Set<Deadlined>();
    for (const item of list) {
      seen.add(item);
      list.remove(item);
    }
    expect(seen).toEqual(new Set(items));
    expect(list.size).toBe(0);
    expect([...list]).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6])('behaves like a plain set under any use (seed %i)', (seed) => {
    const random = seededRandom(seed);
    const below = (n: number): number => Math.floor(random() * n);
    const list = new DeadlineList();
    const model = new Set<Item>();
    const timeouts = Array.from({ length: 40 }, (_, i) => 5 + i * 7);
    let now = 0;
    let expired: Item[] = [];
    for (let step = 0; step < 3000; step++) {
      now += below(4);
      const dice = below(10);
      if (dice < 5) {
        const item = new Item(now, timeouts[below(timeouts.length)]!, (one) => expired.push(one));
        list.add(item);
        model.add(item);
      } else if (dice < 8 && model.size > 0) {
        const item = [...model][below(model.size)]!;
        list.remove(item);
        model.delete(item);
      } else {
        expired = [];
        list.expireUntil(now);
        const due = [...model].filter(({ deadlineAt }) => deadlineAt <= now);
        expect(new Set(expired)).toEqual(new Set(due));
        expect(expired).toHaveLength(due.length);
        for (const item of due) model.delete(item);
      }
      expect(list.size).toBe(model.size);
    }
    expect(new Set(list)).toEqual(model);
  });
});
