/** From which seed on histories are looked at: 1, or `MODEL_SEED`. */
export const FIRST_SEED = Number(process.env['MODEL_SEED'] ?? 1);

/** How many histories a run of the tests looks at: so many as a test says, or `MODEL_RUNS`. */
export function runsOr(usual: number): number {
  return Number(process.env['MODEL_RUNS'] ?? usual);
}

// Jest cuts off a test that takes too long, and tells it nothing. These it calls all the same.
const endings = new Set<() => void>();
afterEach(() => {
  for (const end of endings) end();
  endings.clear();
});

/** Whether the test goes on that has begun a search. */
interface Course {
  isOver: boolean;
}

/** Where histories come from, and what judges them. */
export interface Search<S> {
  /** How many are looked at, where `MODEL_RUNS` does not say it. */
  readonly runs: number;
  readonly historyOf: (seed: number) => readonly S[];
  /** Runs a history. Resolves with what is wrong; with `null` when every promise was kept. */
  readonly faultOf: (history: readonly S[], seed: number) => Promise<string | null>;
  /** A history as a person reads it. */
  readonly written: (history: readonly S[]) => string;
  /** One of several files that share the seeds: the no-th of so many. */
  readonly share?: { readonly no: number; readonly of: number };
}

/** A history that breaks a promise. */
interface Broken {
  readonly seed: number;
  readonly fault: string;
}

/** Looks for a history that breaks a promise, seed by seed, and for the shortest part of it that still does. */
export class SeededSearch<S> {
  readonly #search: Search<S>;
  readonly #runs: number;

  constructor(search: Search<S>) {
    this.#search = search;
    this.#runs = runsOr(search.runs);
  }

  /** How long a test may take that looks at all of them. */
  limitMs(eachMs: number): number {
    return Math.max(120_000, this.#runs * eachMs);
  }

  /** The seed of the first that breaks a promise, what is wrong, and its shortest part; `null` where none does. */
  async firstFault(runs = this.#runs): Promise<string | null> {
    const course = courseOfTest();
    const broken = await this.#find(runs, 'histories', course);
    return broken === null ? null : this.#told(broken, course);
  }

  /**
   * What shows that a mistake is there, within so many histories; `null` where nothing does. It is undone when the test
   * ends at the latest: the next one must not find it.
   *
   * @param mistake - makes it, and returns how it is undone
   */
  async faultWith(name: string, mistake: () => () => void, most: number): Promise<string | null> {
    const undo = mistake();
    endings.add(undo);
    try {
      return (await this.#find(most, name, courseOfTest()))?.fault ?? null;
    } finally {
      if (endings.delete(undo)) undo();
    }
  }

  async #find(runs: number, what: string, course: Course): Promise<Broken | null> {
    const { historyOf, faultOf, share = { no: 0, of: 1 } } = this.#search;
    let [looked, steps] = [0, 0];
    let broken: Broken | null = null;
    for (let i = share.no; i < runs && broken === null && !course.isOver; i += share.of) {
      const seed = FIRST_SEED + i;
      const history = historyOf(seed);
      looked++;
      steps += history.length;
      const fault = await faultOf(history, seed);
      if (fault !== null) broken = { seed, fault };
    }
    const end = course.isOver
      ? 'cut off with the test'
      : broken === null
        ? 'all as promised'
        : `seed ${String(broken.seed)}: ${broken.fault}`;
    const size = `${String(looked)} histories, ${String(steps)} steps`;
    process.stdout.write(`${what}, from seed ${String(FIRST_SEED)}: ${end} (${size})\n`);
    return broken;
  }

  async #told({ seed, fault }: Broken, course: Course): Promise<string> {
    const { historyOf, faultOf, written } = this.#search;
    const least = await shortest(historyOf(seed), (part) => faultOf(part, seed), course);
    return `seed ${String(seed)}: ${(await faultOf(least, seed)) ?? fault}\n${written(least)}`;
  }
}

function courseOfTest(): Course {
  const course = { isOver: false };
  endings.add(() => {
    course.isOver = true;
  });
  return course;
}

/** Leaves out steps for as long as the history still fails. */
async function shortest<S>(
  history: readonly S[],
  faultOf: (history: readonly S[]) => Promise<string | null>,
  course: Course,
): Promise<readonly S[]> {
  let best = history;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.length && !course.isOver;) {
      const part = [...best.slice(0, from), ...best.slice(from + size)];
      if ((await faultOf(part)) === null) from += size;
      else best = part;
    }
  }
  return best;
}

/** Errors of the tests of this file have no stacks: most of the time would go into those of calls that fail as they may. */
export function withoutStacks(): void {
  const { stackTraceLimit } = Error;
  beforeAll(() => {
    Error.stackTraceLimit = 0;
  });
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });
}
