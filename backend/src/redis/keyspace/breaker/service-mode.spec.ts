import type { ModeChange } from '../../base/events/index.js';
import { ManualClock } from '../../testing/index.js';
import { ServiceMode } from './service-mode.js';

type Input = Parameters<ServiceMode['update']>[0];

const WELL: Input = { reads: 'closed', writes: 'closed', hasBacklog: false };
const START = Date.UTC(2026, 0, 1);

describe('ServiceMode', () => {
  let clock: ManualClock;
  let changes: ModeChange[];
  let mode: ServiceMode;

  const update = (change: Partial<Input> = {}): void => {
    mode.update({ ...WELL, ...change });
  };
  const path = (): string[] => changes.map(({ to }) => to);

  beforeEach(() => {
    clock = new ManualClock(START);
    changes = [];
    mode = new ServiceMode({ stableMs: 1000 }, clock, (change) => changes.push(change));
  });

  it('is healthy at first, and while all is well', async () => {
    expect(mode).toMatchObject({ current: 'healthy', since: START, history: [] });
    update();
    update({ hasBacklog: true });
    await clock.advance(5000);
    expect(mode.current).toBe('healthy');
    expect(changes).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it.each<[Partial<Input>, string]>([
    [{ reads: 'open' }, 'reads open, writes closed'],
    [{ writes: 'open' }, 'reads closed, writes open'],
    [{ reads: 'half-open' }, 'reads half-open, writes closed'],
    [{ reads: 'open', writes: 'half-open' }, 'reads open, writes half-open'],
  ])('is degraded at once with %p', async (input, reason) => {
    await clock.advance(500);
    update(input);
    expect(mode).toMatchObject({ current: 'degraded', since: START + 500 });
    const change = { from: 'healthy', to: 'degraded', reason, at: START + 500, afterMs: 500 };
    expect(changes).toEqual([change]);
    expect(mode.history).toEqual([change]);
  });

  it('stays degraded until both are closed', () => {
    update({ reads: 'open', writes: 'open' });
    update({ reads: 'half-open', writes: 'open' });
    update({ writes: 'half-open' });
    expect(path()).toEqual(['degraded']);
    update();
    expect(path()).toEqual(['degraded', 'recovering']);
  });

  it('is healthy again when it has been well for long enough', async () => {
    update({ writes: 'open' });
    await clock.advance(100);
    update();
    await clock.advance(999);
    expect(mode.current).toBe('recovering');
    await clock.advance(1);
    expect(mode).toMatchObject({ current: 'healthy', since: START + 1100 });
    expect(changes.slice(1)).toEqual([
      {
        from: 'degraded',
        to: 'recovering',
        reason: 'reads and writes closed',
        at: START + 100,
        afterMs: 100,
      },
      {
        from: 'recovering',
        to: 'healthy',
        reason: 'closed and without a backlog for 1000 ms',
        at: START + 1100,
        afterMs: 1000,
      },
    ]);
    expect(clock.pending).toBe(0);
  });

  it('recovers for as long as there is a backlog', async () => {
    update({ writes: 'open' });
    update({ hasBacklog: true });
    await clock.advance(60_000);
    expect(mode.current).toBe('recovering');
    update();
    await clock.advance(999);
    expect(mode.current).toBe('recovering');
    await clock.advance(1);
    expect(mode.current).toBe('healthy');
  });

  it('starts to wait again when there is a backlog again, and not when nothing has changed', async () => {
    update({ writes: 'open' });
    update();
    await clock.advance(900);
    update({ hasBacklog: true });
    update({ hasBacklog: true });
    expect(clock.pending).toBe(0);
    update();
    await clock.advance(900);
    update();
    expect(mode.current).toBe('recovering');
    await clock.advance(100);
    expect(path()).toEqual(['degraded', 'recovering', 'healthy']);
  });

  it.each([false, true])('is degraded again when one opens (backlog: %p)', async (hasBacklog) => {
    update({ writes: 'open' });
    update({ hasBacklog });
    await clock.advance(999);
    update({ reads: 'open', hasBacklog });
    expect(path()).toEqual(['degraded', 'recovering', 'degraded']);
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    expect(mode.current).toBe('degraded');
    update();
    await clock.advance(1000);
    expect(mode.current).toBe('healthy');
  });

  it('remembers a hundred changes', async () => {
    for (let i = 0; i < 150; i++) {
      await clock.advance(1);
      update({ reads: 'open' });
      update();
    }
    expect(changes).toHaveLength(300);
    expect(mode.history).toEqual(changes.slice(-100));
  });

  it('gives its history away as a copy', () => {
    update({ reads: 'open' });
    (mode.history as ModeChange[]).pop();
    expect(mode.history).toHaveLength(1);
  });

  it('can be told more by who hears of a change', async () => {
    const steps: string[] = [];
    let hasBacklog = true;
    const busy: ServiceMode = new ServiceMode({ stableMs: 1000 }, clock, ({ to }) => {
      steps.push(to);
      if (to !== 'recovering') return;
      // The backlog is gone before every part of the process knows that the mode has changed.
      hasBacklog = false;
      busy.update({ ...WELL, hasBacklog });
    });
    busy.update({ ...WELL, writes: 'open' });
    busy.update({ ...WELL, hasBacklog });
    expect(clock.pending).toBe(1);
    await clock.advance(1000);
    expect(steps).toEqual(['degraded', 'recovering', 'healthy']);
  });

  it('stays as it is once it is closed, with nothing pending', async () => {
    update({ writes: 'open' });
    update();
    mode.close();
    mode.close();
    expect(clock.pending).toBe(0);
    update({ reads: 'open' });
    await clock.advance(60_000);
    expect(mode.current).toBe('recovering');
    expect(path()).toEqual(['degraded', 'recovering']);
  });
});
