import { ManualClock } from './manual-clock.js';

describe('ManualClock', () => {
  let clock: ManualClock;
  let calls: string[];
  const note = (what: string) => () => {
    calls.push(`${what}@${String(clock.now())}`);
  };

  beforeEach(() => {
    clock = new ManualClock();
    calls = [];
  });

  it('stands still until it is moved', async () => {
    const before = [clock.now(), clock.wallTime()] as const;
    await clock.advance(250);
    expect(clock.now() - before[0]).toBe(250);
    expect(clock.wallTime() - before[1]).toBe(250);
  });

  it('begins at the calendar time it is given', () => {
    expect(new ManualClock(1000).wallTime()).toBe(1000);
  });

  it('runs what becomes due, in order, at its own time', async () => {
    clock.after(30, note('late'));
    clock.after(10, note('early'));
    clock.every(20, note('tick'));
    await clock.advance(40);
    expect(calls).toEqual(['early@10', 'tick@20', 'late@30', 'tick@40']);
  });

  it('runs what is due at the same time in the order it was set', async () => {
    clock.after(10, note('first'));
    clock.after(10, note('second'));
    await clock.advance(10);
    expect(calls).toEqual(['first@10', 'second@10']);
  });

  it('runs nothing that is not due yet, and nothing that was stopped', async () => {
    const stop = clock.after(10, note('stopped'));
    clock.after(11, note('not yet'));
    stop();
    stop();
    await clock.advance(10);
    expect(calls).toEqual([]);
    expect(clock.pending).toBe(1);
  });

  it('lets promises settle between timers, so that they may set new ones in the same stretch', async () => {
    const work = (async () => {
      await clock.sleep(10);
      note('woke')();
      await Promise.resolve();
      await clock.sleep(10);
      note('woke again')();
    })();
    await clock.advance(100);
    await work;
    expect(calls).toEqual(['woke@10', 'woke again@20']);
  });

  it('ends a sleep when its signal fires, and leaves no timer behind', async () => {
    const controller = new AbortController();
    const sleeping = clock.sleep(1000, controller.signal);
    expect(clock.pending).toBe(1);
    controller.abort();
    await sleeping;
    await clock.sleep(1000, controller.signal);
    expect(clock.pending).toBe(0);
  });

  it('stops a repeating timer from within', async () => {
    const stop = clock.every(10, () => {
      note('tick')();
      stop();
    });
    await clock.advance(100);
    expect(calls).toEqual(['tick@10']);
    expect(clock.pending).toBe(0);
  });

  it('refuses to go back', async () => {
    await expect(clock.advance(-1)).rejects.toThrow('only forwards');
  });
});
