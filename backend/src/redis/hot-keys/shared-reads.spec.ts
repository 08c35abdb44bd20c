import { seededRandom } from '../../../test/support/random-histories.js';
import { ManualClock } from '../testing/index.js';
import { SharedReads } from './shared-reads.js';

/** A Redis with one value, which answers each read when a test says so. */
class SlowRedis {
  value = 0;
  readonly asked: (() => void)[] = [];
  sent = 0;

  readonly get = (): Promise<unknown> => {
    this.sent++;
    return new Promise((resolve) => {
      const { value } = this;
      this.asked.push(() => {
        resolve(value);
      });
    });
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('SharedReads', () => {
  let clock: ManualClock;
  let reads: SharedReads;
  let redis: SlowRedis;

  beforeEach(() => {
    clock = new ManualClock();
    reads = new SharedReads(clock);
    redis = new SlowRedis();
  });

  const read = (id = 'a'): Promise<unknown> => reads.read(id, redis.get);

  it('lets all reads that begin while one is under way share the next one', async () => {
    const first = read();
    const others = [read(), read(), read()];
    expect(redis.sent).toBe(1);
    redis.asked.shift()?.();
    await first;
    await settled();
    expect(redis.sent).toBe(2);
    redis.asked.shift()?.();
    expect(await Promise.all(others)).toEqual([0, 0, 0]);
    expect(reads.shared).toBe(2);
  });

  it('asks for another thing at once', () => {
    void read('a');
    void read('b');
    expect(redis.sent).toBe(2);
  });

  it('never gives an answer that was asked for before the read began', async () => {
    // The answer to the first was made before the write, and comes after it.
    const first = read();
    redis.value = 1;
    const second = read();
    redis.asked.shift()?.();
    expect(await first).toBe(0);
    await settled();
    redis.asked.shift()?.();
    expect(await second).toBe(1);
  });

  it('sends the next one after 5 ms when the one before it is not answered', async () => {
    void read();
    const second = read();
    await clock.advance(4);
    expect(redis.sent).toBe(1);
    await clock.advance(1);
    expect(redis.sent).toBe(2);
    redis.value = 7;
    const third = read();
    redis.asked[1]?.();
    expect(await second).toBe(0);
    await settled();
    expect(redis.sent).toBe(3);
    // The first one is nobody's any more: its answer starts nothing.
    redis.asked[0]?.();
    await settled();
    expect(redis.sent).toBe(3);
    redis.asked[2]?.();
    expect(await third).toBe(7);
  });

  it('gives the error of a read to those who shared it, and goes on with the next', async () => {
    const failing = (): Promise<unknown> => Promise.reject(new RangeError('no'));
    const first = reads.read('a', failing);
    const second = reads.read('a', failing);
    const third = reads.read('a', failing);
    await expect(first).rejects.toThrow('no');
    await expect(second).rejects.toThrow('no');
    await expect(third).rejects.toThrow('no');
    const fourth = read();
    redis.asked.shift()?.();
    expect(await fourth).toBe(0);
  });

  it('leaves nothing behind: no timer, and no line', async () => {
    const all = [read(), read()];
    redis.asked.shift()?.();
    await settled();
    redis.asked.shift()?.();
    await Promise.all(all);
    await settled();
    expect(clock.pending).toBe(0);
    const again = read();
    expect(redis.sent).toBe(3);
    redis.asked.shift()?.();
    await again;
  });

  it.each(Array.from({ length: 50 }, (_, i) => i + 1))(
    'shows each read all that was written before it began (seed %i)',
    async (seed) => {
      const random = seededRandom(seed);
      const open: Promise<void>[] = [];
      for (let step = 0; step < 200; step++) {
        const what = random();
        if (what < 0.5) {
          const atLeast = redis.value;
          open.push(
            read().then((value) => {
              expect(value).toBeGreaterThanOrEqual(atLeast);
            }),
          );
        } else if (what < 0.7) redis.value++;
        else if (what < 0.9)
          redis.asked.splice(Math.floor(random() * redis.asked.length), 1)[0]?.();
        else await clock.advance(Math.floor(random() * 6));
        if (random() < 0.5) await settled();
      }
      for (let left = 0; left < 200; left++) {
        redis.asked.shift()?.();
        await clock.advance(5);
      }
      await Promise.all(open);
      expect(clock.pending).toBe(0);
    },
  );
});
