import { compareStandings, type Standing } from './which-wins.js';

const at = (wallMs: number, isFinal = false, origin = '00000000000000aa'): Standing => ({
  stamp: { wallMs, count: 0, origin },
  isFinal,
});

describe('of two writes to a key', () => {
  it.each<[string, Standing, Standing]>([
    ['the later one', at(2), at(1)],
    ['of one moment, that of the later process', at(1, false, '00000000000000ab'), at(1)],
    ['the end of the key, against a later value', at(1, true), at(3_600_000)],
    ['of two ends, the later one', at(2, true), at(1, true)],
  ])('%s wins, in either order', (_, winner, loser) => {
    expect(compareStandings(winner, loser)).toBeGreaterThan(0);
    expect(compareStandings(loser, winner)).toBeLessThan(0);
  });

  it('is told when they are the same', () => {
    expect(compareStandings(at(1), at(1))).toBe(0);
    expect(compareStandings(at(1, true), at(1, true))).toBe(0);
  });
});
