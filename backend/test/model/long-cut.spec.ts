import { historyOf, shortest, written, type Step } from './histories.js';
import { SESSION_WEIGHTS, SessionWorld } from './session-world.js';
import { tiered } from './tiered-stage.js';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 150);
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1);
const PROCESSES = 3;
/** A quarter of an hour each. */
const QUARTERS_OF_THE_CUT = 8;
const QUARTERS_AFTER = 6;
const QUARTER = 0.5;
const MOMENTS_TO_HAND_IN = 10;
const MOMENT = 0.1;

const USES = { ...SESSION_WEIGHTS, cut: 0, reach: 0, minutes: 0, moments: 0 };
const LOGINS = { create: 4, read: 2, touch: 1 };

const stepOf = (op: string, a: number, b = 0): Step => ({ op, a, b, c: 0, isHasty: false });

/** Some log in, one or two processes are cut off for two hours, and all sides use and end what they know. */
function longCut(seed: number): Step[] {
  const length = { least: 4, most: 10 };
  const quarters = (from: number, count: number): Step[] =>
    Array.from({ length: count }, (_, i) => [
      ...historyOf(seed * 1_000 + from + i, USES, length),
      stepOf('minutes', 0, QUARTER),
    ]).flat();
  const away = Array.from({ length: 1 + (seed % 2) }, (_, i) => (seed + i) % PROCESSES);
  const all = (op: string): Step[] => away.map((i) => stepOf(op, (i + 0.5) / PROCESSES));
  return [
    ...historyOf(seed, LOGINS, { least: 12, most: 20 }),
    ...all('cut'),
    ...quarters(1, QUARTERS_OF_THE_CUT),
    ...all('reach'),
    // The clock jumps: what was journaled is handed in before the next quarter.
    ...Array.from({ length: MOMENTS_TO_HAND_IN }, () => stepOf('moments', 0, MOMENT)),
    ...quarters(100, QUARTERS_AFTER),
  ];
}

const faultOf = (history: readonly Step[]): Promise<string | null> =>
  new SessionWorld(tiered()).run(history);

async function look(seed: number): Promise<void> {
  const history = longCut(seed);
  const fault = await faultOf(history);
  if (fault === null) return;
  const short = await shortest(history, faultOf);
  const what = (await faultOf(short)) ?? fault;
  throw new Error(`seed ${String(seed)}: ${what}\n${written(short)}`);
}

describe('sessions ended on one side of a cut of two hours, and used on the other', () => {
  it(
    'do not come back, and none ends that nobody has ended',
    async () => {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) await look(seed);
    },
    Math.max(60_000, RUNS * 2_000),
  );
});
