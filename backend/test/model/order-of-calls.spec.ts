import { LiveCalls } from '../../src/redis/keyspace/write-intent.js';
import { replaceMethod } from '../support/replace-method.js';
import { SeededSearch } from '../support/seeded-search.js';
import { historyOf, written, type Step } from './histories.js';
import { ORDER_WEIGHTS, OrderWorld, type OrderSettings } from './order-world.js';

/** So many histories at most until a mistake shows. */
const SEARCH = 2_000;
const LENGTH = { least: 4, most: 40 };
/** More than a busy machine takes for a history. */
const HISTORY_MS = LENGTH.most * 10;

function settingsOf(seed: number): OrderSettings {
  return {
    hasReplica: seed % 2 === 0,
    nearMs: seed % 3 === 0 ? 0 : 2_000,
    // One that is behind may order a journaled call before one whose answer was lost: the page says so.
    offsetMs: seed % 5 === 1 ? 15 : 0,
  };
}

const search = new SeededSearch<Step>({
  runs: 300,
  historyOf: (seed) => historyOf(seed, ORDER_WEIGHTS, LENGTH),
  faultOf: (history, seed) => new OrderWorld(settingsOf(seed)).run(history),
  written,
});

/** Mistakes that put calls in another order. */
const RELAPSES: Readonly<Record<string, () => () => void>> = {
  'a write takes a later stamp, whatever was called since': () =>
    replaceMethod(
      LiveCalls.prototype,
      'begin',
      (real) =>
        function (this: LiveCalls, key, groups) {
          const place = real.call(this, key, groups);
          return { ...place, isOvertaken: false, isDropped: false };
        },
    ),
  'a write goes on, whatever was dropped since': () =>
    replaceMethod(LiveCalls.prototype, 'drop', () => () => undefined),
  'a write does not wait for the mark of an earlier drop': () =>
    replaceMethod(LiveCalls.prototype, 'untilMarked', () => () => null),
};

describe('calls of one process that nobody awaits', () => {
  it(
    'leave what they would leave one after the other, whoever is away meanwhile',
    async () => {
      expect(await search.firstFault()).toBeNull();
    },
    search.limitMs(HISTORY_MS),
  );

  it.each(Object.entries(RELAPSES))(
    'are watched closely enough to see when %s',
    async (name, putBack) => {
      expect(await search.faultWith(name, putBack, SEARCH)).not.toBeNull();
    },
    SEARCH * HISTORY_MS,
  );
});
