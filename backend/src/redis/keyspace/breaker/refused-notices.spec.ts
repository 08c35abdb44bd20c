import { EventBus, type RedisHaEvent } from '../../base/events/index.js';
import { ManualClock } from '../../testing/index.js';
import { RefusedNotices } from './refused-notices.js';

describe('RefusedNotices', () => {
  const begin = () => {
    const clock = new ManualClock();
    const bus = new EventBus();
    const facts: RedisHaEvent[] = [];
    bus.onAny((event) => facts.push(event));
    const told = { type: 'notices.refused', rights: '+publish &*~changed' } as const;
    return { clock, facts, notices: new RefusedNotices(clock, bus, told) };
  };
  const told = (count: number) => ({
    type: 'notices.refused',
    count,
    rights: '+publish &*~changed',
  });

  it('tells of the first at once, and of all others once a minute', async () => {
    const { clock, facts, notices } = begin();
    notices.add();
    expect(facts).toEqual([told(1)]);
    for (let second = 0; second < 119; second++) {
      for (let i = 0; i < 10; i++) notices.add();
      await clock.advance(1_000);
    }
    expect(facts).toEqual([told(1), told(600)]);
    expect(notices.status).toEqual({ refused: 1_191, isRefused: true });
  });

  it('is over when a minute has passed without one, and begins anew', async () => {
    const { clock, facts, notices } = begin();
    notices.add();
    await clock.advance(59_999);
    expect(notices.status).toEqual({ refused: 1, isRefused: true });
    await clock.advance(1);
    expect(notices.status).toEqual({ refused: 1, isRefused: false });
    expect(clock.pending).toBe(0);
    notices.add();
    expect(facts).toEqual([told(1), told(1)]);
  });

  it('tells what is left when it is closed, and leaves no timer', () => {
    const { clock, facts, notices } = begin();
    for (let i = 0; i < 4; i++) notices.add();
    notices.close();
    notices.close();
    expect(facts).toEqual([told(1), told(3)]);
    expect(clock.pending).toBe(0);
  });
});
