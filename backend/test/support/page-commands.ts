import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compileCommands } from './compile-program.js';
import { OWN_WORLD } from './namespaces.js';
import type { Ran } from './page-shell.js';
import type { PageLoad, PagePlan } from './page-world.js';
import { WorkerPool } from './worker.js';

interface Shown {
  readonly text: string;
  readonly at: number;
  readonly but: readonly string[];
}

/** A block of a page, or a command within a line, as scripts/docs/page-steps.mjs reads it. */
export interface PageStep {
  readonly page: string;
  readonly kind: 'run' | 'scene' | 'compose' | 'not run';
  readonly code: string;
  readonly at: number;
  readonly section: string;
  readonly around: string;
  readonly said: string;
  readonly endsWith: number;
  readonly shown: Shown | undefined;
}

const { stepsOf } = jest.requireActual<{
  stepsOf: (path: string, text: string) => { readonly steps: readonly PageStep[] };
}>('../../../scripts/docs/page-steps.mjs');
const { problemsOfShown, problemsOfTold, refusalsIn } = jest.requireActual<{
  problemsOfShown: (shown: Shown, printed: string) => readonly string[];
  problemsOfTold: (code: string, printed: string) => readonly string[];
  refusalsIn: (printed: string, expected: string) => readonly string[];
}>('../../../scripts/docs/printed.mjs');

const ROOT = resolve(__dirname, '..', '..', '..');
const CLUSTER_PAGE = 'docs/operations/README.md';
const CLUSTER_SECTIONS = ['Two shell functions', 'The practice cluster'];
const PROGRAM = [
  'page-world.ts',
  'page-shell.ts',
  'load.ts',
  '../../src/redis/testing/time/wait-until.ts',
] as const;
/** So many pages are typed at a time: they wait more than they work, and other tests run beside them. */
const AT_ONCE = 5;

/** What is typed on a page. */
export function stepsOfPage(page: string): readonly PageStep[] {
  return stepsOf(page, readFileSync(join(ROOT, page), 'utf8')).steps;
}

/** What starts the practice cluster, and what ends it. */
function clusterSteps(): { readonly opening: string[]; readonly closing: string[] } {
  const codes = stepsOfPage(CLUSTER_PAGE)
    .filter(({ kind, section }) => kind === 'run' && CLUSTER_SECTIONS.includes(section))
    .map(({ code }) => code);
  return { opening: codes.slice(0, -1), closing: codes.slice(-1) };
}

/** The steps of pages that are typed, without what every page begins and ends with. */
function typedSteps(pages: readonly string[]): PageStep[] {
  const isTyped = ({ kind }: PageStep): boolean => kind === 'run' || kind === 'scene';
  const isCluster = ({ page, section }: PageStep): boolean =>
    page === CLUSTER_PAGE && CLUSTER_SECTIONS.includes(section);
  return pages.flatMap(stepsOfPage).filter((step) => isTyped(step) && !isCluster(step));
}

/** What came of pages: what was wrong, and what an application saw meanwhile. */
export interface PageResult {
  readonly problems: readonly string[];
  readonly typed: number;
  readonly seconds: number;
  /** The blocks that took longest. */
  readonly slow: readonly string[];
  readonly load: PageLoad | null;
}

/** Types pages, several side by side, each on a practice cluster and in a network of its own. */
export class PageTypist {
  readonly #pool = new WorkerPool(...PROGRAM);
  readonly #folder = mkdtempSync(join(tmpdir(), 'pages-'));
  readonly #commands = compileCommands();
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor() {
    symlinkSync(join(ROOT, 'node_modules'), join(this.#folder, 'node_modules'));
    symlinkSync(join(ROOT, 'node_modules'), join(this.#commands.directory, 'node_modules'));
  }

  /**
   * Types pages one after the other on one cluster, as soon as there is room.
   *
   * @param isUnderLoad - whether an application uses the cluster meanwhile
   */
  async type(pages: readonly string[], isUnderLoad: boolean): Promise<PageResult> {
    if (this.#busy >= AT_ONCE) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#busy += 1;
    try {
      return await this.#typeNow(pages, isUnderLoad);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy -= 1;
      else next();
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
    for (const folder of [this.#folder, this.#commands.directory]) {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  async #typeNow(pages: readonly string[], isUnderLoad: boolean): Promise<PageResult> {
    const startedAt = performance.now();
    const steps = typedSteps(pages);
    const plan: PagePlan = {
      root: ROOT,
      program: this.#commands.entry,
      folder: mkdtempSync(join(this.#folder, 'page-')),
      ...clusterSteps(),
      isUnderLoad,
    };
    const worker = await this.#pool.start(plan, OWN_WORLD);
    await worker.call('open');
    const problems: string[] = [];
    const slow: string[] = [];
    let isHung = false;
    for (const step of steps) {
      const ran = await worker.call<Ran>('type', step.code);
      problems.push(...problemsOf(step, ran));
      isHung = ran.isHung;
      if (ran.tookMs > 3000)
        slow.push(`line ${String(step.at)} ${(ran.tookMs / 1000).toFixed(0)} s`);
      if (isHung) break;
    }
    const load = isHung ? null : await worker.call<PageLoad | null>('close');
    await worker.kill();
    return {
      problems,
      typed: steps.filter(({ kind }) => kind === 'run').length,
      seconds: (performance.now() - startedAt) / 1000,
      slow,
      load,
    };
  }
}

function problemsOf(step: PageStep, ran: Ran): string[] {
  const { page } = step;
  const where = `${page}:${String(step.at)}`;
  const { code, shown, endsWith, around } = step;
  const failures = ran.failures
    .filter((one) => one.code !== endsWith)
    .map((one) => `it ends with ${String(one.code)}: ${one.command}`);
  const isScene = step.kind === 'scene';
  const found = [
    ...(ran.isHung ? ['it does not end'] : []),
    ...failures,
    ...(isScene ? [] : problemsOfTold(code, ran.printed)),
    ...(isScene ? [] : refusalsIn(ran.printed, around)),
  ].map((problem) => `${where}: ${problem}`);
  const differing = shown === undefined ? [] : problemsOfShown(shown, ran.printed);
  found.push(...differing.map((line) => (line.startsWith(' ') ? line : `${page}:${line}`)));
  if (found.length > 0) found.push(`  it printed:\n${ran.printed.slice(-3000)}`);
  return found;
}
