import { EventBus, type RedisHaEvent } from '../../base/events/index.js';
import { ManualClock } from '../../testing/index.js';
import { LossReports } from './loss-reports.js';

describe('LossReports', () => {
  const begin = () => {
    const clock = new ManualClock();
    const bus = new EventBus();
    const facts: RedisHaEvent[] = [];
    bus.onAny((event) => facts.push(event));
    return { clock, facts, losses: new LossReports(clock, bus) };
  };

  it('tells the sum once a second, however many writes are lost', async () => {
    const { clock, facts, losses } = begin();
    for (let i = 0; i < 5_000; i++) losses.add(1, 'full');
    losses.add(2, 'too-old');
    expect(facts).toEqual([]);
    await clock.advance(1_000);
    expect(facts).toEqual([
      { type: 'journal.dropped', count: 5_000, reason: 'full' },
      { type: 'journal.dropped', count: 2, reason: 'too-old' },
    ]);
    await clock.advance(10_000);
    expect(facts).toHaveLength(2);
    losses.add(3, 'rejected');
    await clock.advance(1_000);
    expect(facts.at(-1)).toEqual({ type: 'journal.dropped', count: 3, reason: 'rejected' });
  });

  it('tells what is left when it is closed, and leaves no timer', () => {
    const { clock, facts, losses } = begin();
    losses.add(7, 'closed');
    losses.close();
    expect(facts).toEqual([{ type: 'journal.dropped', count: 7, reason: 'closed' }]);
    expect(clock.pending).toBe(0);
  });
});
