import { turns } from '../../../../test/support/cache-rig.js';
import { outcomeOf } from '../../../../test/support/outcomes.js';
import { ManualClock } from '../../testing/index.js';
import { ClosedError, CommandTimeoutError } from '../errors/index.js';
import type { Stop } from './clock.js';
import { answerWithin, atDeadline, endsWithin, onSignal, waitFor, type Answer } from './wait.js';

const late = new CommandTimeoutError('late');
const closed = new ClosedError('closed');

/** A signal that counts who listens to it. */
function heardSignal(): { controller: AbortController; signal: AbortSignal; heard: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  const { addEventListener, removeEventListener } = signal;
  jest.spyOn(signal, 'addEventListener').mockImplementation((...args) => {
    count++;
    addEventListener.apply(signal, args);
  });
  jest.spyOn(signal, 'removeEventListener').mockImplementation((...args) => {
    count--;
    removeEventListener.apply(signal, args);
  });
  return { controller, signal, heard: () => count };
}

/** Something that can be waited for, and knows who waits. */
class Bell<T> {
  answers: Answer<T>[] = [];
  watching = 0;

  watch = (answer: Answer<T>): Stop => {
    this.answers.push(answer);
    this.watching++;
    return () => {
      this.watching--;
    };
  };
}

describe('waitFor', () => {
  const clock = new ManualClock();
  let bell: Bell<number>;
  let signal: ReturnType<typeof heardSignal>;
  let wait: Promise<{ value?: unknown; error?: unknown }>;

  beforeEach(() => {
    bell = new Bell();
    signal = heardSignal();
    wait = waitFor(
      bell.watch,
      atDeadline(clock, 100, () => late),
      onSignal(signal.signal, () => closed),
    ).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
  });

  const leftBehind = (): unknown => [clock.pending, signal.heard(), bell.watching];

  it.each<[string, () => unknown, unknown]>([
    ['its answer', () => bell.answers[0]?.give(5), { value: 5 }],
    ['a refusal', () => bell.answers[0]?.refuse(closed), { error: closed }],
    ['its deadline', () => clock.advance(100), { error: late }],
    ['its signal', () => signal.controller.abort(), { error: closed }],
  ])('ends with %s, and leaves no timer, listener or watch behind', async (_, end, outcome) => {
    expect(leftBehind()).toEqual([1, 1, 1]);
    await end();
    expect(leftBehind()).toEqual([0, 0, 0]);
    expect(await wait).toEqual(outcome);
  });

  it('ends once: whoever comes later changes nothing, and a late answer is told so', async () => {
    const [answer] = bell.answers;
    expect(answer?.give(1)).toBe(true);
    expect(answer?.give(2)).toBe(false);
    answer?.refuse(late);
    signal.controller.abort();
    await clock.advance(100);
    expect(await wait).toEqual({ value: 1 });
    expect(leftBehind()).toEqual([0, 0, 0]);
  });

  it('keeps the process alive until it is over', async () => {
    expect(clock.held).toBe(1);
    bell.answers[0]?.give(1);
    await wait;
    expect(clock.held).toBe(0);
  });

  it('is still going on just before its deadline', async () => {
    await clock.advance(99);
    expect(bell.answers[0]?.give(3)).toBe(true);
    expect(await wait).toEqual({ value: 3 });
  });
});

describe('a wait', () => {
  const clock = new ManualClock();

  it('ends at once when its signal has fired already, whatever it waits for', async () => {
    const { controller, signal, heard } = heardSignal();
    controller.abort(closed);
    const bell = new Bell<number>();
    const wait = waitFor(bell.watch, atDeadline(clock, 100), onSignal(signal));
    expect((await outcomeOf(wait)).error).toBe(closed);
    expect((await outcomeOf(answerWithin(Promise.resolve(1), onSignal(signal)))).error).toBe(
      closed,
    );
    expect([clock.pending, bell.watching]).toEqual([0, 0]);
    expect(heard()).toBeLessThanOrEqual(0);
  });

  it('is over at once when the answer is there while it begins', async () => {
    let isWatching = true;
    const wait = waitFor<string>(
      ({ give }) => {
        give('there');
        return () => {
          isWatching = false;
        };
      },
      atDeadline(clock, 100),
    );
    expect(await wait).toBe('there');
    expect([isWatching, clock.pending]).toEqual([false, 0]);
  });

  it('with a deadline of 0 ends in the next turn, unless the answer is there before', async () => {
    const never = new Promise<number>(() => undefined);
    const wait = outcomeOf(
      answerWithin(
        never,
        atDeadline(clock, 0, () => late),
      ),
    );
    expect(clock.pending).toBe(1);
    await clock.advance(0);
    expect((await wait).error).toBe(late);
    expect(
      await answerWithin(
        Promise.resolve(1),
        atDeadline(clock, 0, () => late),
      ),
    ).toBe(1);
    expect(clock.pending).toBe(0);
  });

  it('without a deadline or a signal lasts until there is an answer', async () => {
    const bell = new Bell<number>();
    const wait = waitFor(bell.watch, atDeadline(clock, null), onSignal(null));
    await clock.advance(1e9);
    bell.answers[0]?.give(7);
    expect(await wait).toBe(7);
  });
});

describe('answerWithin', () => {
  it('answers what work answers, and fails as it fails', async () => {
    const { signal, heard } = heardSignal();
    expect(await answerWithin(Promise.resolve(5), onSignal(signal))).toBe(5);
    const failing = answerWithin(Promise.reject(closed), onSignal(signal));
    expect((await outcomeOf(failing)).error).toBe(closed);
    expect(heard()).toBe(0);
  });

  it('ignores work that fails too late: no failure goes unhandled', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const controller = new AbortController();
    let fail: (error: unknown) => void = () => undefined;
    const work = new Promise<number>((_, reject) => {
      fail = reject;
    });
    const wait = outcomeOf(answerWithin(work, onSignal(controller.signal)));
    controller.abort(closed);
    expect((await wait).error).toBe(closed);
    fail(late);
    expect((await outcomeOf(answerWithin(work, onSignal(controller.signal)))).error).toBe(closed);
    await turns(2);
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe('endsWithin', () => {
  const clock = new ManualClock();

  it.each([
    ['done', () => Promise.resolve()],
    ['failed', () => Promise.reject(closed)],
  ])('says that work has ended when it has %s', async (_, work) => {
    expect(await endsWithin(work(), atDeadline(clock, 0))).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('says that it has not when its deadline comes first', async () => {
    const wait = endsWithin(new Promise(() => undefined), atDeadline(clock, 50));
    await clock.advance(50);
    expect(await wait).toBe(false);
    expect(clock.pending).toBe(0);
  });
});
