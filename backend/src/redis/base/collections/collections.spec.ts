import { turns } from '../../../../test/support/cache-rig.js';
import { outcomeOf } from '../../../../test/support/outcomes.js';
import { ClosedError } from '../errors/index.js';
import { ByteGate } from './byte-gate.js';
import { BoundedMap } from './bounded-map.js';
import { OpenTasks } from './open-tasks.js';
import { inPortions, portionsOf } from './portions.js';
import { SingleFlight } from './single-flight.js';

function held<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe('SingleFlight', () => {
  it('is joined until it ends, by those who want the same key', async () => {
    const flights = new SingleFlight<number>();
    const works = [held<number>(), held<number>(), held<number>()];
    let begun = 0;
    const run = (key: string): Promise<number> => flights.run(key, () => works[begun++]!.promise);
    const first = run('k');
    expect(run('k')).toBe(first);
    expect(run('other')).not.toBe(first);
    works[0]!.resolve(1);
    expect(await first).toBe(1);
    await turns(1);
    expect(run('k')).not.toBe(first);
    expect(begun).toBe(3);
    for (const work of works) work.resolve(2);
  });

  it('can be started again after a failure that nobody handled', async () => {
    const flights = new SingleFlight<number>();
    void flights.run('k', () => Promise.reject(new TypeError('x')));
    await turns(1);
    expect(await flights.run('k', () => Promise.resolve(1))).toBe(1);
  });
});

describe('OpenTasks', () => {
  it('waits for all, also for those that come while it waits', async () => {
    const tasks = new OpenTasks();
    const [first, second] = [held<null>(), held<null>()];
    tasks.add(first.promise.then(() => tasks.add(second.promise)));
    let isDone = false;
    const done = tasks.untilNone().then(() => (isDone = true));
    first.resolve(null);
    await turns(2);
    expect(isDone).toBe(false);
    second.reject(new TypeError('failures are nobody else’s business'));
    await done;
    expect(tasks.size).toBe(0);
  });
});

describe('inPortions', () => {
  it('does so many at a time and keeps their order', async () => {
    let open = 0;
    let most = 0;
    const answers = await inPortions([1, 2, 3, 4, 5], 2, async (item) => {
      most = Math.max(most, ++open);
      await turns(item % 2);
      open--;
      return item * 10;
    });
    expect(answers).toEqual([10, 20, 30, 40, 50]);
    expect(most).toBe(2);
  });

  it('begins no further portion after a failure', async () => {
    const begun: number[] = [];
    const call = inPortions([1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      if (item === 2) throw new ClosedError('x');
    });
    expect((await outcomeOf(call)).code).toBe('CLOSED');
    expect(begun).toEqual([1, 2]);
  });

  it('leaves none out, and makes none of nothing', () => {
    expect(portionsOf([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(portionsOf([1, 2], 2)).toEqual([[1, 2]]);
    expect(portionsOf([], 2)).toEqual([]);
  });
});

describe('ByteGate', () => {
  it('lets through what fits, in order, and one that is larger than all', async () => {
    const gate = new ByteGate(10);
    const begun: string[] = [];
    const works = new Map<string, ReturnType<typeof held<number>>>();
    const run = (name: string, bytes: number): Promise<number> =>
      gate.run(bytes, () => {
        begun.push(name);
        const work = held<number>();
        works.set(name, work);
        return work.promise;
      });
    const calls = [run('a', 6), run('b', 4), run('c', 1), run('large', 50), run('d', 1)];
    const settled = Promise.allSettled(calls);
    await turns(1);
    expect(begun).toEqual(['a', 'b']);
    works.get('a')!.resolve(1);
    await turns(1);
    expect(begun).toEqual(['a', 'b', 'c']);
    works.get('b')!.reject(new ClosedError('x'));
    await turns(1);
    expect(begun).toEqual(['a', 'b', 'c']);
    works.get('c')!.resolve(3);
    await turns(1);
    expect(begun.at(-1)).toBe('large');
    works.get('large')!.resolve(4);
    await turns(1);
    works.get('d')!.resolve(5);
    const outcomes = await settled;
    expect(outcomes.map((one) => (one.status === 'fulfilled' ? one.value : 'failed'))).toEqual([
      1,
      'failed',
      3,
      4,
      5,
    ]);
  });
});

describe('BoundedMap', () => {
  it('forgets the ones that were set longest ago, however often they were looked at', () => {
    const map = new BoundedMap<string, number>(3);
    for (const [i, key] of ['a', 'b', 'c'].entries()) map.set(key, i);
    expect(map.get('b')).toBe(1);
    map.set('a', 10);
    map.set('d', 3);
    expect(['a', 'b', 'c', 'd'].map((key) => map.get(key))).toEqual([10, undefined, 2, 3]);
    expect(map.size).toBe(3);
  });

  it('has room again for what was deleted', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.delete('b');
    map.delete('none');
    map.set('c', 3);
    expect(map.get('a')).toBe(1);
    expect(map.size).toBe(2);
  });

  it('knows a key that is undefined, and holds nothing when there is no room', () => {
    const map = new BoundedMap<string | undefined, number>(1);
    map.set(undefined, 1);
    map.set('a', 2);
    expect(map.get(undefined)).toBeUndefined();
    const none = new BoundedMap<string, number>(0);
    none.set('a', 1);
    expect(none.size).toBe(0);
  });
});
