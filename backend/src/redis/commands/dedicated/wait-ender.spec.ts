import type { Clock } from '../../base/timing/index.js';
import { EventBus } from '../../base/events/index.js';
import { WaitEnder, type PrimaryLoan } from './wait-ender.js';

describe('WaitEnder', () => {
  const turns = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
  };

  it('does not cut a wait because this process stood still, and cuts it when the node is silent', async () => {
    let now = 0;
    const due: (() => void)[] = [];
    const clock = {
      now: () => now,
      hold: (_ms: number, run: () => void) => {
        due.push(run);
        return () => undefined;
      },
    } as unknown as Clock;
    let cuts = 0;
    const loan = {
      wire: { call: () => Promise.resolve(7) },
      node: { call: () => new Promise(() => undefined) },
      discard: () => cuts++,
    } as unknown as PrimaryLoan;
    const ender = new WaitEnder(clock, new EventBus());
    ender.prepare(loan.wire);
    ender.end(loan);
    now = 5000;
    due[0]?.();
    await turns(25);
    expect(cuts).toBe(0);
    for (let beat = 1; beat < 10; beat++) {
      now += 20;
      due[beat]?.();
      await turns(2);
    }
    expect(cuts).toBe(1);
  });
});
