import {
  CommandRejectedError,
  CommandUncertainError,
  NoPrimaryError,
} from '../base/errors/index.js';
import { EventBus, type RedisHaEvent } from '../base/events/index.js';
import { ManualClock } from '../testing/index.js';
import { type GatheredCounter, GatheredCounters } from './gathered-counter.js';

describe('redis.counter()', () => {
  let clock: ManualClock;
  let told: RedisHaEvent[];
  /** What Redis was told of, and how it takes the next one. */
  let sent: number[];
  let answer: () => Promise<unknown>;
  let counters: GatheredCounters;
  let views: GatheredCounter;

  beforeEach(() => {
    clock = new ManualClock();
    told = [];
    sent = [];
    answer = () => Promise.resolve(1);
    const bus = new EventBus();
    bus.onAny((event) => told.push(event));
    counters = new GatheredCounters({
      ...{ clock, bus, show: (key) => `#${key}` },
      addInRedis: (_key, by) => {
        sent.push(by);
        return answer();
      },
    });
    views = counters.open('views', { flushMs: 1_000 });
  });

  const failing = (error: Error) => (): Promise<never> => Promise.reject(error);

  it('tells Redis of all that was added, once in so many milliseconds', async () => {
    for (let i = 0; i < 100; i++) views.add();
    views.add(-3);
    expect([sent, views.waiting]).toEqual([[], 97]);
    await clock.advance(1_000);
    expect([sent, views.waiting]).toEqual([[97], 0]);
    await clock.advance(10_000);
    views.add(5);
    await clock.advance(999);
    expect(sent).toEqual([97]);
    await clock.advance(1);
    expect(sent).toEqual([97, 5]);
  });

  it('sends at once what is asked to be sent, and what was added meanwhile after it', async () => {
    let finish: () => void = () => undefined;
    answer = () => new Promise<void>((resolve) => (finish = resolve));
    views.add(2);
    const first = views.flush();
    views.add(3);
    const second = views.flush();
    expect([sent, views.waiting]).toEqual([[2], 5]);
    answer = () => Promise.resolve(1);
    finish();
    await Promise.all([first, second]);
    expect([sent, views.waiting]).toEqual([[2, 3], 0]);
    await clock.advance(10_000);
    expect(sent).toEqual([2, 3]);
  });

  it('keeps what Redis did not take, and sends it with the rest', async () => {
    answer = failing(new NoPrimaryError('away'));
    views.add(4);
    await clock.advance(3_000);
    expect([sent, views.waiting, told]).toEqual([[4, 4, 4], 4, []]);
    await expect(views.flush()).rejects.toThrow('away');
    answer = () => Promise.resolve(1);
    views.add(1);
    await clock.advance(1_000);
    expect([sent.at(-1), views.waiting]).toEqual([5, 0]);
  });

  it.each([
    ['uncertain', new CommandUncertainError('the answer is lost')],
    ['refused', new CommandRejectedError('WRONGTYPE Operation against a key')],
    ['refused', new CommandRejectedError('ERR value is not an integer or out of range')],
  ])('tells what is lost because it was %s, and never sends it twice', async (reason, error) => {
    answer = failing(error);
    views.add(7);
    await clock.advance(5_000);
    expect([sent, views.waiting]).toEqual([[7], 0]);
    expect(told).toEqual([{ type: 'counts.lost', key: '#views', by: 7, reason }]);
  });

  it('keeps what a Redis that takes no writes refuses', async () => {
    answer = failing(
      new CommandRejectedError("OOM command not allowed when used memory > 'maxmemory'."),
    );
    views.add(7);
    await clock.advance(2_000);
    expect([sent, views.waiting, told]).toEqual([[7, 7], 7, []]);
  });

  it('sends what is left before the application ends, and tells what could not be sent', async () => {
    const likes = counters.open('likes', {});
    views.add(2);
    likes.add(3);
    await counters.close();
    expect(sent).toEqual([2, 3]);
    expect(() => views.add()).toThrow('shutting down');
    const other = counters.open('other', {});
    other.add(9);
    answer = failing(new NoPrimaryError('away'));
    await counters.close();
    expect(told).toEqual([{ type: 'counts.lost', key: '#other', by: 9, reason: 'closed' }]);
    await clock.advance(10_000);
    expect(sent).toEqual([2, 3, 9]);
  });

  it.each([1.5, NaN, Infinity, 2 ** 53])('refuses to add %p', (by) => {
    expect(() => views.add(by)).toThrow('by');
    expect(views.waiting).toBe(0);
  });

  it('refuses options that make no sense', () => {
    expect(() => counters.open('views', { flushMs: 0 })).toThrow('flushMs');
  });
});
