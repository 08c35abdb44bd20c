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
import { type Ask, Away, Guard } from './guard.js';

function newGuard(failures = 2): Guard {
  const settings = { failures, windowMs: 1_000, openMs: 500, checksToClose: 1 };
  return new Guard(new CircuitBreaker(settings, new ManualClock(), () => undefined));
}

function promised<T>(promise: Promise<T>): Ask<T> {
  return (give, fail) => {
    promise.then(give, fail);
  };
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

describe('Guard', () => {
  it('returns the result of the work', async () => {
    expect(await newGuard().run(() => Promise.resolve(7))).toBe(7);
  });

  it.each([
    new CommandTimeoutError('late'),
    new NoPrimaryError('none'),
    new CommandUncertainError('lost'),
    new TypeError('whatever else'),
  ])('takes %p for an outage, and hands it on as the cause', async (error) => {
    const outcome = await newGuard().run(() => Promise.reject(error));
    expect(outcome).toBeInstanceOf(Away);
    expect(outcome.cause).toBe(error);
  });

  it.each([
    new CommandRejectedError('OOM command not allowed'),
    new InvalidArgumentError(problem),
    new ClosedError('closing'),
  ])('throws %p: it says nothing against Redis', async (error) => {
    const guard = newGuard(1);
    await expect(guard.run(() => Promise.reject(error))).rejects.toBe(error);
    expect(guard.isOpen).toBe(true);
  });

  it('does not try while its breaker is not closed', async () => {
    const guard = newGuard(1);
    await guard.run(() => Promise.reject(new CommandTimeoutError('late')));
    let tries = 0;
    const outcome = await guard.run(() => Promise.resolve(++tries));
    expect(outcome).toBeInstanceOf(Away);
    expect((outcome as Away).cause).toBeNull();
    expect({ tries, isOpen: guard.isOpen }).toEqual({ tries: 0, isOpen: false });
  });

  it('lets go of what is under way when its breaker opens', async () => {
    const guard = newGuard(1);
    const answer = withResolvers();
    const waiting = guard.run(() => answer.promise);
    await guard.run(() => Promise.reject(new CommandTimeoutError('late')));
    expect(await waiting).toBeInstanceOf(Away);
    answer.reject(new CommandTimeoutError('late, too'));
  });

  it('makes an answer of the outcome once, whatever comes later', async () => {
    const guard = newGuard(1);
    const answer = withResolvers();
    const made: unknown[] = [];
    const make = (outcome: unknown): number => made.push(outcome);
    const waiting = guard.askThen(promised(answer.promise), make);
    await guard.askThen(promised(Promise.reject(new CommandTimeoutError('late'))), make);
    answer.resolve('late, too');
    await answer.promise;
    expect(await waiting).toBe(1);
    expect(made).toEqual([expect.any(Away), expect.any(Away)]);
  });

  it('fails with what cannot be made an answer, also where nothing is tried', async () => {
    const guard = newGuard(1);
    const make = (): never => {
      throw new TypeError('refused');
    };
    await expect(guard.askThen(promised(Promise.resolve(1)), make)).rejects.toThrow('refused');
    await guard.run(() => Promise.reject(new CommandTimeoutError('late')));
    await expect(guard.askThen(promised(Promise.resolve(1)), make)).rejects.toThrow('refused');
  });

  it('takes an error that is thrown at once like one that comes later', async () => {
    const guard = newGuard(1);
    const outcome = await guard.run(() => {
      throw new CommandTimeoutError('late');
    });
    expect(outcome).toBeInstanceOf(Away);
    expect(guard.isOpen).toBe(false);
  });

  it('waits for what must not be left in doubt, whatever its breaker does', async () => {
    const guard = newGuard(1);
    const answer = withResolvers();
    const waiting = guard.runToItsEnd(() => answer.promise);
    await guard.run(() => Promise.reject(new CommandTimeoutError('late')));
    answer.resolve('done');
    expect(await waiting).toBe('done');
  });

  it.each(['run', 'runToItsEnd'] as const)('%s does not hide a refusal', async (way) => {
    const error = new CommandRejectedError('WRONGTYPE');
    await expect(newGuard()[way](() => Promise.reject(error))).rejects.toBe(error);
  });
});

describe('the stats of a guard', () => {
  const late = (): Promise<never> => Promise.reject(new CommandTimeoutError('late'));

  it.each(['run', 'runToItsEnd'] as const)('%s counts each outcome once', async (way) => {
    const guard = newGuard(2);
    await guard[way](() => Promise.resolve(1));
    await guard[way](() => Promise.reject(new CommandRejectedError('WRONGTYPE'))).catch(() => 0);
    expect(guard.stats).toEqual({ answered: 2, failed: 0, away: 0 });
    await guard[way](late);
    await guard[way](late);
    expect(guard.stats).toEqual({ answered: 2, failed: 2, away: 0 });
    await guard[way](() => Promise.resolve('not asked'));
    expect(guard.stats).toEqual({ answered: 2, failed: 2, away: 1 });
  });

  it.each([
    ['answered', (answer: ReturnType<typeof withResolvers>) => answer.resolve('late')],
    ['failed', (answer: ReturnType<typeof withResolvers>) => answer.reject(new TypeError('x'))],
    [
      'refused',
      (answer: ReturnType<typeof withResolvers>) => answer.reject(new CommandRejectedError('OOM')),
    ],
  ])('counts what was let go once, although it is %s afterwards', async (_, end) => {
    const guard = newGuard(1);
    const answer = withResolvers();
    const waiting = guard.run(() => answer.promise);
    await guard.run(late);
    await waiting;
    expect(guard.stats).toEqual({ answered: 0, failed: 1, away: 1 });
    end(answer);
    await answer.promise.catch(() => undefined);
    expect(guard.stats).toEqual({ answered: 0, failed: 1, away: 1 });
  });

  it('counts what must not be left in doubt by its own outcome, although the breaker opened', async () => {
    const guard = newGuard(1);
    const answer = withResolvers();
    const waiting = guard.runToItsEnd(() => answer.promise);
    await guard.run(late);
    expect(guard.stats).toEqual({ answered: 0, failed: 1, away: 0 });
    answer.resolve('done');
    await waiting;
    expect(guard.stats).toEqual({ answered: 1, failed: 1, away: 0 });
  });
});
