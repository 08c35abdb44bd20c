import { judge, type NearHistory } from './judge.js';

const BOUNDS = { toldMs: 50, detectionMs: 1_000 };
const NOTHING: NearHistory = { writes: [], flushes: [], silent: [], sightings: [] };
const written = (version: number, ackedAt: number) => ({
  key: 'a',
  version,
  ackedAt,
  confirmedAt: ackedAt + 10,
});
const nearAt = (version: number, at: number) => ({ key: 'a', version, nearAt: at, farAt: 0 });

describe('the judge of reads', () => {
  it('counts from the first acknowledgement of any later version', () => {
    const writes = [written(1, 100), written(2, 300), written(3, 200)];
    const { violations, worst } = judge(
      { ...NOTHING, writes, sightings: [nearAt(1, 251), nearAt(3, 9_000)] },
      BOUNDS,
    );
    expect(violations).toEqual([
      expect.objectContaining({ version: 1, because: 'write', from: 'near', staleMs: 51 }),
    ]);
    expect(worst.told).toBe(51);
  });

  it('lets Redis itself answer what a replica may have, until all have the later version', () => {
    const writes = [written(1, 100), written(2, 200)];
    const farAt = (at: number) => ({ key: 'a', version: 1, nearAt: 0, farAt: at });
    expect(judge({ ...NOTHING, writes, sightings: [farAt(260)] }, BOUNDS).violations).toEqual([]);
    expect(judge({ ...NOTHING, writes, sightings: [farAt(261)] }, BOUNDS).violations).toHaveLength(1);
  });

  it('lets a version be read as long as none that is later was acknowledged', () => {
    const sightings = [nearAt(1, 150), { key: 'a', version: 2, nearAt: 0, farAt: 5_000 }];
    const writes = [written(1, 100), written(2, 120)];
    expect(judge({ ...NOTHING, writes, sightings }, BOUNDS).violations).toEqual([]);
  });

  it('gives the time of detection where a connection was silent between the two', () => {
    const history = { ...NOTHING, writes: [written(1, 100), written(2, 200)] };
    const silent = [{ from: 150, to: 180 }];
    const late = { ...history, silent, sightings: [nearAt(1, 1_250)] };
    expect(judge(late, BOUNDS).violations).toEqual([]);
    const later = { ...history, silent, sightings: [nearAt(1, 1_251)] };
    expect(judge(later, BOUNDS).violations).toHaveLength(1);
  });

  it('finds what is served from a copy after everything was removed', () => {
    const history = {
      ...NOTHING,
      writes: [written(1, 100)],
      flushes: [{ sentAt: 200, doneAt: 210 }],
    };
    const far = { key: 'a', version: 1, nearAt: 0, farAt: 900 };
    expect(judge({ ...history, sightings: [far] }, BOUNDS).violations).toEqual([]);
    expect(judge({ ...history, sightings: [nearAt(1, 261)] }, BOUNDS).violations).toEqual([
      expect.objectContaining({ because: 'flush', staleMs: 51 }),
    ]);
  });
});
