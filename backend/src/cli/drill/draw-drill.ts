import { formatFigure } from '../measure/index.js';
import { drawTable, type Screen } from '../screen/index.js';
import type { DrillOrder } from './drill-order.js';
import { callsText, type DrillResult } from './drill-result.js';
import { WHAT, type DrillTarget, type FaultStep } from './fault-step.js';

/** What would be done, and what is done whatever happens; what `--json` writes. */
export interface DrillPlan {
  readonly kind: DrillOrder['kind'];
  readonly place: string;
  readonly what: string;
  readonly steps: readonly { readonly what: string; readonly back: string }[];
  readonly holdMs: number;
  readonly rate: number;
  /** Why it may be a cluster that people depend on. */
  readonly suspicions: readonly string[];
}

/** A drill that was only planned, or that was run. */
export interface DrillDocument {
  readonly plan: DrillPlan;
  /** `null` with `--plan`. */
  readonly result: DrillResult | null;
  /** Where the page is; `null` where none was asked for. */
  readonly html: string | null;
}

/** What would be done. */
export function planOf(
  { kind, holdMs, rate }: DrillOrder,
  { place }: DrillTarget,
  steps: readonly FaultStep[],
  suspicions: readonly string[],
): DrillPlan {
  const shown = steps.map(({ what, back }) => ({ what, back }));
  const isMove = kind === 'switchover';
  const move = { what: "move the primary with the library's switchover", back: 'nothing' };
  return {
    ...{ kind, place, rate, suspicions, what: WHAT[kind] },
    holdMs: isMove ? 0 : holdMs,
    steps: isMove ? [move] : shown,
  };
}

/** The plan as lines for people. */
export function drawPlan({ kind, place, what, steps, holdMs, rate }: DrillPlan): string[] {
  return [
    `Drill ${kind} of ${place}: ${what}`,
    `  load      ${formatFigure(rate)} writes and ${formatFigure(rate)} reads per second, under keys of its own that end by themselves`,
    ...steps.map((step) => `  break     ${step.what}`),
    ...(holdMs === 0 ? [] : [`  hold      ${formatFigure(holdMs / 1_000)} s`]),
    ...[...steps].reverse().map(({ back }) => `  put back  ${back}`),
    '  then      wait until it is whole, look for every acknowledged write, remove the keys',
  ];
}

/** What it found out, as lines for people. */
export function drawResult(result: DrillResult, screen: Screen): string[] {
  const { timeline, passed, problems } = result;
  const { good, bad, doubtful } = screen.styles;
  const width = screen.isTerminal ? screen.columns : null;
  const rows = timeline.map(({ step, afterMs }) => [step, `${formatFigure(afterMs)} ms`]);
  const columns = [{ title: 'step' }, { title: 'after the fault', isNumber: true }];
  return [
    ...drawTable(columns, rows, width),
    '',
    ...drawTable(BOUNDS, boundRows(result, screen), width),
    ...failedCalls(result),
    ...(result.to === null
      ? ['', 'The primary stayed where it was']
      : ['', `The primary moved from ${result.from ?? '?'} to ${result.to}`]),
    ...(isBusy(result)
      ? [
          `${doubtful('!')} this program itself could not run for ${formatFigure(result.stalledMs)} ms: the machine is too busy for exact figures`,
        ]
      : []),
    ...problems.map((problem) => `${bad('!')} ${problem}`),
    passed ? good('passed') : bad('not passed'),
  ];
}

/** Which calls failed, and with which codes. */
function failedCalls({ writes, reads }: DrillResult): string[] {
  const both = [['writes', writes] as const, ['reads', reads] as const];
  const failed = both.filter(([, { sent, answered }]) => sent > answered);
  return failed.map(([what, figures]) => `${what}: ${callsText(figures)}`);
}

/** A tenth of the bound is more than a figure may be wrong by. */
function isBusy({ stalledMs, slo }: DrillResult): boolean {
  return stalledMs > slo.gapMs / 10;
}

const BOUNDS = [
  { title: 'bound' },
  { title: 'limit', isNumber: true },
  { title: 'measured', isNumber: true },
  { title: '' },
];

function boundRows({ slo, gapMs, errors, lost }: DrillResult, { styles }: Screen): string[][] {
  const row = (what: string, limit: number, seen: number, unit: string): string[] => [
    what,
    `${formatFigure(limit)}${unit}`,
    `${formatFigure(seen)}${unit}`,
    seen <= limit ? styles.good('holds') : styles.bad('broken'),
  ];
  return [
    row('writes waited', slo.gapMs, gapMs, ' ms'),
    row('calls failed', slo.errors, errors, ''),
    row('acknowledged writes lost', slo.lost, lost, ''),
  ];
}
