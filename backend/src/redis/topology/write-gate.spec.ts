import { EventBus, type RedisHaEvent } from '../events/index.js';
import { ManualClock } from '../testing/index.js';
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

  it('keeps the first moment of a pause and the latest reason', async () => {
    await clock.advance(10);
    expect(gate.pause('+selected-slave')).toBe(true);
    await clock.advance(5);
    expect(gate.pause('+promoted-slave')).toBe(false);
    expect(gate.state).toEqual({ kind: 'paused', reason: '+promoted-slave', since: 10 });
    expect(events).toEqual([{ type: 'writes.paused', reason: '+selected-slave' }]);
  });

  it('says how long writes were held back, once', async () => {
    gate.pause('+selected-slave');
    await clock.advance(1200);
    expect(gate.resume('switched')).toBe(true);
    expect(gate.resume('switched')).toBe(false);
    expect(events.slice(1)).toEqual([
      { type: 'writes.resumed', reason: 'switched', pausedMs: 1200 },
    ]);
    expect(gate.state).toEqual({ kind: 'open' });
  });
});
