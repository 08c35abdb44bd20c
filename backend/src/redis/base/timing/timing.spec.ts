import { ManualClock } from '../../testing/index.js';
import { SystemClock, type Clock } from './clock.js';
import { Pulse } from './pulse.js';

describe('SystemClock', () => {
  const clock = new SystemClock();

  it('grows, and returns the calendar time', () => {
    const before = clock.now();
    expect(clock.now()).toBeGreaterThanOrEqual(before);
    expect(Math.abs(clock.wallTime() - Date.now())).toBeLessThan(1000);
  });

  it('calls back once, or at intervals, until it is stopped', async () => {
    const calls: string[] = [];
    const stopNever = clock.after(0, () => calls.push('stopped too late'));
    stopNever();
    stopNever();
    await new Promise<void>((resolve) => {
      clock.after(1, () => calls.push('once'));
      const stop = clock.every(1, () => {
        calls.push('tick');
        if (calls.filter((call) => call === 'tick').length < 3) return;
        stop();
        resolve();
      });
    });
    expect(calls.filter((call) => call === 'once')).toHaveLength(1);
    expect(calls).not.toContain('stopped too late');
  });

  // Timers that are not referenced are not among the active resources.
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

  it('keeps no process alive', () => {
    const before = timers();
    const stops = [clock.after(60_000, () => undefined), clock.every(60_000, () => undefined)];
    expect(timers()).toBe(before);
    for (const stop of stops) stop();
  });

  it('holds the process until it calls back, or is stopped', async () => {
    const before = timers();
    const stop = clock.hold(60_000, () => undefined);
    expect(timers()).toBe(before + 1);
    stop();
    stop();
    expect(timers()).toBe(before);
    await new Promise<void>((resolve) => clock.hold(1, resolve));
    expect(timers()).toBe(before);
  });

  it('ends a sleep at once when its signal fires or has fired, and leaves no listener', async () => {
    const controller = new AbortController();
    const removed = jest.spyOn(controller.signal, 'removeEventListener');
    const asleep = clock.sleep(60_000, controller.signal);
    controller.abort();
    await asleep;
    expect(removed).toHaveBeenCalledTimes(1);
    await clock.sleep(60_000, controller.signal);
    await clock.sleep(0);
  });
});

describe('Pulse', () => {
  it('lets more input in before a late beat: a busy process must not blame the other side', async () => {
    const due: (() => void)[] = [];
    let now = 0;
    const late = { now: () => now, after: (_ms: number, run: () => void) => due.push(run) };
    let turns = 0;
    const beats: number[] = [];
    new Pulse(late as unknown as Clock, 10, () => {
      beats.push(turns);
      return false;
    }).wake();
    now = 210;
    due[0]?.();
    while (beats.length === 0 && turns < 100) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    expect(beats[0]).toBeGreaterThanOrEqual(10);
    expect(beats[0]).toBeLessThan(15);
  });

  const afterInput = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('beats only while there is something to watch', async () => {
    const clock = new ManualClock();
    let left = 3;
    let beats = 0;
    const pulse = new Pulse(clock, 10, () => {
      beats++;
      return --left > 0;
    });
    await clock.advance(100);
    expect(beats).toBe(0);
    pulse.wake();
    pulse.wake();
    await clock.advance(10);
    expect(beats).toBe(1);
    await clock.advance(100);
    expect(beats).toBe(3);
    expect(clock.pending).toBe(0);
    left = 1;
    pulse.wake();
    await clock.advance(10);
    expect(beats).toBe(4);
  });

  it('holds the process while there is something to watch, where it is told to', async () => {
    const clock = new ManualClock();
    let left = 2;
    const beat = (): boolean => --left > 0;
    new Pulse(clock, 10, beat).wake();
    expect([clock.pending, clock.held]).toEqual([1, 0]);
    await clock.advance(100);
    left = 2;
    new Pulse(clock, 10, beat, { holds: true }).wake();
    expect(clock.held).toBe(1);
    await clock.advance(10);
    expect(clock.held).toBe(1);
    await clock.advance(10);
    expect(clock.pending).toBe(0);
  });

  it('beats after the input that has arrived already', async () => {
    const order: string[] = [];
    let due: () => void = () => undefined;
    const clock = new ManualClock();
    jest.spyOn(clock, 'after').mockImplementation((_, run) => {
      due = run;
      return () => undefined;
    });
    new Pulse(clock, 10, () => {
      order.push('beat');
      return false;
    }).wake();
    setImmediate(() => order.push('input'));
    due();
    order.push('due');
    await afterInput();
    await afterInput();
    expect(order).toEqual(['due', 'input', 'beat']);
  });
});
