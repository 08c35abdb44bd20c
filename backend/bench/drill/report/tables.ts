import { formatFigure, formatShare } from '../../../src/cli/measure/figures.js';
import type { Verdict } from '../bounds.js';
import type { Result, StretchFigures } from '../results.js';
import {
  boxed,
  escape,
  figureCell,
  markOfBound,
  stepTable,
  tableHead,
} from '../../../src/cli/report/index.js';

const cell = figureCell;
const withUnit = (value: number | null, unit: string): string =>
  value === null ? formatFigure(value) : `${formatFigure(value)} ${escape(unit)}`.trim();

/** Every bound, its reason, what was measured, and what the bare client had. */
export function verdictTable(verdict: readonly Verdict[], hasBare: boolean): string {
  const rows = verdict.map(
    ({ what, why, limit, unit, value, holds, bare }) =>
      `<tr><td>${escape(what)}<div class="why">${escape(why)}</div></td>` +
      cell(escape(limit)) +
      cell(withUnit(value, unit)) +
      cell(markOfBound(holds)) +
      (hasBare ? cell(withUnit(bare, unit)) : '') +
      '</tr>',
  );
  const names = ['Bound', 'limit', 'measured', 'verdict', ...(hasBare ? ['bare ioredis'] : [])];
  return boxed([tableHead(names), ...rows]);
}

/** Latency and failures of each stretch of the run. */
export function phaseTable({ run }: Result): string {
  const row = (phase: StretchFigures & { readonly worstDrop?: number }): string =>
    `<tr><td>${escape(phase.name)}</td>` +
    [phase.requests, phase.failed, phase.p50, phase.p95, phase.p99, phase.max]
      .map((value) => cell(formatFigure(value)))
      .join('') +
    cell(formatShare(phase.worstDrop)) +
    '</tr>';
  const phases =
    run.phases.length > 1 ? [...run.phases, { ...run.whole, name: 'all' }] : run.phases;
  return boxed([
    tableHead(['', 'requests', 'failed', 'p50 ms', 'p95', 'p99', 'longest', 'worst second']),
    ...phases.map(row),
  ]);
}

/** The same for each kind of request. */
export function kindTable({ run }: Result): string {
  const rows = Object.entries(run.whole.kinds).map(([kind, each]) => {
    const errors = Object.entries(each.errors).map(([name, count]) => `${escape(name)}: ${count}`);
    return (
      `<tr><td>${escape(kind)}</td>` +
      [each.requests, each.failed, each.p50, each.p99]
        .map((value) => cell(formatFigure(value)))
        .join('') +
      `<td>${errors.join(', ') || '–'}</td></tr>`
    );
  });
  return boxed([tableHead(['', 'requests', 'failed', 'p50 ms', 'p99', 'errors']), ...rows]);
}

/** The steps of the failover, counted from the fault. */
export function failoverTable({ steps, fault }: Result): string {
  const first = fault.marks[0];
  if (first === undefined) return '';
  const marks = fault.marks.map(({ label, second }) => ({
    label,
    afterFaultMs: Math.round((second - first.second) * 1000),
  }));
  return stepTable([...marks, ...steps]);
}
