import { SeededSearch } from '../support/seeded-search.js';
import { CallWorld, FLOOD, WEIGHTS } from './call-world.js';
import { historyOf, written, type Step } from './histories.js';

const LENGTH = { least: 5, most: 45 };
/** More than a busy machine takes for a history. */
export const HISTORY_MS = 200;

const CALLS = {
  runs: 1_500,
  historyOf: (seed: number) => historyOf(seed, WEIGHTS, LENGTH),
  faultOf: (history: readonly Step[]) => new CallWorld().run(history),
  written,
};

/** Every second history, from the first or from the second on: two files run side by side. */
export function everySecond(no: 0 | 1): SeededSearch<Step> {
  return new SeededSearch({ ...CALLS, share: { no, of: 2 } });
}

/** Histories in which thousands of errors are answered at once. */
export const floods = new SeededSearch<Step>({
  ...CALLS,
  historyOf: (seed) => [...FLOOD, ...CALLS.historyOf(seed)],
});
