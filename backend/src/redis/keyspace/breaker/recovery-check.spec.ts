import { ManualClock } from '../../testing/index.js';
import { RecoveryCheck } from './recovery-check.js';
import { CircuitBreaker } from './circuit-breaker.js';

interface Asked {
  succeed(): void;
  fail(): void;
}

describe('RecoveryCheck', () => {
  let clock: ManualClock;
  let breaker: CircuitBreaker;
  let asked: Asked[];
  let check: RecoveryCheck;

  const ask = (): Promise<void> =>
    new Promise((resolve, reject) => {
      asked.push({ succeed: resolve, fail: () => reject(new Error('away')) });
    });
  const start = (run: () => Promise<unknown> = ask, timeoutMs = 100): void => {
    check = new RecoveryCheck(breaker, run, { everyMs: 10, timeoutMs }, clock);
  };
  const kind = (): string => breaker.state.kind;

  beforeEach(() => {
    clock = new ManualClock();
    asked = [];
    const settings = { failures: 5, windowMs: 1000, openMs: 100, checksToClose: 2 };
    breaker = new CircuitBreaker(settings, clock, () => {});
  });

  it('does nothing while the breaker is closed', async () => {
    start();
    expect(clock.pending).toBe(0);
    await clock.advance(10_000);
    check.hurry();
    await clock.advance(10_000);
    expect(asked).toHaveLength(0);
  });

  it('begins when the breaker opens, asks when it is time, and ends when it has closed it', async () => {
    start();
    breaker.refuse(breaker.permit()!, 'down');
    expect(clock.pending).toBe(1);
    await clock.advance(99);
    expect(asked).toHaveLength(0);
    await clock.advance(1);
    expect(asked).toHaveLength(1);
    asked[0]!.succeed();
    await clock.advance(9);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    expect(asked).toHaveLength(2);
    asked[1]!.succeed();
    await clock.advance(0);
    expect(kind()).toBe('closed');
    expect(clock.pending).toBe(0);
  });

  it('begins at once with a breaker that is open already', async () => {
    breaker.refuse(breaker.permit()!, 'down');
    start();
    await clock.advance(100);
    expect(asked).toHaveLength(1);
  });

  it('ends when somebody else has closed the breaker', async () => {
    start();
    breaker.refuse(breaker.permit()!, 'down');
    breaker.hurry();
    for (let i = 0; i < 2; i++) breaker.succeed(breaker.permitCheck()!);
    expect(kind()).toBe('closed');
    expect(clock.pending).toBe(0);
  });

  it('waits while somebody else checks', async () => {
    start();
    breaker.refuse(breaker.permit()!, 'down');
    breaker.hurry();
    const permit = breaker.permitCheck()!;
    await clock.advance(1000);
    expect(asked).toHaveLength(0);
    breaker.succeed(permit);
    await clock.advance(10);
    expect(asked).toHaveLength(1);
  });

  it('starts again each time the breaker opens', async () => {
    start(() => Promise.resolve());
    for (let i = 0; i < 3; i++) {
      breaker.refuse(breaker.permit()!, 'down');
      await clock.advance(110);
      expect(kind()).toBe('closed');
      expect(clock.pending).toBe(0);
    }
  });

  it.each<[string, () => Promise<unknown>]>([
    ['rejects', () => Promise.reject(new Error('away'))],
    [
      'throws',
      () => {
        throw new Error('away');
      },
    ],
  ])('takes a check that %s for failed, and goes on', async (_, run) => {
    let count = 0;
    start(() => {
      count++;
      return run();
    });
    breaker.refuse(breaker.permit()!, 'down');
    await clock.advance(100);
    expect(count).toBe(1);
    expect(breaker.state).toMatchObject({ kind: 'open', since: 100, checkAt: 250 });
    await clock.advance(150);
    expect(count).toBe(2);
    expect(clock.pending).toBe(1);
  });

  it('asks one thing at a time, however long it takes', async () => {
    start();
    breaker.refuse(breaker.permit()!, 'down');
    await clock.advance(199);
    check.hurry();
    expect(asked).toHaveLength(1);
    expect(clock.pending).toBe(1);
  });

  it('gives up a check that does not end in its time', async () => {
    start(ask, 30);
    breaker.refuse(breaker.permit()!, 'down');
    await clock.advance(129);
    expect(kind()).toBe('half-open');
    await clock.advance(1);
    expect(kind()).toBe('open');
    // Time for the next; what the first finds out by now is not for it.
    await clock.advance(150);
    expect(asked).toHaveLength(2);
    asked[0]!.succeed();
    await clock.advance(0);
    expect(breaker.state).toMatchObject({ kind: 'half-open', passed: 0, isChecking: true });
    asked[1]!.succeed();
    await clock.advance(0);
    expect(breaker.state).toMatchObject({ kind: 'half-open', passed: 1 });
  });

  it('ignores what a check finds out that was given up, before the next begins', async () => {
    start(ask, 30);
    breaker.refuse(breaker.permit()!, 'down');
    await clock.advance(130);
    const { state } = breaker;
    asked[0]!.fail();
    await clock.advance(0);
    expect(breaker.state).toBe(state);
    expect(clock.pending).toBe(1);
  });

  describe('when it is hurried', () => {
    it('asks at once, and waits again as before', async () => {
      start();
      breaker.refuse(breaker.permit()!, 'down');
      await clock.advance(5);
      check.hurry();
      expect(asked).toHaveLength(1);
      asked[0]!.succeed();
      await clock.advance(9);
      expect(asked).toHaveLength(1);
      await clock.advance(1);
      expect(asked).toHaveLength(2);
    });

    it('asks at once between two checks', async () => {
      start();
      breaker.refuse(breaker.permit()!, 'down');
      await clock.advance(100);
      asked[0]!.succeed();
      await clock.advance(1);
      check.hurry();
      expect(asked).toHaveLength(2);
    });

    it('asks again at once when the check under way fails: it may have been too early', async () => {
      start();
      breaker.refuse(breaker.permit()!, 'down');
      await clock.advance(100);
      check.hurry();
      check.hurry();
      asked[0]!.fail();
      await clock.advance(0);
      expect(asked).toHaveLength(2);
      asked[1]!.fail();
      await clock.advance(0);
      expect(asked).toHaveLength(2);
      expect(kind()).toBe('open');
    });
  });

  describe('closed', () => {
    it('leaves nothing pending while it waits', async () => {
      start();
      breaker.refuse(breaker.permit()!, 'down');
      check.close();
      expect(clock.pending).toBe(0);
      await clock.advance(10_000);
      expect(asked).toHaveLength(0);
    });

    it.each<[string, (last: Asked) => void]>([
      ['success', (last) => last.succeed()],
      ['failure', (last) => last.fail()],
    ])('leaves nothing pending while it asks, and ignores the %s of it', async (_, end) => {
      start();
      breaker.refuse(breaker.permit()!, 'down');
      await clock.advance(100);
      const { state } = breaker;
      check.hurry();
      check.close();
      expect(clock.pending).toBe(0);
      end(asked[0]!);
      await clock.advance(10_000);
      expect(breaker.state).toBe(state);
      expect(asked).toHaveLength(1);
      expect(clock.pending).toBe(0);
    });

    it('leaves no listener behind', () => {
      const stop = jest.fn();
      jest.spyOn(breaker, 'listen').mockReturnValue(stop);
      start();
      check.close();
      expect(stop).toHaveBeenCalled();
    });

    it('begins no more, whatever happens', async () => {
      start();
      check.close();
      check.close();
      breaker.refuse(breaker.permit()!, 'down');
      check.hurry();
      await clock.advance(10_000);
      expect(asked).toHaveLength(0);
      expect(clock.pending).toBe(0);
    });

    it('can be closed by who hears of a move that it caused', async () => {
      start();
      breaker.refuse(breaker.permit()!, 'down');
      await clock.advance(100);
      breaker.listen(() => check.close());
      asked[0]!.fail();
      await clock.advance(10_000);
      expect(clock.pending).toBe(0);
      expect(asked).toHaveLength(1);
    });
  });
});
