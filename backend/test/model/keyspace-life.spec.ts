import { historyOf, shortest, written, type Step } from './histories.js';
import { KeyspaceWorld, WEIGHTS } from './keyspace-world.js';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 1500);
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1);
const LENGTH = { least: 20, most: 120 };

const faultOf = (history: readonly Step[]): Promise<string | null> =>
  new KeyspaceWorld().run(history);

async function look(history: readonly Step[], seed: number): Promise<void> {
  const fault = await faultOf(history);
  if (fault === null) return;
  const short = await shortest(history, faultOf);
  const what = (await faultOf(short)) ?? fault;
  throw new Error(`seed ${String(seed)}: ${what}\n${written(short)}`);
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
      for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
        await look(historyOf(seed, WEIGHTS, LENGTH), seed);
      }
    },
    Math.max(60_000, RUNS * 50),
  );
});
