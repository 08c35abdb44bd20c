import type { FailoverRecord } from '../../redis/base/events/index.js';
import { formatAddress } from '../../redis/base/address/index.js';
import { formatFigure } from '../measure/index.js';
import { stepsOf, type StepAfter } from '../report/index.js';
import type { CallFigures, DrillCall } from './drill-load.js';
import type { DrillOrder, Slo } from './drill-order.js';
import type { DrillKind } from './fault-step.js';

/** One moment of a drill. */
export interface TimelineStep {
  readonly step: string;
  /** After the fault, in ms. */
  readonly afterMs: number;
}

/** What a drill found out. */
export interface DrillResult {
  readonly kind: DrillKind;
  readonly place: string;
  /** Calendar time as ISO. */
  readonly startedAt: string;
  readonly passed: boolean;
  readonly slo: Slo;
  /** The longest time without an acknowledged write. */
  readonly gapMs: number;
  /** Calls that failed, writes and reads. */
  readonly errors: number;
  /** Acknowledged writes that were not there in the end. */
  readonly lost: number;
  /** The longest time in which the program itself could not run: no figure is more exact than that. */
  readonly stalledMs: number;
  readonly from: string | null;
  readonly to: string | null;
  readonly timeline: readonly TimelineStep[];
  readonly writes: CallFigures;
  readonly reads: CallFigures;
  /** What the library says of a move on purpose. */
  readonly switchover: { readonly writeGapMs: number; readonly totalMs: number } | null;
  /** What kept the drill from being whole, such as something that could not be put back. */
  readonly problems: readonly string[];
}

/** What was seen of a run; moments on the calendar. */
export interface Seen {
  readonly place: string;
  readonly startedAt: number;
  readonly faultAt: number;
  readonly marks: readonly { readonly label: string; readonly at: number }[];
  readonly failovers: readonly FailoverRecord[];
  /** When the replicas followed the new primary. */
  readonly reconfiguredAt: number | null;
  /** The end of the longest time without an acknowledged write. */
  readonly writingAgainAt: number;
  readonly gapMs: number;
  readonly lost: number;
  readonly stalledMs: number;
  readonly writes: CallFigures;
  readonly reads: CallFigures;
  readonly switchover: DrillResult['switchover'];
  readonly problems: readonly string[];
}

/** What every call of a run was, for the curves. */
export interface DrillCurves {
  readonly calls: readonly DrillCall[];
  /** On the clock of the calls. */
  readonly startedAt: number;
  readonly faultAt: number;
}

// The words of an operator, for those of the record.
const WORDS: Readonly<Record<string, string>> = {
  suspected: 'detected',
  switched: 'clients told',
  'first write': 'first write',
};

/** What was seen comes to. */
export function resultOf({ kind, slo }: DrillOrder, seen: Seen): DrillResult {
  const { place, writes, reads, switchover, lost, problems, faultAt } = seen;
  const failover = seen.failovers.find(({ switchedAt }) => switchedAt >= faultAt) ?? null;
  const gapMs = Math.round(seen.gapMs);
  const errors = errorsOf(writes) + errorsOf(reads);
  const holds = gapMs <= slo.gapMs && errors <= slo.errors && lost <= slo.lost;
  return {
    ...{ kind, place, slo, gapMs, errors, lost, writes, reads, switchover, problems },
    stalledMs: Math.round(seen.stalledMs),
    startedAt: new Date(seen.startedAt).toISOString(),
    passed: holds && problems.length === 0,
    ...movedIn(failover),
    timeline: timelineOf(seen, failover),
  };
}

function movedIn(failover: FailoverRecord | null): Pick<DrillResult, 'from' | 'to'> {
  if (failover === null) return { from: null, to: null };
  const { from, to } = failover;
  return { from: from === null ? null : formatAddress(from), to: formatAddress(to) };
}

function errorsOf({ sent, answered }: CallFigures): number {
  return sent - answered;
}

function timelineOf(seen: Seen, failover: FailoverRecord | null): TimelineStep[] {
  const { faultAt, marks, reconfiguredAt, writingAgainAt } = seen;
  const steps = failover === null ? [] : stepsOf(failover);
  const all = [
    ...marks,
    ...steps.map(({ label, at }) => ({ label: WORDS[label] ?? label, at })),
    ...(reconfiguredAt === null ? [] : [{ label: 'reconfigured', at: reconfiguredAt }]),
    ...(failover === null ? [] : [{ label: 'writing again', at: writingAgainAt }]),
  ];
  return all
    .map(({ label, at }) => ({ step: label, afterMs: Math.round(at - faultAt) }))
    .sort((a, b) => a.afterMs - b.afterMs);
}

/** The timeline for the table of the page. */
export function stepsAfter({ timeline }: DrillResult): StepAfter[] {
  return timeline.map(({ step, afterMs }) => ({ label: step, afterFaultMs: afterMs }));
}

/** What became of the calls of one kind, for people. */
export function callsText({ sent, answered, failed, errors }: CallFigures): string {
  const codes = Object.entries(errors).map(([code, count]) => `${code} ${formatFigure(count)}`);
  const list = codes.length === 0 ? '' : ` (${codes.join(', ')})`;
  return `${formatFigure(sent)} sent, ${formatFigure(answered)} answered, ${formatFigure(failed)} failed${list}`;
}
