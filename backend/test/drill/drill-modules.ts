/** A request of a run, one list for each of its facts. */
export interface LedgerOf {
  add(kind: string, dueMs: number, latencyMs: number, outcome: string): void;
}

/** A row of the report: one second of the run. */
export interface SecondOf {
  readonly offered: number;
  readonly answered: number;
  readonly failed: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly p99: number | null;
}

/** A stretch of the run. */
export interface PhaseOf extends Omit<SecondOf, 'offered' | 'answered'> {
  readonly requests: number;
  readonly p50: number | null;
  readonly kinds: Readonly<Record<string, { readonly requests: number; readonly failed: number }>>;
}

/** A bound with what was measured. */
export interface VerdictOf {
  readonly id: string;
  readonly value: number | null;
  readonly holds: boolean;
  readonly bare: number | null;
  readonly why: string;
}

/** A request as the pool takes it. */
export interface PooledRequest {
  readonly text: string;
  readonly dueAt: number;
  readonly isRepeatable: boolean;
  settle(outcome: number | string, body?: Buffer): void;
}

/** What the modules of the drill offer to its specs. They are plain JavaScript. */
export interface DrillModules {
  arguments: {
    parseArguments(argv: readonly string[]): Readonly<Record<string, unknown>>;
    usage(): string;
  };
  bounds: {
    judge(kind: string, ours: unknown, bare: unknown): readonly VerdictOf[];
    latenessProblem(kind: string, result: unknown): string | null;
    crowdNote(result: unknown, cores: number): string | null;
  };
  commands: {
    callsIn(fields: ReadonlyMap<string, string>, isReplica?: boolean): number;
    sumOfMetric(text: string, name: string): number | null;
  };
  direct: {
    bestOf(
      levels: readonly { perSecond: number; p99: number | null; failed: number }[],
    ): number | null;
  };
  'find-rate': {
    findRate(
      load: { run(plan: { rate: number }): Promise<unknown> },
      say: (text: string) => void,
    ): Promise<{ readonly chosen: number; readonly tried: readonly unknown[] }>;
  };
  'http-answer': {
    AnswerReader: new (onAnswer: (status: number, body: Buffer, isLast: boolean) => void) => {
      push(bytes: Buffer): void;
      readonly isAtStart: boolean;
    };
  };
  'http-pool': {
    HttpPool: new (options: {
      host: string;
      port: number;
      maxSockets?: number;
      timeoutMs?: number;
    }) => { send(request: PooledRequest): void; close(): void; readonly waiting: number };
  };
  mix: {
    requestMix(rate: number, random: () => number): () => string;
    seededRandom(seed: number): () => number;
    popularProduct(random: () => number): number;
    sharesOf(rate: number): Readonly<Record<string, number>>;
  };
  'open-loop': {
    OpenLoop: new (
      perSecond: number,
      issue: (dueAt: number) => void,
    ) => { start(at?: number): void; stop(at?: number): void; readonly lateness: number[] };
  };
  'report/chart': { ticksFor(max: number, log?: boolean): readonly number[] };
  'report/html': { toHtml(report: unknown): string };
  series: {
    Ledger: new () => LedgerOf;
    percentile(values: readonly number[], p: number): number | null;
    perSecond(ledger: LedgerOf, seconds: number): readonly SecondOf[];
    ofPhase(ledger: LedgerOf, phase: { name: string; fromMs: number; toMs: number }): PhaseOf;
    worstDrop(rows: readonly unknown[], phase: { fromMs: number; toMs: number }): number | null;
  };
}

/** Loads a module of `scripts/drill`. */
export function drillModule<N extends keyof DrillModules>(name: N): DrillModules[N] {
  return jest.requireActual<DrillModules[N]>(`../../../scripts/drill/${name}.mjs`);
}
