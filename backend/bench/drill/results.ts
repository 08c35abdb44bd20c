import type { Mark } from '../../src/cli/report/chart.js';
import type { Summary } from '../../src/cli/measure/statistics.js';
import type { Kind } from './arguments.js';
import type { Verdict } from './bounds.js';
import type { Machine } from './machine.js';
import type { RequestKind } from './mix.js';

/** The two services that are compared. */
export type ContestantName = 'ours' | 'bare';

/** A stretch of a run, in ms from its start. */
export interface Stretch {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Requests that failed, by what happened. */
export type Errors = Readonly<Record<string, number>>;

/** What some requests came to. Latencies in ms, of good answers and of those that never came. */
export interface Figures extends Summary {
  readonly requests: number;
  readonly failed: number;
  readonly errors: Errors;
}

/** One second of the run. */
export interface SecondFigures extends Summary {
  readonly offered: number;
  readonly answered: number;
  readonly failed: number;
  readonly errors: Errors;
}

/** A stretch of the run with its figures, in all and for each kind of request. */
export interface StretchFigures extends Stretch, Figures {
  readonly seconds: number;
  readonly kinds: Readonly<Partial<Record<RequestKind, Figures>>>;
}

/** A stretch, and the largest share of the load that had no good answer in one second of it; `NaN` without a load. */
export interface PhaseFigures extends StretchFigures {
  readonly worstDrop: number;
}

/** What the generator measured. */
export interface LoadRun {
  readonly rate: number;
  readonly seconds: readonly SecondFigures[];
  readonly whole: StretchFigures;
  readonly phases: readonly PhaseFigures[];
  /** How late the generator was itself. */
  readonly lateness: Summary;
}

/** What was found when every instance was asked for every session. */
export interface Verified {
  /** Made before the run. */
  readonly lasting: number;
  readonly lastingLost: number;
  /** Made during the run, and not logged out. */
  readonly fresh: number;
  readonly freshLost: number;
  /** Logged out. */
  readonly ended: number;
  readonly endedAlive: number;
}

/** What the services and the machine said in one second. */
export interface SampleRow {
  /** `null` when an instance did not say, or nobody asked it for anything. */
  readonly hitRate: number | null;
  readonly status: readonly string[];
  readonly busy: number | null;
}

/** A step of the failover. */
export interface Step extends Mark {
  readonly afterFaultMs: number;
}

/** What was done to the cluster. */
export interface FaultReport {
  readonly marks: readonly Mark[];
  /** What the switchover said of itself. */
  readonly report: { readonly writeGapMs: number; readonly totalMs: number } | null;
  /** Why the fault could not be carried out in full. */
  readonly failure: string | null;
}

/** The writes of the watching client. */
export interface Heart {
  readonly writes: number;
  readonly failed: number;
  readonly longestGapMs: number;
}

/** One rate that was tried. */
export interface Level {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

/** A rate that was tried without HTTP. */
export interface DirectLevel extends Level {
  readonly perSecond: number;
}

/** What one turn of a few seconds showed. */
export interface Turn {
  readonly p99: number;
  /** Processor time of the instances for each request. */
  readonly processorMs: number | null;
}

/** All that is known of one service in one drill. */
export interface Result {
  readonly name: ContestantName;
  readonly title: string;
  readonly rate: number;
  readonly instances: number;
  readonly run: LoadRun;
  readonly samples: readonly (SampleRow | null)[];
  readonly hitRate: {
    readonly before: number | null;
    readonly after: number | null;
    readonly lowest: number | null;
  };
  readonly fault: FaultReport;
  readonly steps: readonly Step[];
  readonly heart: Heart;
  readonly operationsPerSecond: number | null;
  readonly redisCommandsPerSecond: number | null;
  /** Cores that were used. */
  readonly cpu: { readonly services: number | null; readonly load: number | null };
  readonly upAgainMs: number | null;
  readonly verified: Verified;
  readonly sessionsMade: { readonly sessions: number; readonly tookMs: number };
  /** The rates that were tried to find that of the run. */
  readonly levels: { readonly chosen: number; readonly tried: readonly Level[] } | null;
  readonly direct: {
    readonly perSecond: number | null;
    readonly levels: readonly DirectLevel[];
  } | null;
  /** The turns that both services took at the same rate. */
  readonly turns: readonly Turn[] | null;
}

/** Everything that is written down of a drill. */
export interface Report {
  readonly kind: Kind;
  readonly date: string;
  readonly passed: boolean;
  /** Why the figures say nothing. */
  readonly problem: string | null;
  /** What else should be known of them. */
  readonly note: string | null;
  readonly verdict: readonly Verdict[];
  readonly machine: Machine;
  readonly seconds: number;
  /** Sessions were archived in a database. */
  readonly archive: boolean;
  readonly mix: Readonly<Record<RequestKind, number>>;
  readonly ours: Result;
  readonly bare: Result | null;
}

/** The stretch of this name. */
export function phaseOf({ run }: Pick<Result, 'run'>, name: string): PhaseFigures | undefined {
  return run.phases.find((phase) => phase.name === name);
}
