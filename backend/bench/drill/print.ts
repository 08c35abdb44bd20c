import { formatFigure } from '../../src/cli/measure/figures.js';
import { formatTable } from '../common/table.js';
import type { Verdict } from './bounds.js';
import type { Report } from './results.js';

/** Prints every bound with what was measured, and where the report is. */
export function printVerdict(report: Report, files: readonly string[]): void {
  const { kind, passed, problem, note, verdict } = report;
  const header = ['Bound', 'limit', 'measured', 'verdict', 'bare ioredis'];
  console.log(`\nDrill "${kind}": ${passed ? 'every bound holds' : 'NOT PASSED'}\n`);
  console.log(formatTable(header, verdict.map(rowOf)));
  for (const text of [problem, note]) if (text !== null) console.log(`\n  ${text}`);
  console.log(['', ...files.map((file) => `  ${file}`)].join('\n'));
}

function rowOf({ what, unit, limit, value, holds, bare }: Verdict): string[] {
  const figure = (number: number | null): string => `${formatFigure(number)} ${unit}`.trim();
  return [
    what,
    limit,
    figure(value),
    holds ? 'holds' : 'BROKEN',
    bare === null ? '' : figure(bare),
  ];
}
