import { EventBus, type RedisHaEvent } from '../../base/events/index.js';
import { ManualClock } from '../../testing/index.js';
import { WriteGate } from './write-gate.js';

describe('WriteGate', () => {
  let clock: ManualClock;
  let events: RedisHaEvent[];
  let gate: WriteGate;

  beforeEach(() => {
    const bus = new EventBus();
    clock = new ManualClock();
    events = [];
    bus.onAny((event) => events.push(event));
    gate = new WriteGate(clock, bus);
  });

  it('is open at first', () => {
    expect(gate.state).toEqual({ kind: 'open' });
    expect(gate.resume('why not')).toBe(false);
    expect(events).toEqual([]);
  });

  it('keeps the first moment and the first reason of a pause', async () => {
    await clock.advance(10);
    expect(gate.pause({ by: 'sentinel', step: '+selected-slave' })).toBe(true);
    await clock.advance(5);
    expect(gate.pause({ by: 'sentinel', step: '+promoted-slave' })).toBe(false);
    expect(gate.state).toEqual({
      kind: 'paused',
      reason: { by: 'sentinel', step: '+selected-slave' },
      since: 10,
      reasonSince: 10,
    });
    expect(events).toEqual([{ type: 'writes.paused', reason: '+selected-slave' }]);
  });

  it('stays closed for another reason when it is taken over, without a gap', async () => {
    gate.pause({ by: 'switchover', step: 'switchover' });
    await clock.advance(1000);
    gate.takeOver({ by: 'sentinel', step: '+failover' });
    expect(gate.state).toEqual({
      kind: 'paused',
      reason: { by: 'sentinel', step: '+failover' },
      since: 0,
      reasonSince: 1000,
    });
    await clock.advance(500);
    gate.resume('switched');
    expect(events).toEqual([
      { type: 'writes.paused', reason: 'switchover' },
      { type: 'writes.resumed', reason: 'switched', pausedMs: 1500 },
    ]);
  });

  it('closes when it is taken over while it is open', () => {
    gate.takeOver({ by: 'sentinel', step: '+failover' });
    expect(gate.state).toMatchObject({
      kind: 'paused',
      reason: { by: 'sentinel', step: '+failover' },
    });
  });

  it('reports how long writes were held back, once', async () => {
    gate.pause({ by: 'sentinel', step: '+selected-slave' });
    await clock.advance(1200);
    expect(gate.resume('switched')).toBe(true);
    expect(gate.resume('switched')).toBe(false);
    expect(events.slice(1)).toEqual([
      { type: 'writes.resumed', reason: 'switched', pausedMs: 1200 },
    ]);
    expect(gate.state).toEqual({ kind: 'open' });
  });
});
