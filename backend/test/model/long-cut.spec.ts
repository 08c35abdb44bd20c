import { SeededSearch } from '../support/seeded-search.js';
import { historyOf, written, type Step } from './histories.js';
import { LONG_CUT_RELAPSES } from './keyspace-relapses.js';
import { SESSION_WEIGHTS, SessionWorld } from './session-world.js';
import { tiered } from './tiered-stage.js';

const PROCESSES = 3;
/** A quarter of an hour each. */
const QUARTERS_OF_THE_CUT = 8;
const QUARTERS_AFTER = 6;
const QUARTER = 0.5;
const MOMENTS_TO_HAND_IN = 10;
const MOMENT = 0.1;
/** Of so many histories Redis loses everything in one. */
const RARELY = 3;
/** So many histories at most until a mistake shows. */
const SEARCH = 300;
const HISTORY_MS = 2_000;
const HOUR = 3_600_000;
/** Sessions that are not used for so long are over. In every other history that is less than the cut. */
const idleMsOf = (seed: number): number => (seed % 2 === 0 ? HOUR : 12 * HOUR);

const USES = { ...SESSION_WEIGHTS, cut: 0, reach: 0, minutes: 0, moments: 0 };
const LOGINS = { create: 4, read: 2, touch: 1 };

const stepOf = (op: string, a: number, b = 0): Step => ({ op, a, b, c: 0, isHasty: false });

/**
 * Some log in, one or two processes are cut off for two hours, and all sides use and end what they know. In some of
 * them Redis loses everything meanwhile.
 */
function longCut(seed: number): Step[] {
  const length = { least: 4, most: 10 };
  const lossAfter = seed % RARELY === 0 ? seed % QUARTERS_OF_THE_CUT : null;
  const quarters = (from: number, count: number, loss: number | null): Step[] =>
    Array.from({ length: count }, (_, i) => [
      ...historyOf(seed * 1_000 + from + i, USES, length),
      stepOf('minutes', 0, QUARTER),
      ...(i === loss ? [stepOf('lose', 0)] : []),
    ]).flat();
  const away = Array.from({ length: 1 + (seed % 2) }, (_, i) => (seed + i) % PROCESSES);
  const all = (op: string): Step[] => away.map((i) => stepOf(op, (i + 0.5) / PROCESSES));
  return [
    ...historyOf(seed, LOGINS, { least: 12, most: 20 }),
    ...all('cut'),
    ...quarters(1, QUARTERS_OF_THE_CUT, lossAfter),
    ...all('reach'),
    // The clock jumps: what was journaled is handed in before the next quarter.
    ...Array.from({ length: MOMENTS_TO_HAND_IN }, () => stepOf('moments', 0, MOMENT)),
    ...quarters(100, QUARTERS_AFTER, null),
  ];
}

const search = new SeededSearch<Step>({
  runs: 150,
  historyOf: longCut,
  faultOf: (history, seed) => new SessionWorld(tiered(), { idleMs: idleMsOf(seed) }).run(history),
  written,
});

describe('sessions ended on one side of a cut of two hours, and used on the other', () => {
  it(
    'do not come back, and none ends that somebody uses and nobody has ended',
    async () => {
      expect(await search.firstFault()).toBeNull();
    },
    search.limitMs(HISTORY_MS),
  );

  it.each(Object.entries(LONG_CUT_RELAPSES))(
    'are watched closely enough to see when %s',
    async (name, putBack) => {
      const fault = await search.faultWith(name, putBack, SEARCH);
      expect(fault).toContain('at rest an ended session is valid');
    },
    SEARCH * HISTORY_MS,
  );
});
