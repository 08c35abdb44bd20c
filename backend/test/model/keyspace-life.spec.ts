import { SeededSearch, withoutStacks } from '../support/seeded-search.js';
import { historyOf, written, type Step } from './histories.js';
import { RELAPSES } from './keyspace-relapses.js';
import { KeyspaceWorld, WEIGHTS } from './keyspace-world.js';
import type { WorldSettings } from './model-settings.js';

/** So many histories at most until a mistake shows. */
const SEARCH = 5_000;
const LENGTH = { least: 20, most: 120 };
/** What is found depends on the number of steps alone. So much time for each is more than a busy machine takes. */
const HISTORY_MS = LENGTH.most * 10;

/** Calendars are nearly right, as Redis tells the time, or not at all, before a process has reached it. */
function settingsOf(seed: number): WorldSettings {
  const offsetMs = seed % 4 === 0 ? 4_000 : 15;
  return {
    offsetsMs: [0, offsetMs, -offsetMs],
    hasRoom: seed % 3 > 0,
    hasReplica: seed % 5 > 2,
    hasFile: seed % 7 > 2,
  };
}

type Weights = Readonly<Record<string, number>>;

// Every other history has all operations; the others have few, in turns: what takes several of them shows sooner there.
const THEMES: readonly Weights[] = Object.values(RELAPSES).map(({ weights }) => weights);
function weightsOf(seed: number): Weights {
  return seed % 2 === 0 ? WEIGHTS : THEMES[((seed - 1) / 2) % THEMES.length]!;
}

const searchIn = (weights: (seed: number) => Weights): SeededSearch<Step> =>
  new SeededSearch<Step>({
    runs: 250,
    historyOf: (seed) => historyOf(seed, weights(seed), LENGTH),
    faultOf: (history, seed) => new KeyspaceWorld(settingsOf(seed)).run(history),
    written,
  });

describe('what processes write', () => {
  withoutStacks();
  const search = searchIn(weightsOf);

  it(
    'keeps its promises, whoever is away, late, full or wrong about the time',
    async () => {
      expect(await search.firstFault()).toBeNull();
    },
    search.limitMs(HISTORY_MS),
  );

  it.each(Object.entries(RELAPSES))(
    'is watched closely enough to see when %s',
    async (name, { putBack, weights }) => {
      expect(await searchIn(() => weights).faultWith(name, putBack, SEARCH)).not.toBeNull();
    },
    SEARCH * HISTORY_MS,
  );
});
