import { ManualClock } from '../../testing/index.js';
import { CircuitBreaker, type BreakerMove } from './circuit-breaker.js';

const SETTINGS = {
  failures: 5,
  windowMs: 1000,
  openMs: 100,
  checksToClose: 2,
};

describe('CircuitBreaker', () => {
  let clock: ManualClock;
  let moves: BreakerMove[];
  let breaker: CircuitBreaker;

  const open = (change: Partial<typeof SETTINGS> = {}): void => {
    clock = new ManualClock();
    moves = [];
    breaker = new CircuitBreaker({ ...SETTINGS, ...change }, clock, (move) => moves.push(move));
  };
  const call = (isAnswered: boolean): void => {
    const permit = breaker.permit()!;
    if (isAnswered) breaker.succeed(permit);
    else breaker.fail(permit);
  };
  const calls = (count: number, isAnswered: boolean): void => {
    for (let i = 0; i < count; i++) call(isAnswered);
  };
  const check = (isAnswered: boolean): void => {
    const permit = breaker.permitCheck()!;
    expect(permit).not.toBeNull();
    if (isAnswered) breaker.succeed(permit);
    else breaker.fail(permit);
  };
  const kind = (): string => breaker.state.kind;

  beforeEach(() => {
    open();
  });

  describe('closed', () => {
    it('lets calls pass, and no checks', () => {
      expect(breaker.state).toEqual({ kind: 'closed', since: 0 });
      expect(breaker.permit()).not.toBeNull();
      expect(breaker.permitCheck()).toBeNull();
      expect(moves).toEqual([]);
    });

    it('opens after so many failures in a row, however far apart', async () => {
      for (let i = 0; i < 4; i++) {
        call(false);
        await clock.advance(60_000);
      }
      expect(kind()).toBe('closed');
      call(false);
      expect(breaker.state).toEqual({ kind: 'open', since: 240_000, checkAt: 240_100 });
      expect(moves).toEqual([
        { from: 'closed', to: 'open', reason: '5 calls in a row failed', afterMs: 240_000 },
      ]);
    });

    it('starts to count again with each answer', () => {
      calls(4, false);
      call(true);
      calls(4, false);
      expect(kind()).toBe('closed');
      call(false);
      expect(kind()).toBe('open');
    });

    it('counts the failures of calls that were under way together', () => {
      const permits = Array.from({ length: 9 }, () => breaker.permit()!);
      for (const permit of permits) breaker.fail(permit);
      expect(kind()).toBe('open');
      expect(moves).toHaveLength(1);
    });
  });

  describe('with answers and failures mixed', () => {
    beforeEach(() => {
      open({ failures: 1000 });
    });

    it.each([
      [10, 10, 'open'],
      [11, 9, 'closed'],
      [9, 10, 'closed'],
      [0, 19, 'closed'],
      [0, 20, 'open'],
      [100, 99, 'closed'],
      [100, 100, 'open'],
    ])('is after %d answers and %d failures within the window %s', (answers, failures, state) => {
      calls(answers, true);
      calls(failures, false);
      expect(kind()).toBe(state);
    });

    it('judges when the call that makes the number full was answered, too', () => {
      for (let i = 0; i < 9; i++) {
        call(false);
        call(true);
      }
      call(false);
      expect(kind()).toBe('closed');
      call(true);
      expect(kind()).toBe('open');
      expect(moves[0]!.reason).toBe('10 of the last 20 calls failed');
    });

    it('forgets calls that are older than the window', async () => {
      calls(19, false);
      await clock.advance(1000);
      calls(19, false);
      expect(kind()).toBe('closed');
      await clock.advance(890);
      call(false);
      expect(kind()).toBe('open');
    });

    it('forgets them bit by bit', async () => {
      for (let i = 0; i < 10; i++) {
        calls(2, true);
        await clock.advance(100);
      }
      // Two answers are past the window by now; with each step two more.
      calls(17, false);
      expect(kind()).toBe('closed');
      call(false);
      expect(kind()).toBe('open');
      expect(moves[0]!.reason).toBe('18 of the last 36 calls failed');
    });

    it('goes on after any silence', async () => {
      calls(19, false);
      await clock.advance(1_234_567);
      calls(19, false);
      expect(kind()).toBe('closed');
      call(false);
      expect(moves[0]!.reason).toBe('20 of the last 20 calls failed');
    });

    describe('when it closes,', () => {
      beforeEach(async () => {
        calls(20, false);
        await clock.advance(100);
        check(true);
        check(true);
      });

      it.each([
        [0, 19, 'closed'],
        [0, 20, 'open'],
        [11, 9, 'closed'],
        [10, 10, 'open'],
      ])('starts again: after %d answers and %d failures it is %s', (answers, failures, state) => {
        calls(answers, true);
        calls(failures, false);
        expect(kind()).toBe(state);
      });

      it('starts again from nothing: what was before is not forgotten a second time', async () => {
        await clock.advance(1000);
        calls(19, false);
        expect(kind()).toBe('closed');
        call(false);
        expect(kind()).toBe('open');
      });
    });
  });

  describe('open', () => {
    beforeEach(() => {
      breaker.refuse(breaker.permit()!, 'the primary is down');
    });

    it('lets no calls pass, and a check after its time', async () => {
      expect(breaker.permit()).toBeNull();
      await clock.advance(99);
      expect(breaker.permitCheck()).toBeNull();
      expect(kind()).toBe('open');
      await clock.advance(1);
      expect(breaker.permitCheck()).not.toBeNull();
      expect(breaker.state).toEqual({
        kind: 'half-open',
        since: 100,
        passed: 0,
        isChecking: true,
      });
      expect(breaker.permit()).toBeNull();
      expect(moves).toEqual([
        { from: 'closed', to: 'open', reason: 'the primary is down', afterMs: 0 },
        { from: 'open', to: 'half-open', reason: 'time for a check', afterMs: 100 },
      ]);
    });

    it('lets a check pass at once when it is asked to hurry', async () => {
      await clock.advance(10);
      breaker.hurry();
      expect(breaker.state).toEqual({ kind: 'open', since: 0, checkAt: 10 });
      expect(breaker.permitCheck()).not.toBeNull();
      expect(moves.at(-1)).toMatchObject({ to: 'half-open', afterMs: 10 });
    });

    it('is not hurried to a later time', async () => {
      await clock.advance(150);
      breaker.hurry();
      expect(breaker.permitCheck()).not.toBeNull();
    });
  });

  describe('half-open', () => {
    beforeEach(async () => {
      breaker.refuse(breaker.permit()!, 'down');
      await clock.advance(100);
      moves.length = 0;
    });

    it('lets one check pass at a time', () => {
      const first = breaker.permitCheck()!;
      expect(breaker.permitCheck()).toBeNull();
      breaker.succeed(first);
      expect(breaker.state).toMatchObject({ kind: 'half-open', passed: 1, isChecking: false });
      expect(breaker.permitCheck()).not.toBeNull();
    });

    it('closes after so many checks in a row succeeded', async () => {
      check(true);
      expect(breaker.permit()).toBeNull();
      await clock.advance(30);
      check(true);
      expect(breaker.state).toEqual({ kind: 'closed', since: 130 });
      expect(breaker.permit()).not.toBeNull();
      expect(moves.slice(1)).toEqual([
        { from: 'half-open', to: 'closed', reason: '2 checks in a row succeeded', afterMs: 30 },
      ]);
    });

    it('closes with the first check when one is enough', async () => {
      open({ checksToClose: 1 });
      breaker.refuse(breaker.permit()!, 'down');
      await clock.advance(100);
      check(true);
      expect(kind()).toBe('closed');
    });

    it('opens with the first check that fails, and starts to count again', async () => {
      check(true);
      check(false);
      expect(moves.at(-1)).toEqual({
        from: 'half-open',
        to: 'open',
        reason: 'a check failed',
        afterMs: 0,
      });
      await clock.advance(1000);
      check(true);
      expect(kind()).toBe('half-open');
      check(true);
      expect(kind()).toBe('closed');
    });

    it('stays open longer after each failed check, up to four times, and as before once it was closed', async () => {
      const lasted: number[] = [];
      for (let i = 0; i < 6; i++) {
        check(false);
        const { state } = breaker;
        if (state.kind !== 'open') throw new Error('it must be open');
        lasted.push(state.checkAt - state.since);
        await clock.advance(lasted[i]!);
      }
      expect(lasted).toEqual([150, 225, 337.5, 400, 400, 400]);
      check(true);
      check(true);
      breaker.refuse(breaker.permit()!, 'down again');
      expect(breaker.state).toMatchObject({ checkAt: clock.now() + 100 });
    });

    it('begins with no failures when it closes', async () => {
      open();
      calls(5, false);
      await clock.advance(100);
      check(true);
      check(true);
      calls(4, false);
      expect(kind()).toBe('closed');
    });

    it('is not moved by being hurried', () => {
      breaker.permitCheck();
      breaker.hurry();
      expect(breaker.state).toMatchObject({ kind: 'half-open', isChecking: true });
      expect(breaker.permitCheck()).toBeNull();
    });

    it('takes the outcome of each check once', () => {
      const first = breaker.permitCheck()!;
      breaker.succeed(first);
      breaker.succeed(first);
      breaker.fail(first);
      expect(breaker.state).toMatchObject({ kind: 'half-open', passed: 1 });
      const second = breaker.permitCheck()!;
      breaker.succeed(first);
      breaker.fail(first);
      expect(breaker.state).toMatchObject({ passed: 1, isChecking: true });
      breaker.succeed(second);
      expect(kind()).toBe('closed');
      for (let i = 0; i < 9; i++) breaker.fail(second);
      expect(kind()).toBe('closed');
    });
  });

  describe('with calls that end after it moved', () => {
    it('ignores them while it is open', () => {
      const early = breaker.permit()!;
      breaker.refuse(breaker.permit()!, 'down');
      const { state } = breaker;
      breaker.succeed(early);
      breaker.fail(early);
      expect(breaker.state).toBe(state);
    });

    it('ignores them while it checks', async () => {
      open({ checksToClose: 5 });
      const early = breaker.permit()!;
      breaker.refuse(breaker.permit()!, 'down');
      await clock.advance(100);
      for (let passed = 0; passed < 5; passed++) {
        const permit = breaker.permitCheck()!;
        breaker.succeed(early);
        breaker.fail(early);
        expect(breaker.state).toMatchObject({ kind: 'half-open', passed, isChecking: true });
        breaker.succeed(permit);
      }
    });

    it('ignores them once it has closed again', async () => {
      const early = Array.from({ length: 30 }, () => breaker.permit()!);
      breaker.refuse(breaker.permit()!, 'down');
      await clock.advance(100);
      check(true);
      check(true);
      for (const permit of early) breaker.fail(permit);
      expect(kind()).toBe('closed');
      // Nor does an old answer speak for Redis now.
      calls(4, false);
      breaker.succeed(early[0]!);
      call(false);
      expect(kind()).toBe('open');
    });
  });

  describe('listeners', () => {
    it('hear of each move in the order they came, until they stop', async () => {
      const heard: string[] = [];
      const stop = breaker.listen(({ to }) => heard.push(`first ${to}`));
      breaker.listen(({ to }) => heard.push(`second ${to} ${String(moves.length)}`));
      breaker.refuse(breaker.permit()!, 'down');
      stop();
      stop();
      await clock.advance(100);
      breaker.permitCheck();
      expect(heard).toEqual(['first open', 'second open 1', 'second half-open 2']);
    });

    it('see the state after the move', () => {
      let seen = '';
      breaker.listen(() => (seen = kind()));
      breaker.refuse(breaker.permit()!, 'down');
      expect(seen).toBe('open');
    });
  });

  it('waits for nothing', () => {
    breaker.refuse(breaker.permit()!, 'down');
    expect(clock.pending).toBe(0);
  });
});
