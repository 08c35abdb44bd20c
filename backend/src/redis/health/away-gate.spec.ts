import { ManualClock } from '../testing/index.js';
import { AwayGate } from './away-gate.js';

const SETTINGS = { graceMs: 1000, recoverMs: 300 };

function newGate(settings = SETTINGS): { gate: AwayGate; clock: ManualClock } {
  const clock = new ManualClock();
  return { gate: new AwayGate(settings, clock), clock };
}

describe('AwayGate', () => {
  it('has no grace for a Redis that was never there', () => {
    const { gate } = newGate();
    expect(gate.isAway).toBe(true);
    gate.observe(false);
    expect(gate.state).toEqual({ kind: 'never', since: 0 });
  });

  it('believes the first observation of a working Redis at once', () => {
    const { gate } = newGate();
    gate.observe(true);
    expect(gate.isAway).toBe(false);
  });

  it.each([
    [999, false, 'grace'],
    [1000, true, 'away'],
    [5000, true, 'away'],
  ])('after %d ms of absence counts as away: %j', async (ms, isAway, kind) => {
    const { gate, clock } = newGate();
    gate.observe(true);
    gate.observe(false);
    await clock.advance(ms);
    gate.observe(false);
    expect(gate.isAway).toBe(isAway);
    expect(gate.state).toEqual({ kind, since: 0 });
  });

  it('counts absence from its beginning each time: short ones do not add up', async () => {
    const { gate, clock } = newGate();
    for (let i = 0; i < 5; i++) {
      gate.observe(true);
      gate.observe(false);
      await clock.advance(900);
      gate.observe(false);
    }
    expect(gate.isAway).toBe(false);
  });

  it('comes back only after a while of being well without a break', async () => {
    const { gate, clock } = newGate({ graceMs: 0, recoverMs: 300 });
    gate.observe(true);
    gate.observe(false);
    expect(gate.isAway).toBe(true);
    await clock.advance(100);
    gate.observe(true);
    await clock.advance(299);
    gate.observe(true);
    expect(gate.state).toEqual({ kind: 'returning', since: 100, awaySince: 0 });
    gate.observe(false);
    expect(gate.state).toEqual({ kind: 'away', since: 0 });
    gate.observe(true);
    await clock.advance(300);
    gate.observe(true);
    expect(gate.state).toEqual({ kind: 'well', since: 699 });
  });

  it('counts as back at once when recoverMs is 0', () => {
    const { gate } = newGate({ graceMs: 0, recoverMs: 0 });
    gate.observe(true);
    gate.observe(false);
    gate.observe(true);
    expect(gate.isAway).toBe(false);
  });
});
