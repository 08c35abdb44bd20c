import { CallWorld, FLOOD, WEIGHTS } from './call-world.js';
import { historyOf, shortest, written, type Step } from './histories.js';

jest.mock('../../src/redis/cluster/connection/wire.js', () => ({
  ...jest.requireActual<object>('../../src/redis/cluster/connection/wire.js'),
  Wire: jest.requireActual<{ ModelWire: unknown }>('./model-wire.js').ModelWire,
}));

const RUNS = Number(process.env['MODEL_RUNS'] ?? 1500);
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1);
const LENGTH = { least: 5, most: 45 };

const faultOf = (history: readonly Step[]): Promise<string | null> => new CallWorld().run(history);

async function look(history: readonly Step[], seed: number): Promise<void> {
  const fault = await faultOf(history);
  if (fault === null) return;
  const short = await shortest(history, faultOf);
  const what = (await faultOf(short)) ?? fault;
  throw new Error(`seed ${String(seed)}: ${what}\n${written(short)}`);
}

// Most of the time would go into the stacks of the errors that calls end with.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe('the life of a call', () => {
  const timeoutMs = Math.max(60_000, RUNS * 5);

  it(
    'ends once, leaks nothing and keeps its promises, whatever happens in whatever order',
    async () => {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
        await look(historyOf(seed, WEIGHTS, LENGTH), seed);
      }
    },
    timeoutMs,
  );

  it(
    'also when thousands of errors are answered at once',
    async () => {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + 5; seed++) {
        const history = historyOf(seed, WEIGHTS, LENGTH);
        await look(history.toSpliced(history.length / 2, 0, FLOOD), seed);
      }
    },
    timeoutMs,
  );
});
