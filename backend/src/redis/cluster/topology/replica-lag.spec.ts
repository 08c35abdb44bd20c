import { ReplicaLag } from './replica-lag.js';

describe('ReplicaLag', () => {
  it('knows nothing before the primary has reported its offset', () => {
    expect(new ReplicaLag().lagMs(100, 5)).toBeNull();
    expect(new ReplicaLag().stalenessMs(100, 100, 5)).toBeNull();
  });

  // The primary was at 0, 100, 200, 300 at the times 0, 1000, 2000, 3000.
  it.each([
    ['has everything the primary had by then', 3000, 300, 0],
    ['has more than the primary last reported', 3500, 320, 0],
    ['had everything when it reported, though the primary wrote more later', 2000, 200, 0],
    ['is where the primary was a second before', 3000, 200, 1000],
    ['is between two known moments of the primary', 3000, 250, 1000],
    ['is three seconds behind', 3000, 0, 3000],
  ])('measures a replica that %s', (_, heardAt, offset, lag) => {
    const history = new ReplicaLag();
    for (const step of [0, 1, 2, 3]) history.recordPrimary(step * 1000, step * 100);
    expect(history.lagMs(heardAt, offset)).toBe(lag);
  });

  it.each([
    ['has everything', 3500, 3000, 300, 500],
    ['is a second behind', 3000, 3000, 200, 1000],
    ['is between two known moments', 3100, 3000, 250, 1100],
    ['is further behind than anything known', 3000, 3000, -1, null],
    ['reported before the primary did', 3000, -1, 0, null],
  ])('gives a bound that holds for a replica that %s', (_, now, heardAt, offset, staleness) => {
    const history = new ReplicaLag();
    for (const step of [0, 1, 2, 3]) history.recordPrimary(step * 1000, step * 100);
    expect(history.stalenessMs(now, heardAt, offset)).toBe(staleness);
  });

  it('adds the time that has passed since the replica reported', () => {
    const history = new ReplicaLag();
    history.recordPrimary(0, 0);
    history.recordPrimary(1000, 100);
    expect(history.stalenessMs(1000, 1000, 100)).toBe(0);
    expect(history.stalenessMs(1700, 1000, 100)).toBe(700);
    expect(history.stalenessMs(1700, 1000, 50)).toBe(1700);
  });

  it('starts again when the offset goes back, because that is another history', () => {
    const history = new ReplicaLag();
    history.recordPrimary(0, 5000);
    history.recordPrimary(1000, 10);
    expect(history.lagMs(1000, 10)).toBe(0);
    expect(history.stalenessMs(1000, 1000, 5)).toBeNull();
  });

  it('forgets everything after a switch', () => {
    const history = new ReplicaLag();
    history.recordPrimary(0, 100);
    history.clear();
    expect(history.lagMs(0, 100)).toBeNull();
  });

  it('keeps a bounded number of samples', () => {
    const history = new ReplicaLag();
    for (let at = 0; at < 10_000; at++) history.recordPrimary(at, at);
    // For anything older there is no bound, instead of one that is not true.
    expect(history.stalenessMs(9999, 9999, 0)).toBeNull();
    expect(history.stalenessMs(9999, 9999, 9990)).toBe(9);
  });
});
