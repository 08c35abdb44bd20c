import { historyOf, shortest, written, type Step } from './histories.js';
import { RELAPSES } from './keyspace-relapses.js';
import { KeyspaceWorld, WEIGHTS } from './keyspace-world.js';
import type { WorldSettings } from './model-settings.js';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 250);
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1);
/** So many histories at most until a mistake shows. */
const SEARCH = 5_000;
const LENGTH = { least: 20, most: 120 };
/** What is found depends on the number of steps alone. So much time for each is more than a busy machine takes. */
const MS_A_STEP = 10;
const limitMs = (runs: number): number => Math.max(60_000, runs * LENGTH.most * MS_A_STEP);

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

function faultOf(history: readonly Step[], seed: number): Promise<string | null> {
  return new KeyspaceWorld(settingsOf(seed)).run(history);
}

/** What was found, and after how many steps. */
interface Finding {
  readonly steps: number;
  /** `null` when no history breaks a promise. */
  readonly broken: { readonly seed: number; readonly fault: string } | null;
}

async function search(
  runs: number,
  weights: Readonly<Record<string, number>> = WEIGHTS,
): Promise<Finding> {
  let steps = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + runs; seed++) {
    const history = historyOf(seed, weights, LENGTH);
    steps += history.length;
    const fault = await faultOf(history, seed);
    if (fault !== null) return { steps, broken: { seed, fault } };
  }
  return { steps, broken: null };
}

async function shortestOf(seed: number): Promise<string> {
  const history = historyOf(seed, WEIGHTS, LENGTH);
  const short = await shortest(history, (part) => faultOf(part, seed));
  return `seed ${String(seed)}: ${String(await faultOf(short, seed))}\n${written(short)}`;
}

const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe('what processes write', () => {
  it(
    'keeps its promises, whoever is away, late, full or wrong about the time',
    async () => {
      const { steps, broken } = await search(RUNS);
      process.stdout.write(`${String(RUNS)} histories, ${String(steps)} steps\n`);
      expect(broken === null ? null : await shortestOf(broken.seed)).toBeNull();
    },
    limitMs(RUNS),
  );

  it.each(Object.keys(RELAPSES))(
    'is watched closely enough to see when %s',
    async (name) => {
      const { putBack, weights } = RELAPSES[name]!;
      const restore = putBack();
      try {
        const { steps, broken } = await search(SEARCH, weights);
        process.stdout.write(`${name}: ${String(broken?.fault)}, after ${String(steps)} steps\n`);
        expect(broken).not.toBeNull();
      } finally {
        restore();
      }
    },
    limitMs(SEARCH),
  );
});
