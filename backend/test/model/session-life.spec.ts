import { SeededSearch, withoutStacks } from '../support/seeded-search.js';
import { historyOf, written, type Step } from './histories.js';
import { doubles, type Relapse } from './session-doubles.js';
import { SESSION_WEIGHTS, SessionWorld } from './session-world.js';

const LENGTH = { least: 10, most: 60 };
/** So many histories at most until a mistake shows. */
const SEARCH = 3_000;
const HISTORY_MS = 80;

const searchWith = (relapse: Relapse | null): SeededSearch<Step> =>
  new SeededSearch<Step>({
    runs: 400,
    historyOf: (seed) => historyOf(seed, SESSION_WEIGHTS, LENGTH),
    faultOf: (history) => new SessionWorld(doubles(relapse)).run(history),
    written,
  });

describe('the life of sessions in several processes', () => {
  withoutStacks();
  const search = searchWith(null);

  it(
    'never begins again once it was ended, and never ends by itself, whatever happens in whatever order',
    async () => {
      expect(await search.firstFault()).toBeNull();
    },
    search.limitMs(HISTORY_MS),
  );

  it.each<[Relapse, string]>([
    ['ends are kept for an hour, and changes begin a session again', 'at rest an ended session'],
    ['an end is compared with what it ends', 'session'],
    ['a rotation does not look whether the old session is still there', 'rotated twice'],
    ['a change is born anew', 'ended'],
    ['the one that stays is not named', 'nobody has ended'],
  ])(
    'is watched closely enough to see when %s',
    async (relapse, sign) => {
      expect(await searchWith(relapse).firstFault(SEARCH)).toContain(sign);
    },
    SEARCH * HISTORY_MS,
  );
});
