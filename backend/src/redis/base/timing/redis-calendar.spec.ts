import { SteppedClock } from '../../../../test/support/stepped-clock.js';
import { RedisCalendar } from './redis-calendar.js';
import { errorAt, TimeSamples } from './time-distance.js';

const HOUR_MS = 3_600_000;

/** What is measured at a moment of the clock, when the server's calendar is this far from ours. */
const answer = (sentAt: number, tripMs: number, serverMs: number, share = 0.5) => ({
  sentAt,
  receivedAt: sentAt + tripMs,
  serverMs: serverMs + tripMs * share,
});

describe('TimeSamples', () => {
  let samples: TimeSamples;

  beforeEach(() => {
    samples = new TimeSamples();
  });

  it('know nothing before the first answer, and nothing after a new beginning', () => {
    expect(samples.best).toBeNull();
    samples.add(answer(10, 2, 5_010));
    expect(samples.best).toEqual({ distanceMs: 5_000, errorMs: 1, measuredAt: 12 });
    samples.clear();
    expect(samples.best).toBeNull();
  });

  it('trust the answer that was quickest', () => {
    samples.add(answer(0, 40, 5_000, 0.9));
    samples.add(answer(1_000, 1, 6_000));
    samples.add(answer(2_000, 60, 7_000, 0.1));
    expect(samples.best).toMatchObject({ distanceMs: 5_000, errorMs: 0.5 });
  });

  it('are never further from the truth than they say, however one-sided the way is', () => {
    for (const [i, share] of [0, 0.1, 0.5, 0.9, 1].entries()) {
      samples.add(answer(i * 1_000, 30 - i, i * 1_000 + 5_000, share));
      const { distanceMs, errorMs } = samples.best!;
      expect(Math.abs(distanceMs - 5_000)).toBeLessThanOrEqual(errorMs + 1e-9);
    }
  });

  it('forget an old answer, for clocks drift apart', () => {
    samples.add(answer(0, 1, 5_000));
    for (let i = 1; i <= 8; i++) samples.add(answer(i * 1_000, 20, i * 1_000 + 5_000));
    expect(samples.best).toMatchObject({ errorMs: 0.5, measuredAt: 1 });
    for (let i = 9; i <= 12; i++) samples.add(answer(i * 1_000, 20, i * 1_000 + 5_000));
    expect(samples.best).toMatchObject({ errorMs: 10, measuredAt: 12_020 });
  });

  it('keep a good answer through a busy minute, where the clocks were seen to keep together', () => {
    for (let i = 0; i < 60; i++) samples.add(answer(i * 1_000, 1, i * 1_000 + 5_000));
    for (let i = 60; i < 90; i++) samples.add(answer(i * 1_000, 400, i * 1_000 + 5_000, 0.9));
    expect(samples.best).toMatchObject({ errorMs: 0.5 });
    expect(errorAt(samples.best!, 150_000)).toBeLessThan(13);
  });

  it('believe nothing of clocks that drift apart fast, beyond what they have seen', () => {
    const serverMs = (at: number): number => at * 1.0005 + 5_000;
    for (let i = 0; i < 60; i++) samples.add(answer(i * 1_000, 1, serverMs(i * 1_000)));
    const best = samples.best!;
    expect(best.drift ?? 0.001).toBeCloseTo(0.001);
    for (const at of [60_000, 120_000, 600_000]) {
      expect(Math.abs(at + best.distanceMs - serverMs(at))).toBeLessThan(errorAt(best, at));
    }
  });

  it('begin anew when the calendar of the server was corrected', () => {
    for (let i = 0; i < 8; i++) samples.add(answer(i * 1_000, 2, i * 1_000 + 5_000));
    samples.add(answer(8_000, 12, 8_000 + 5_000 - HOUR_MS));
    expect(samples.best).toMatchObject({ distanceMs: 5_000 - HOUR_MS, errorMs: 6 });
    samples.add(answer(9_000, 2, 9_000 + 5_000 - HOUR_MS));
    expect(samples.best).toMatchObject({ distanceMs: 5_000 - HOUR_MS, errorMs: 1 });
  });
});

describe('RedisCalendar', () => {
  let local: SteppedClock;
  let calendar: RedisCalendar;

  beforeEach(() => {
    local = new SteppedClock();
    calendar = new RedisCalendar(local);
  });

  const measure = (aheadOfLocalMs: number, errorMs = 1): number => {
    const serverMs = local.wallTime() + aheadOfLocalMs;
    const distanceMs = serverMs - local.now();
    calendar.follow({ distanceMs, errorMs, measuredAt: local.now() });
    return serverMs;
  };

  it('is that of this machine before anything was measured', () => {
    expect(calendar.wallTime()).toBe(local.wallTime());
    expect(calendar.localAheadMs).toBeNull();
    local.step(-HOUR_MS);
    expect(calendar.wallTime()).toBe(local.wallTime());
  });

  it.each([HOUR_MS, -HOUR_MS])(
    'does not notice that somebody sets the machine by %d ms',
    async (stepMs) => {
      const serverMs = measure(-250);
      local.step(stepMs);
      await local.advance(400);
      expect(calendar.wallTime()).toBe(serverMs + 400);
      expect(calendar.localAheadMs).toBe(250 + stepMs);
    },
  );

  it('goes on while Redis is away, and says less and less for certain', async () => {
    const serverMs = measure(10 * 60_000);
    const before = calendar.uncertaintyMs();
    await local.advance(HOUR_MS);
    expect(calendar.wallTime()).toBe(serverMs + HOUR_MS);
    expect(before).toBe(1);
    expect(calendar.uncertaintyMs()).toBeGreaterThan(1_000);
  });

  it('is behind by as long as this machine has slept, until Redis is reached again', () => {
    const before = measure(-250);
    // The calendar of a machine goes on while it sleeps. Its monotonic clock stands still.
    local.step(HOUR_MS);
    expect(calendar.wallTime()).toBe(before);
    expect(measure(-250)).toBe(before + HOUR_MS);
    expect(calendar.wallTime()).toBe(before + HOUR_MS);
  });

  it('follows a new primary that is 80 ms behind', () => {
    measure(0);
    const before = calendar.wallTime();
    measure(-80);
    expect(calendar.wallTime()).toBe(before - 80);
  });

  it('tells whole milliseconds, as the calendar of a machine does', () => {
    calendar.follow({ distanceMs: 1_000.9, errorMs: 0.1, measuredAt: 0 });
    expect(calendar.wallTime()).toBe(1_000);
  });

  it('leaves timers and deadlines to the clock of the machine', async () => {
    const calls: string[] = [];
    measure(HOUR_MS);
    calendar.after(10, () => calls.push('after'));
    calendar.hold(20, () => calls.push('hold'));
    const stop = calendar.every(15, () => calls.push('every'));
    const slept = calendar.sleep(25).then(() => calls.push('sleep'));
    await local.advance(25);
    await slept;
    stop();
    expect(calendar.now()).toBe(local.now());
    expect(calls).toEqual(['after', 'every', 'hold', 'sleep']);
    expect(local.pending).toBe(0);
  });
});
