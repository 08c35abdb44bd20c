import { SeededSearch } from './seeded-search.js';
import { turns } from './engine-rig.js';

let looked = 0;
let mistakes = 0;

const STEPS = Array.from('abcdefghijklmnopqrst');

const searchFor = (isFault: (history: readonly string[]) => boolean): SeededSearch<string> =>
  new SeededSearch({
    runs: 1_000,
    historyOf: () => STEPS,
    faultOf: async (history) => {
      looked++;
      await turns(1);
      return isFault(history) ? 'too much' : null;
    },
    written: (history) => history.join(' '),
  });

// As Jest leaves it: the test is over, and what it waited for is not.
const leaveBehind = (search: Promise<unknown>): Promise<void> => {
  void search;
  return turns(5);
};

describe('a search', () => {
  it('finds the shortest history that fails', async () => {
    const search = searchFor((history) => history.includes('c') && history.includes('f'));
    expect(await search.firstFault()).toBe('seed 1: too much\nc f');
  });

  describe.each([
    ['for a fault', () => searchFor(() => false).firstFault()],
    [
      'for the shortest history',
      () => searchFor(({ length }) => length === STEPS.length).firstFault(),
    ],
    [
      'with a mistake',
      () =>
        searchFor(() => false).faultWith(
          'one mistake',
          () => {
            mistakes++;
            return () => mistakes--;
          },
          1_000,
        ),
    ],
  ])('%s', (_, begin) => {
    it('begins', () => leaveBehind(begin()));

    it('ends with the test that began it', async () => {
      const before = looked;
      await turns(20);
      expect(looked - before).toBeLessThan(2);
      expect(mistakes).toBe(0);
    });
  });
});
