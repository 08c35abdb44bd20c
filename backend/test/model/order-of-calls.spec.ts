import { LiveCalls } from '../../src/redis/keyspace/write-intent.js';
import { historyOf, shortest, written, type Step } from './histories.js';
import { replace } from './keyspace-relapses.js';
import { ORDER_WEIGHTS, OrderWorld, type OrderSettings } from './order-world.js';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 300);
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1);
/** So many histories at most until a mistake shows. */
const SEARCH = 2_000;
const LENGTH = { least: 4, most: 40 };
const MS_A_STEP = 10;
const limitMs = (runs: number): number => Math.max(60_000, runs * LENGTH.most * MS_A_STEP);

function settingsOf(seed: number): OrderSettings {
  return {
    hasReplica: seed % 2 === 0,
    nearMs: seed % 3 === 0 ? 0 : 2_000,
    // One that is behind may order a journaled call before one whose answer was lost: the page says so.
    offsetMs: seed % 5 === 1 ? 15 : 0,
  };
}

const faultOf = (history: readonly Step[], seed: number): Promise<string | null> =>
  new OrderWorld(settingsOf(seed)).run(history);

interface Finding {
  readonly steps: number;
  readonly broken: { readonly seed: number; readonly fault: string } | null;
}

async function search(runs: number): Promise<Finding> {
  let steps = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + runs; seed++) {
    const history = historyOf(seed, ORDER_WEIGHTS, LENGTH);
    steps += history.length;
    const fault = await faultOf(history, seed);
    if (fault !== null) return { steps, broken: { seed, fault } };
  }
  return { steps, broken: null };
}

async function shortestOf(seed: number): Promise<string> {
  const history = historyOf(seed, ORDER_WEIGHTS, LENGTH);
  const short = await shortest(history, (part) => faultOf(part, seed));
  return `seed ${String(seed)}: ${String(await faultOf(short, seed))}\n${written(short)}`;
}

/** Mistakes that put calls in another order. */
const RELAPSES: Readonly<Record<string, () => () => void>> = {
  'a write takes a later stamp, whatever was called since': () =>
    replace(
      LiveCalls.prototype,
      'begin',
      (real) =>
        function (this: LiveCalls, key, groups) {
          const place = real.call(this, key, groups);
          return { ...place, isOvertaken: false, isDropped: false };
        },
    ),
  'a write goes on, whatever was dropped since': () =>
    replace(LiveCalls.prototype, 'drop', () => () => undefined),
  'a write does not wait for the mark of an earlier drop': () =>
    replace(LiveCalls.prototype, 'untilMarked', () => () => null),
};

describe('calls of one process that nobody awaits', () => {
  it(
    'leave what they would leave one after the other, whoever is away meanwhile',
    async () => {
      const { steps, broken } = await search(RUNS);
      process.stdout.write(`${String(RUNS)} histories, ${String(steps)} steps\n`);
      expect(broken === null ? null : await shortestOf(broken.seed)).toBeNull();
    },
    limitMs(RUNS),
  );

  it.each(Object.keys(RELAPSES))(
    'are watched closely enough to see when %s',
    async (name) => {
      const restore = RELAPSES[name]!();
      try {
        const { steps, broken } = await search(SEARCH);
        process.stdout.write(`${name}: ${String(broken?.fault)}, after ${String(steps)} steps\n`);
        expect(broken).not.toBeNull();
      } finally {
        restore();
      }
    },
    limitMs(SEARCH),
  );
});
