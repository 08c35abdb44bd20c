import { getEventListeners } from 'node:events';
import { ManualClock } from '../../testing/index.js';
import { holdUntil } from './deadline.js';
import { onAbort } from './on-abort.js';

describe('holdUntil', () => {
  const MONTH_MS = 30 * 24 * 3600 * 1000;

  it('calls back at a moment that is further away than a timer of Node.js can wait', async () => {
    const clock = new ManualClock();
    const calls: number[] = [];
    holdUntil(clock, 3 * MONTH_MS, () => calls.push(clock.now()));
    await clock.advance(3 * MONTH_MS - 1);
    expect(calls).toEqual([]);
    await clock.advance(1);
    expect(calls).toEqual([3 * MONTH_MS]);
    expect(clock.pending).toBe(0);
  });

  it('holds the process for ever with Infinity, until it is stopped', async () => {
    const clock = new ManualClock();
    const stop = holdUntil(clock, Infinity, () => undefined);
    await clock.advance(2 * MONTH_MS);
    expect(clock.held).toBe(1);
    stop();
    expect(clock.held).toBe(0);
  });
});

describe('onAbort', () => {
  it('gives a signal one listener, however many share it, and none when all have stopped', () => {
    const { signal } = new AbortController();
    const stops = Array.from({ length: 20 }, () => onAbort(signal, () => undefined));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const stop of [...stops, ...stops]) stop();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('calls all that have not stopped, once, in the order in which they came', () => {
    const controller = new AbortController();
    const calls: number[] = [];
    const stops = [1, 2, 3].map((n) => onAbort(controller.signal, () => calls.push(n)));
    stops[1]?.();
    controller.abort();
    controller.abort();
    expect(calls).toEqual([1, 3]);
  });

  it('calls at once when the signal has fired, and never without a signal', () => {
    const calls: string[] = [];
    onAbort(AbortSignal.abort(), () => calls.push('fired'));
    onAbort(null, () => calls.push('none'));
    expect(calls).toEqual(['fired']);
  });
});
