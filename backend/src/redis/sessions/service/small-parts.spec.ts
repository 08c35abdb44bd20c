import { ManualClock } from '../../testing/index.js';
import { SessionUnavailableError } from '../../base/errors/index.js';
import { turns } from '../../../../test/support/engine-rig.js';
import { ArchiveTurns } from '../archive/archive-turns.js';
import { callBack } from '../stores/callbacks.js';
import { KeyedTurns } from './keyed-turns.js';
import { Remembered } from '../archive/remembered.js';

/** A piece of work that ends when the test says so. */
function work(): {
  run: () => Promise<string>;
  end: (value: string) => void;
  fail: () => void;
  started: () => number;
} {
  let started = 0;
  let resolve: (value: string) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<string>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return {
    run: () => {
      started++;
      return promise;
    },
    end: (value) => resolve(value),
    fail: () => reject(new TypeError('failed')),
    started: () => started,
  };
}

describe('Remembered', () => {
  it('forgets after its time', async () => {
    const clock = new ManualClock();
    const memory = new Remembered<string>(clock, 100, 10);
    memory.set('a', 'x');
    await clock.advance(99);
    expect(memory.get('a')).toBe('x');
    await clock.advance(1);
    expect(memory.get('a')).toBeUndefined();
    expect(memory.size).toBe(0);
  });

  it('never holds more than it may; the oldest leave first', () => {
    const memory = new Remembered<number>(new ManualClock(), 100, 3);
    for (let i = 0; i < 4; i++) memory.set(`k${String(i)}`, i);
    memory.set('k1', 11);
    memory.set('k5', 5);
    expect(memory.size).toBe(3);
    expect(['k0', 'k1', 'k2', 'k3', 'k5'].map((key) => memory.get(key))).toEqual([
      undefined,
      11,
      undefined,
      3,
      5,
    ]);
  });

  it('remembers nothing when its time is 0, and forgets on request', () => {
    const off = new Remembered<number>(new ManualClock(), 0, 3);
    off.set('a', 1);
    expect(off.get('a')).toBeUndefined();
    const on = new Remembered<number>(new ManualClock(), 1, 3);
    on.set('a', 1);
    on.delete('a');
    expect(on.get('a')).toBeUndefined();
  });
});

describe('KeyedTurns', () => {
  it('does one thing after the other for a key, and different keys side by side', async () => {
    const line = new KeyedTurns();
    const [first, second, other] = [work(), work(), work()];
    const results = Promise.all([
      line.run('a', first.run),
      line.run('a', second.run),
      line.run('b', other.run),
    ]);
    await turns(1);
    expect([first.started(), second.started(), other.started()]).toEqual([1, 0, 1]);
    first.end('1');
    await turns(1);
    expect(second.started()).toBe(1);
    second.end('2');
    other.end('3');
    expect(await results).toEqual(['1', '2', '3']);
    expect(line.size).toBe(0);
  });

  it('goes on after a failure, which only its own caller sees', async () => {
    const line = new KeyedTurns();
    const [first, second] = [work(), work()];
    const failing = line.run('a', first.run);
    const following = line.run('a', second.run);
    first.fail();
    await expect(failing).rejects.toThrow('failed');
    second.end('fine');
    expect(await following).toBe('fine');
    expect(line.size).toBe(0);
  });
});

describe('ArchiveTurns', () => {
  const never = new AbortController().signal;

  it('lets so many go at a time, in the order they came', async () => {
    const line = new ArchiveTurns(1, 10);
    const works = [work(), work(), work()];
    const results = Promise.all(works.map((one) => line.run(never, one.run)));
    await turns(1);
    expect(works.map((one) => one.started())).toEqual([1, 0, 0]);
    expect(line.load).toEqual({ going: 1, waiting: 2 });
    works[0]?.end('a');
    await turns(1);
    expect(works.map((one) => one.started())).toEqual([1, 1, 0]);
    works[1]?.end('b');
    works[2]?.end('c');
    expect(await results).toEqual(['a', 'b', 'c']);
    expect(line.load).toEqual({ going: 0, waiting: 0 });
  });

  it('refuses at once when too many wait', async () => {
    const line = new ArchiveTurns(1, 1);
    const [going, waiting] = [work(), work()];
    const results = [line.run(never, going.run), line.run(never, waiting.run)];
    await expect(line.run(never, work().run)).rejects.toThrow(SessionUnavailableError);
    going.end('a');
    waiting.end('b');
    expect(await Promise.all(results)).toEqual(['a', 'b']);
  });

  it('passes the turn on when nobody waits for its holder any more', async () => {
    const line = new ArchiveTurns(1, 10);
    const [mute, next] = [work(), work()];
    const patience = new AbortController();
    const given = line.run(patience.signal, mute.run);
    const following = line.run(never, next.run);
    await turns(1);
    patience.abort();
    await turns(1);
    expect(next.started()).toBe(1);
    // The call that did not end answers late: its turn must not be passed on twice.
    mute.end('late');
    await given;
    expect(line.load).toEqual({ going: 1, waiting: 0 });
    next.end('fine');
    expect(await following).toBe('fine');
    expect(line.load.going).toBe(0);
  });

  it('removes those that have waited too long', async () => {
    const line = new ArchiveTurns(1, 10);
    const [going, left, last] = [work(), work(), work()];
    const patience = new AbortController();
    const first = line.run(never, going.run);
    const leaving = line.run(patience.signal, left.run);
    const staying = line.run(never, last.run);
    patience.abort();
    await expect(leaving).rejects.toThrow(SessionUnavailableError);
    going.end('a');
    last.end('c');
    expect(await Promise.all([first, staying])).toEqual(['a', 'c']);
    expect(left.started()).toBe(0);
    expect(line.load).toEqual({ going: 0, waiting: 0 });
  });

  it('passes the turn on after a failure', async () => {
    const line = new ArchiveTurns(1, 10);
    const [failing, next] = [work(), work()];
    const failed = line.run(never, failing.run);
    const following = line.run(never, next.run);
    failing.fail();
    await expect(failed).rejects.toThrow('failed');
    next.end('fine');
    expect(await following).toBe('fine');
  });
});

describe('callBack', () => {
  it.each([
    ['a session', Promise.resolve({ a: 1 }), [null, { a: 1 }]],
    ['no session', Promise.resolve(null), [null, null]],
    ['nothing', Promise.resolve(), [null]],
    ['an error', Promise.reject(new TypeError('x')), [new TypeError('x')]],
  ])('calls back once with %s', async (_, ending, expected) => {
    const calls: unknown[][] = [];
    callBack(ending, (...args: unknown[]) => calls.push(args), fail);
    await turns(1);
    expect(calls).toEqual([expected]);
  });

  it('needs no callback', async () => {
    callBack(Promise.resolve(), undefined, fail);
    callBack(Promise.reject(new TypeError('x')), undefined, fail);
    await turns(1);
  });

  it.each([
    ['a success', Promise.resolve({})],
    ['a failure', Promise.reject(new TypeError('x'))],
  ])('hands on what a callback of %s throws, and calls it no second time', async (_, ending) => {
    const thrown: unknown[] = [];
    let calls = 0;
    const callback = (): void => {
      calls++;
      throw new TypeError('mine');
    };
    callBack(ending, callback, (error) => thrown.push(error));
    await turns(1);
    expect(calls).toBe(1);
    expect(thrown).toEqual([new TypeError('mine')]);
  });
});

function fail(error: unknown): never {
  throw new TypeError(`nobody should be told of ${String(error)}`);
}
