import { finding, type Finding } from '../common/finding.js';
import { countBy } from '../common/groups.js';
import { formatNumber } from '../../src/cli/measure/figures.js';
import { formatTable, markdownTable } from '../common/table.js';
import type { Row } from './books.js';
import { isQueue, type ConsumerResult, type FaultRun } from './run-fault.js';

const HEADER = ['consumer', 'over', 'asked', 'refused', 'lost', 'twice', 'longest gap (ms)'];

/** One line for each consumer and kind of thing. */
export function faultTable({ fault, title, results }: FaultRun): string {
  const table = formatTable(HEADER, results.flatMap(linesOf));
  return [`\n${fault}: ${title}`, table, ...results.flatMap(reasonLines)].join('\n');
}

/** The same for a page. */
export function citizensPage(runs: readonly FaultRun[]): string {
  return runs
    .map(({ title, results }) => {
      return `### ${title}\n\n${markdownTable(HEADER, results.flatMap(linesOf))}\n`;
    })
    .join('\n');
}

/** What is promised of consumers over ours, and whether it was so. */
export function findingsOf(runs: readonly FaultRun[]): readonly Finding[] {
  return runs.flatMap(({ fault, results }) =>
    results
      .filter(({ variant }) => variant === 'ours')
      .flatMap((result) => [
        ...(isQueue(result.consumer) ? jobFindings(fault, result) : []),
        finding(
          result.unhandled.length === 0,
          `${fault}, ${result.consumer}: no rejection is left unhandled`,
        ),
      ]),
  );
}

function jobFindings(fault: string, { consumer, rows }: ConsumerResult): Finding[] {
  const sum = (pick: (row: Row) => number): number =>
    rows.reduce((total, row) => total + pick(row), 0);
  const asked = String(sum((row) => row.asked));
  return [
    finding(sum((row) => row.refused) === 0, `${fault}, ${consumer}: ${asked} jobs, none refused`),
    finding(sum((row) => row.lost) === 0, `${fault}, ${consumer}: none lost`),
    finding(sum((row) => row.twice) === 0, `${fault}, ${consumer}: none run twice`),
  ];
}

function linesOf({ consumer, variant, rows }: ConsumerResult): string[][] {
  return rows.map((row) => [
    `${consumer}, ${row.what}`,
    variant,
    formatNumber(row.asked),
    formatNumber(row.refused),
    formatNumber(row.lost),
    formatNumber(row.twice),
    formatNumber(row.gapMs),
  ]);
}

function reasonLines({ consumer, variant, rows, unhandled }: ConsumerResult): string[] {
  const reasons = [
    ...rows.flatMap(({ what, reasons }) =>
      Object.entries(reasons).map(([reason, count]) => `${String(count)} × ${reason} (${what})`),
    ),
    ...Object.entries(countBy(unhandled)).map(([code, n]) => `${String(n)} × unhandled ${code}`),
  ];
  return reasons.length === 0 ? [] : [`  ${consumer} over ${variant}: ${reasons.join(', ')}`];
}
