import { LoadBudget } from '../../src/redis/cache/warming/load-budget.js';
import { WarmUpLead } from '../../src/redis/cache/warming/warm-up-lead.js';
import { SeededSearch } from '../support/seeded-search.js';
import { historyOf, written, type Step } from './histories.js';
import { WARM_UP_WEIGHTS, WarmUpWorld } from './warm-up-world.js';

const LENGTH = { least: 5, most: 30 };
/** So many histories at most until a mistake shows. */
const SEARCH = 40;
const HISTORY_MS = 2_000;
const UNDISTURBED = { wait: 10, waitLong: 2, quick: 2, replicate: 1 };
/** Mostly what a mistake shows in. */
const HARD_TIMES = { wait: 8, waitLong: 3, crash: 4, start: 6, cut: 3, mend: 4, lose: 1 };

const searchIn = (weights: Readonly<Record<string, number>>): SeededSearch<Step> =>
  new SeededSearch<Step>({
    runs: 15,
    historyOf: (seed) => historyOf(seed, weights, LENGTH),
    faultOf: (history) => new WarmUpWorld().run(history),
    written,
  });

describe('a warm-up of several processes, whatever happens to them', () => {
  const search = searchIn(WARM_UP_WEIGHTS);

  it(
    'loads each key exactly once when nothing disturbs it',
    async () => {
      expect(await searchIn(UNDISTURBED).firstFault(3)).toBeNull();
    },
    3 * HISTORY_MS,
  );

  it(
    'makes all keys warm, is led by one at a time, and never asks more of the source than it may',
    async () => {
      expect(await search.firstFault()).toBeNull();
    },
    search.limitMs(HISTORY_MS),
  );

  it.each([
    ['a leader goes on when its time is over', relapseOfLease],
    ['a warm-up takes as many turns as it likes', relapseOfBudget],
    ['a key counts as done before it is', relapseOfCursor],
  ])(
    'would be seen to fail where %s',
    async (name, relapse) => {
      const mistake = (): (() => void) => {
        relapse();
        return () => jest.restoreAllMocks();
      };
      expect(await searchIn(HARD_TIMES).faultWith(name, mistake, SEARCH)).not.toBeNull();
    },
    SEARCH * HISTORY_MS,
  );
});

function relapseOfLease(): void {
  jest.spyOn(WarmUpLead.prototype, 'isHeld', 'get').mockReturnValue(true);
}

function relapseOfBudget(): void {
  jest.spyOn(LoadBudget.prototype, 'reserve').mockResolvedValue(true);
  jest.spyOn(LoadBudget.prototype, 'begin').mockResolvedValue(true);
}

const save = WarmUpLead.prototype.save;

function relapseOfCursor(): void {
  jest.spyOn(WarmUpLead.prototype, 'save').mockImplementation(function (this: WarmUpLead, mark) {
    return save.call(this, { ...mark, after: mark.after === null ? 'key-00150' : mark.after });
  });
}
