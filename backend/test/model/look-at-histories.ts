import { CallWorld, FLOOD, WEIGHTS } from './call-world.js';
import { historyOf, shortest, written, type Step } from './histories.js';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 1500);
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1);
const FLOODS = 5;
const SHARES = 2;
const LENGTH = { least: 5, most: 45 };

/** So long may one share take. */
export const TIMEOUT_MS = Math.max(60_000, RUNS * 5);

const faultOf = (history: readonly Step[]): Promise<string | null> => new CallWorld().run(history);

async function look(history: readonly Step[], seed: number): Promise<void> {
  const fault = await faultOf(history);
  if (fault === null) return;
  const short = await shortest(history, faultOf);
  const what = (await faultOf(short)) ?? fault;
  throw new Error(`seed ${String(seed)}: ${what}\n${written(short)}`);
}

/** Looks at every second history, from the first or from the second on: two files run side by side. */
export async function lookAtShare(share: 0 | 1): Promise<void> {
  for (let seed = FIRST_SEED + share; seed < FIRST_SEED + RUNS; seed += SHARES) {
    await look(historyOf(seed, WEIGHTS, LENGTH), seed);
  }
}

/** Looks at histories in which thousands of errors are answered at once. */
export async function lookAtFloods(): Promise<void> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + FLOODS; seed++) {
    const history = historyOf(seed, WEIGHTS, LENGTH);
    await look([...FLOOD, ...history], seed);
  }
}
