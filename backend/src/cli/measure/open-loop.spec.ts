import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './machine-now.js';
import { OpenLoop } from './open-loop.js';

describe('the schedule', () => {
  it('issues what was due, however late the timer is', () => {
    const startedAt = now() - 1000;
    const indexes: number[] = [];
    const due: number[] = [];
    const lateness: number[] = [];
    const loop = new OpenLoop(100, (index, at) => {
      indexes.push(index);
      due.push(at - startedAt);
      lateness.push(now() - at);
    });
    loop.start(startedAt);
    loop.stop(startedAt + 500);
    expect(indexes).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(due[0]).toBe(0);
    expect(due[49]).toBeCloseTo(490);
    expect(lateness[0]).toBeGreaterThanOrEqual(1000);
  });

  it('notes the longest time in which it could not run, and how much of it the process was running', async () => {
    const loop = new OpenLoop(100, () => {}, { noteStallsAfterMs: 0 });
    const startedAt = loop.start();
    const before = process.cpuUsage();
    while (process.cpuUsage(before).user < 50_000);
    while (loop.stall.ms === 0) await sleep(1);
    loop.stop();
    expect(loop.stall.at).toBeGreaterThanOrEqual(startedAt);
    expect(loop.stall.ms).toBeGreaterThanOrEqual(49);
    expect(loop.stall.cpuMs).toBeGreaterThan(10);
  });
});
