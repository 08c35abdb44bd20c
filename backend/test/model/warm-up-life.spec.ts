import { LoadBudget } from '../../src/redis/cache/warming/load-budget.js';
import { WarmUpLead } from '../../src/redis/cache/warming/warm-up-lead.js';
import { historyOf, shortest, written, type Step } from './histories.js';
import { WARM_UP_WEIGHTS, WarmUpWorld } from './warm-up-world.js';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 15);
const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1);
const LENGTH = { least: 5, most: 30 };
const RELAPSE_RUNS = 40;
/** Mostly what a mistake shows in. */
const HARD_TIMES = { wait: 8, waitLong: 3, crash: 4, start: 6, cut: 3, mend: 4, lose: 1 };

jest.setTimeout(Math.max(60_000, RUNS * 1_000));

const faultOf = (history: readonly Step[]): Promise<string | null> =>
  new WarmUpWorld().run(history);

describe('a warm-up of several processes, whatever happens to them', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('loads each key exactly once when nothing disturbs it', async () => {
    const undisturbed = { wait: 10, waitLong: 2, quick: 2, replicate: 1 };
    for (let seed = FIRST_SEED; seed < FIRST_SEED + 3; seed++) {
      expect(await faultOf(historyOf(seed, undisturbed, LENGTH))).toBeNull();
    }
  });

  it('makes all keys warm, is led by one at a time, and never asks more of the source than it may', async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
      const history = historyOf(seed, WARM_UP_WEIGHTS, LENGTH);
      const fault = await faultOf(history);
      if (fault === null) continue;
      const short = await shortest(history, faultOf);
      const what = (await faultOf(short)) ?? fault;
      throw new Error(`seed ${String(seed)}: ${what}\n${written(short)}`);
    }
  });

  it.each([
    ['a leader goes on when its time is over', relapseOfLease],
    ['a warm-up takes as many turns as it likes', relapseOfBudget],
    ['a key counts as done before it is', relapseOfCursor],
  ])('would be seen to fail where %s', async (_, relapse) => {
    relapse();
    const faults: string[] = [];
    for (let seed = 1; seed <= RELAPSE_RUNS && faults.length === 0; seed++) {
      const fault = await faultOf(historyOf(seed, HARD_TIMES, LENGTH));
      if (fault !== null) faults.push(fault);
    }
    expect(faults).not.toEqual([]);
  });
});

function relapseOfLease(): void {
  jest.spyOn(WarmUpLead.prototype, 'isHeld', 'get').mockReturnValue(true);
}

function relapseOfBudget(): void {
  jest.spyOn(LoadBudget.prototype, 'reserve').mockResolvedValue(true);
  jest.spyOn(LoadBudget.prototype, 'begin').mockResolvedValue(true);
}

const save = WarmUpLead.prototype.save;

function relapseOfCursor(): void {
  jest.spyOn(WarmUpLead.prototype, 'save').mockImplementation(function (this: WarmUpLead, mark) {
    return save.call(this, { ...mark, after: mark.after === null ? 'key-00150' : mark.after });
  });
}
