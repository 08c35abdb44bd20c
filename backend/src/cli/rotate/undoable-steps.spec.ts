import { seededRandom } from '../../../test/support/random-histories.js';
import { FIRST_SEED, runsOr } from '../../../test/support/seeded-search.js';
import type { Answer } from '../reach/index.js';
import { type Step, takeSteps } from './undoable-steps.js';

const RUNS = runsOr(3_000);

/** What happens when a server is asked: it does it or not, and its answer arrives or not. */
type Fate = 'done' | 'refused' | 'done, answer lost' | 'lost';

interface Plan {
  readonly seed: number;
  readonly steps: readonly { readonly server: string; readonly run: Fate; readonly undo: Fate }[];
  /** Whether the servers can write down what holds. */
  readonly isKept: boolean;
  /** After how many steps somebody ends it; `null` for nobody. */
  readonly endsAfter: number | null;
}

function planOf(seed: number): Plan {
  const random = seededRandom(seed);
  const chance = (share: number): boolean => random() < share;
  const fate = (bad: number): Fate => {
    if (!chance(bad)) return 'done';
    return (['refused', 'done, answer lost', 'lost'] as const)[Math.floor(random() * 3)] ?? 'lost';
  };
  const count = 1 + Math.floor(random() * 8);
  return {
    seed,
    steps: Array.from({ length: count }, () => ({
      server: `s${String(Math.floor(random() * 4))}`,
      run: fate(0.15),
      undo: fate(0.2),
    })),
    isKept: !chance(0.2),
    endsAfter: chance(0.1) ? Math.floor(random() * count) : null,
  };
}

const ANSWERS: Readonly<Record<Fate, Answer>> = {
  done: { ok: true, value: 'OK' },
  refused: { ok: false, reason: 'NOPERM this user may not do it' },
  'done, answer lost': { ok: false, reason: 'no answer within 2000 ms' },
  lost: { ok: false, reason: 'the connection was lost' },
};

/** Runs a plan. Returns what is wrong with how it ended; `null` for nothing. */
async function flawIn({ steps, isKept, endsAfter }: Plan): Promise<string | null> {
  const changed = new Set<number>();
  let keptAs = '';
  const ending = new AbortController();
  const apply = (fate: Fate, change: () => void): Promise<Answer> => {
    if (fate.startsWith('done')) change();
    return Promise.resolve(ANSWERS[fate]);
  };
  const all = steps.map(({ server, run, undo }, at): Step => ({
    server,
    run: () => {
      if (endsAfter === at) ending.abort();
      return apply(run, () => changed.add(at));
    },
    undo: () => apply(undo, () => changed.delete(at)),
  }));
  const keep = (): Promise<void> => {
    keptAs = [...changed].sort().join();
    return isKept ? Promise.resolve() : Promise.reject(new TypeError('the disk is full'));
  };
  const end = await takeSteps(all, { keep, signal: ending.signal }).then(
    () => null,
    (error: unknown) => String(error),
  );
  if (keptAs !== [...changed].sort().join()) return 'what holds in the end was not kept';
  if (end === null) return changed.size === steps.length ? null : 'it says that all is done';
  const left = new Set([...changed].map((at) => steps[at]?.server ?? ''));
  const named = /taken back on (.*)$/.exec(end)?.[1]?.split(', ') ?? [];
  const silent = [...left].filter((server) => !named.includes(server));
  return silent.length === 0 ? null : `it says nothing of ${silent.join()}: ${end}`;
}

describe('steps that are taken back', () => {
  it('leave everything as it was, or all done, or say which servers are neither', async () => {
    const flawed: (Plan & { readonly flaw: string })[] = [];
    let whole = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
      const plan = planOf(seed);
      const flaw = await flawIn(plan);
      if (flaw !== null) flawed.push({ ...plan, flaw });
      else whole += 1;
    }
    const [shortest] = flawed.sort((a, b) => a.steps.length - b.steps.length);
    expect(shortest).toBeUndefined();
    expect(whole).toBe(RUNS);
  });

  it('do not take back what was refused: it never was', async () => {
    const told: string[] = [];
    const step = (server: string, run: Fate): Step => ({
      server,
      run: () => Promise.resolve(ANSWERS[run]),
      undo: () => {
        told.push(server);
        return Promise.resolve(ANSWERS.done);
      },
    });
    const steps = [step('a', 'done'), step('b', 'lost'), step('c', 'done')];
    const end = { keep: () => Promise.resolve(), signal: new AbortController().signal };
    await expect(takeSteps(steps, end)).rejects.toThrow('b refuses: the connection was lost');
    expect(told).toEqual(['b', 'a']);
    told.length = 0;
    await expect(takeSteps([step('a', 'done'), step('b', 'refused')], end)).rejects.toThrow(
      'b refuses: NOPERM',
    );
    expect(told).toEqual(['a']);
  });
});
