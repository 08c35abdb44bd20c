import type { Clock } from '../../../base/timing/index.js';
import { ManualClock } from '../../../testing/index.js';
import { Heartbeat } from './heartbeat.js';

describe('Heartbeat', () => {
  it.each([
    [250, 750],
    [1_000, 3_000],
    [1_000, 2_500],
    [1_000, 400],
  ])('every %i ms tells a silence after %i ms, not a beat later', async (intervalMs, timeoutMs) => {
    const clock = new ManualClock();
    const silentAt: number[] = [];
    const heartbeat = new Heartbeat(clock, {
      intervalMs,
      timeoutMs,
      ask: () => new Promise(() => undefined),
      onAnswer: () => undefined,
      onSilence: () => silentAt.push(clock.now()),
    });
    heartbeat.start();
    for (let ms = 0; ms < 3 * (intervalMs + timeoutMs); ms += 50) await clock.advance(50);
    expect(silentAt[0]).toBe(intervalMs + timeoutMs);
    expect(silentAt[1]).toBe(2 * intervalMs + timeoutMs);
    heartbeat.stop();
  });

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('does not take a pause of this process for a silence of the other side', async () => {
    let now = 0;
    const due: (() => void)[] = [];
    const clock = {
      now: () => now,
      after: (_ms: number, run: () => void) => {
        due.push(run);
        return () => undefined;
      },
    } as unknown as Clock;
    let answer: () => void = () => undefined;
    let silences = 0;
    const heartbeat = new Heartbeat(clock, {
      intervalMs: 1000,
      timeoutMs: 3000,
      ask: () => new Promise<void>((resolve) => (answer = resolve)),
      onAnswer: () => undefined,
      onSilence: () => silences++,
    });
    heartbeat.start();
    now = 1000;
    due[0]?.();
    await turn();
    expect(heartbeat.isWaiting).toBe(true);
    // The process stands still for ten seconds; the answer lies in its socket meanwhile.
    now = 11_000;
    due[1]?.();
    setImmediate(answer);
    for (let i = 0; i < 30; i++) await turn();
    expect(silences).toBe(0);
    expect(heartbeat.isWaiting).toBe(true);
    now = 15_000;
    due[2]?.();
    for (let i = 0; i < 30; i++) await turn();
    expect(silences).toBe(1);
    heartbeat.stop();
  });
});
