import { staleIn, staleKeys, type View } from './stale-values.js';

const truth = { a: 3, b: 1, c: 2 };
const view = (served: Record<string, number>, where: View['where'] = 'near'): View => ({
  process: 1,
  where,
  served,
});

describe('stale values', () => {
  it('are those that are not what the source has', () => {
    expect(staleIn([view({ a: 2, b: 1 })], truth, new Set())).toEqual([
      { key: 'a', process: 1, where: 'near', served: 2, true: 3 },
    ]);
  });

  it('are counted once for each key, wherever they are served', () => {
    const stale = staleIn([view({ a: 2, b: 0 }), view({ a: 1 }, 'memory')], truth, new Set());
    expect(stale).toHaveLength(3);
    expect(staleKeys(stale)).toBe(2);
  });

  it('are none where nothing is served, or where the cache could not be told', () => {
    expect(staleIn([view({}), view({ a: 1 })], truth, new Set(['a']))).toEqual([]);
  });
});
