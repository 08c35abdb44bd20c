import {
  ClosedError,
  CommandRejectedError,
  CommandTimeoutError,
  CommandUncertainError,
  InvalidArgumentError,
  NoPrimaryError,
} from '../../base/errors/index.js';
import { ManualClock } from '../../testing/index.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { Away, Lane } from './guard.js';

function newLane(failures = 2): Lane {
  const settings = { failures, windowMs: 1_000, openMs: 500, probesToClose: 1 };
  return new Lane(new CircuitBreaker(settings, new ManualClock(), () => undefined));
}

function withResolvers(): {
  promise: Promise<string>;
  resolve: (value: string) => void;
  reject: (error: Error) => void;
} {
  let resolve: (value: string) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<string>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}

const problem = { field: 'f', value: 1, message: 'm', remedy: 'r' };

describe('Lane', () => {
  it('answers what was done', async () => {
    expect(await newLane().run(() => Promise.resolve(7))).toBe(7);
  });

  it.each([
    new CommandTimeoutError('late'),
    new NoPrimaryError('none'),
    new CommandUncertainError('lost'),
    new TypeError('whatever else'),
  ])('takes %p for an outage, and hands it on as the cause', async (error) => {
    const outcome = await newLane().run(() => Promise.reject(error));
    expect(outcome).toBeInstanceOf(Away);
    expect(outcome.cause).toBe(error);
  });

  it.each([
    new CommandRejectedError('OOM command not allowed'),
    new InvalidArgumentError(problem),
    new ClosedError('closing'),
  ])('throws %p: it says nothing against Redis', async (error) => {
    const lane = newLane(1);
    await expect(lane.run(() => Promise.reject(error))).rejects.toBe(error);
    expect(lane.isOpen).toBe(true);
  });

  it('does not try while its breaker is not closed', async () => {
    const lane = newLane(1);
    await lane.run(() => Promise.reject(new CommandTimeoutError('late')));
    let tries = 0;
    const outcome = await lane.run(() => Promise.resolve(++tries));
    expect(outcome).toBeInstanceOf(Away);
    expect((outcome as Away).cause).toBeNull();
    expect({ tries, isOpen: lane.isOpen }).toEqual({ tries: 0, isOpen: false });
  });

  it('lets go of what is under way when its breaker opens', async () => {
    const lane = newLane(1);
    const answer = withResolvers();
    const waiting = lane.run(() => answer.promise);
    await lane.run(() => Promise.reject(new CommandTimeoutError('late')));
    expect(await waiting).toBeInstanceOf(Away);
    answer.reject(new CommandTimeoutError('late, too'));
  });

  it('waits for what must not be left in doubt, whatever its breaker does', async () => {
    const lane = newLane(1);
    const answer = withResolvers();
    const waiting = lane.runToItsEnd(() => answer.promise);
    await lane.run(() => Promise.reject(new CommandTimeoutError('late')));
    answer.resolve('done');
    expect(await waiting).toBe('done');
  });

  it.each(['run', 'runToItsEnd'] as const)('%s does not hide a refusal', async (way) => {
    const error = new CommandRejectedError('WRONGTYPE');
    await expect(newLane()[way](() => Promise.reject(error))).rejects.toBe(error);
  });
});

describe('the counts of a lane', () => {
  const late = (): Promise<never> => Promise.reject(new CommandTimeoutError('late'));

  it.each(['run', 'runToItsEnd'] as const)('%s counts each outcome once', async (way) => {
    const lane = newLane(2);
    await lane[way](() => Promise.resolve(1));
    await lane[way](() => Promise.reject(new CommandRejectedError('WRONGTYPE'))).catch(() => 0);
    expect(lane.counts).toEqual({ answered: 2, failed: 0, away: 0 });
    await lane[way](late);
    await lane[way](late);
    expect(lane.counts).toEqual({ answered: 2, failed: 2, away: 0 });
    await lane[way](() => Promise.resolve('not asked'));
    expect(lane.counts).toEqual({ answered: 2, failed: 2, away: 1 });
  });

  it.each([
    ['answered', (answer: ReturnType<typeof withResolvers>) => answer.resolve('late')],
    ['failed', (answer: ReturnType<typeof withResolvers>) => answer.reject(new TypeError('x'))],
    [
      'refused',
      (answer: ReturnType<typeof withResolvers>) => answer.reject(new CommandRejectedError('OOM')),
    ],
  ])('counts what was let go once, although it is %s afterwards', async (_, end) => {
    const lane = newLane(1);
    const answer = withResolvers();
    const waiting = lane.run(() => answer.promise);
    await lane.run(late);
    await waiting;
    expect(lane.counts).toEqual({ answered: 0, failed: 1, away: 1 });
    end(answer);
    await answer.promise.catch(() => undefined);
    expect(lane.counts).toEqual({ answered: 0, failed: 1, away: 1 });
  });

  it('counts what must not be left in doubt by its own outcome, although the breaker opened', async () => {
    const lane = newLane(1);
    const answer = withResolvers();
    const waiting = lane.runToItsEnd(() => answer.promise);
    await lane.run(late);
    expect(lane.counts).toEqual({ answered: 0, failed: 1, away: 0 });
    answer.resolve('done');
    await waiting;
    expect(lane.counts).toEqual({ answered: 1, failed: 1, away: 0 });
  });
});
