import { seededRandom } from '../../../test/support/random-histories.js';
import { resolveOptions, type HotKeyOptions } from '../config/index.js';
import { EventBus, type RedisHaEvent } from '../base/events/index.js';
import { ManualClock } from '../testing/index.js';
import { HotKeys } from './hot-keys.js';
import type { KeyAccesses } from './key-accesses.js';

describe('HotKeys', () => {
  let clock: ManualClock;
  let events: RedisHaEvent[];

  const open = (hotKeys: HotKeyOptions = {}, seed = 1): HotKeys => {
    clock = new ManualClock();
    events = [];
    const bus = new EventBus();
    bus.onAny((event) => events.push(event));
    const { options } = resolveOptions({ mode: 'memory', hotKeys });
    return new HotKeys(options.hotKeys, { clock, bus, random: seededRandom(seed) });
  };
  const opened = (keys: HotKeys, keyspace: string | null = 'products'): KeyAccesses =>
    keys.open(keyspace, { maySpare: true })!;
  /** So many accesses a second, evenly, for so many seconds. */
  const access = async (seconds: number, perSecond: number, one: () => void): Promise<void> => {
    for (let tick = 0; tick < seconds * 10; tick++) {
      for (let i = 0; i < perSecond / 10; i++) one();
      await clock.advance(100);
    }
  };
  const told = (): string[] =>
    events.map((event) =>
      event.type === 'hot-key.rose' || event.type === 'hot-key.fell'
        ? `${event.key} ${event.direction} ${event.type === 'hot-key.rose' ? 'rose' : 'fell'}`
        : event.type,
    );

  it('tells once that a key rose, and once that it fell', async () => {
    const keys = open({ showKeys: 'whole' });
    const products = opened(keys);
    await access(30, 40, () => {
      products.read('a');
    });
    expect(told()).toEqual(['a reads rose']);
    expect(events[0]).toMatchObject({ keyspace: 'products', isSpared: false });
    await clock.advance(60_000);
    expect(told()).toEqual(['a reads rose', 'a reads fell']);
  });

  it('does not call a key hot that is accessed a little less often than the threshold says', async () => {
    const keys = open();
    const products = opened(keys);
    await access(60, 10, () => {
      products.read('a');
    });
    expect(events).toEqual([]);
  });

  it('keeps a key hot until it is accessed half as often', async () => {
    const keys = open();
    const products = opened(keys);
    const read = (): void => {
      products.read('a');
    };
    await access(20, 40, read);
    await access(60, 10, read);
    expect(keys.report.hot).toEqual({ reads: 1, writes: 0 });
    await clock.advance(20_000);
    expect(keys.report.hot).toEqual({ reads: 0, writes: 0 });
  });

  it('finds a key that takes a thousand reads a second within a second', async () => {
    const keys = open();
    const products = opened(keys);
    await access(1, 1_000, () => {
      products.read('a');
    });
    expect(keys.report.hot.reads).toBe(1);
  });

  it('says how often a key is accessed, reads and writes apart', async () => {
    const keys = open();
    const products = opened(keys);
    await access(40, 100, () => {
      products.read('a');
      products.read('a');
      products.write('a');
    });
    const [first] = keys.report.top;
    expect(first?.key).toBe('a');
    expect(first?.readsPerMinute).toBeGreaterThan(11_500);
    expect(first?.readsPerMinute).toBeLessThan(12_500);
    expect(first?.writesPerMinute).toBeGreaterThan(5_700);
    expect(first?.writesPerMinute).toBeLessThan(6_300);
  });

  it('says since when a key is hot', async () => {
    const keys = open();
    const products = opened(keys);
    const startedAt = clock.wallTime();
    await access(5, 1_000, () => {
      products.read('a');
    });
    const [first] = keys.report.top;
    expect(first?.hotSince).toEqual({ reads: startedAt + 1_000, writes: null });
  });

  it('tells keys of namespaces and of plain commands apart', async () => {
    const keys = open({ showKeys: 'whole' });
    const [products, plain] = [opened(keys), opened(keys, null)];
    await access(5, 100, () => {
      products.read('a');
    });
    await access(5, 100, () => {
      plain.write('a');
    });
    expect(events).toMatchObject([
      { type: 'hot-key.rose', keyspace: 'products', key: 'a', direction: 'reads' },
      { type: 'hot-key.rose', keyspace: null, key: 'a', direction: 'writes' },
    ]);
    expect(keys.report.top.map(({ keyspace }) => keyspace).sort()).toEqual([null, 'products']);
  });

  it('counts nothing of a namespace that is off, and something of one that is not, whatever the connection says', () => {
    const none = open({ level: 'off' });
    expect(none.open('products', { maySpare: true })).toBeNull();
    expect(none.open('products', { level: 'watch', maySpare: true })).not.toBeNull();
    const all = open({ level: 'watch' });
    expect(all.open('products', { level: 'off', maySpare: true })).toBeNull();
  });

  it('spares reads of a hot key only where that was chosen and may be', async () => {
    const keys = open({ level: 'on' });
    const spared = keys.open('cache', { maySpare: true })!;
    const never = keys.open('sessions', { maySpare: false })!;
    const watched = keys.open('watched', { level: 'watch', maySpare: true })!;
    await access(3, 100, () => {
      for (const each of [spared, never, watched]) each.read('a');
    });
    expect(keys.report.hot.reads).toBe(3);
    expect([spared, never, watched].map((each) => each.isSpared('a'))).toEqual([
      true,
      false,
      false,
    ]);
    expect(spared.isSpared('b')).toBe(false);
    expect(spared.nearMsOf('a')).toBe(1_000);
    await clock.advance(60_000);
    expect(spared.isSpared('a')).toBe(false);
  });

  it('says when the first key of a namespace becomes hot, and when none is hot any more', async () => {
    const keys = open({ level: 'on' });
    const products = opened(keys);
    const heard: boolean[] = [];
    products.onHeat = (isHot) => heard.push(isHot);
    await access(3, 100, () => {
      products.read('a');
      products.read('b');
    });
    expect(heard).toEqual([true]);
    await clock.advance(60_000);
    expect(heard).toEqual([true, false]);
  });

  it('writes keys as it is told to: as a hash, as their first letters, or whole', async () => {
    const shownAs = async (showKeys: HotKeyOptions['showKeys']): Promise<unknown> => {
      const keys = open(showKeys === undefined ? {} : { showKeys });
      const products = opened(keys);
      await access(2, 100, () => {
        products.read('user:alice@example.org');
      });
      return [(events[0] as { key: string }).key, keys.report.top[0]?.shown];
    };
    expect(await shownAs(undefined)).toEqual(['#84ace947968b', '#84ace947968b']);
    expect(await shownAs('short')).toEqual(['user:ali…', 'user:ali…']);
    expect(await shownAs('whole')).toEqual(['user:alice@example.org', 'user:alice@example.org']);
  });

  it('has at most a hundred hot keys in each direction', async () => {
    const keys = open();
    const products = opened(keys);
    let turn = 0;
    await access(5, 6_000, () => {
      products.read(`key:${String(turn++ % 150)}`);
    });
    expect(keys.report.hot.reads).toBe(100);
    expect(events).toHaveLength(100);
  });

  it('has no timer while nothing is accessed, nor after it was closed', async () => {
    const keys = open();
    const products = opened(keys);
    expect(clock.pending).toBe(0);
    products.read('a');
    products.read('a');
    expect(clock.pending).toBe(1);
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
    products.read('a');
    keys.close();
    expect(clock.pending).toBe(0);
    products.read('a');
    expect(clock.pending).toBe(0);
  });

  it.each([1, 2, 3])(
    'ranks keys as exact counts would, and claims none too high, through bursts and pauses (seed %i)',
    async (seed) => {
      const keys = open({}, seed);
      const products = opened(keys);
      const random = seededRandom(seed);
      const exact = new Map<string, number>();
      for (let second = 0; second < 30; second++) {
        // What is popular moves, and how much there is to do changes: never so much that it is sampled.
        const shift = Math.floor(second / 10) * 50;
        const perTick = 100 + Math.floor(random() * 890);
        for (let tick = 0; tick < 2; tick++) {
          for (let i = 0; i < perTick; i++) {
            const key = `key:${String(shift + Math.floor(Math.exp(random() * 8)))}`;
            products.read(key);
            exact.set(key, (exact.get(key) ?? 0) + 1);
          }
          await clock.advance(500);
        }
        for (const [key, count] of exact) exact.set(key, count * Math.exp(-1 / 6));
      }
      const truth = [...exact].sort((a, b) => b[1] - a[1]).slice(0, 10);
      const found = new Map(
        keys.report.top.map(({ key, readsPerMinute }) => [key, readsPerMinute]),
      );
      expect(truth.filter(([key]) => found.has(key)).length).toBeGreaterThanOrEqual(9);
      for (const [key, perMinute] of found) {
        // Counts are those of just after they have faded.
        const exactPerMinute = ((exact.get(key) ?? 0) * 60_000) / 5_514;
        expect(perMinute).toBeLessThan(exactPerMinute * 1.02 + 1);
      }
    },
  );
});
