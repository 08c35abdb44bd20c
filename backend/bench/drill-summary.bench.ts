import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatFigure, formatShare } from '../src/cli/measure/figures.js';
import { markdownTable } from './common/table.js';
import { KINDS } from './drill/arguments.js';
import { phaseOf, type Report, type Result } from './drill/results.js';

// Prints Markdown tables of the reports below a folder: node backend/bench/run.mjs drill-summary docs/reports

const ORDER = Object.keys(KINDS);
const FAULT_HEAD = [
  'Drill',
  'Service',
  'Verdict',
  'Requests',
  'Failed',
  'p99 before / during / after, ms',
  'Worst second',
  'Sessions lost',
  'Hit rate after',
  'Promoted after, ms',
];
const STEADY_HEAD = [
  'Drill',
  'Service',
  'Verdict',
  'Requests/s over HTTP',
  'Failed',
  'p50 / p99, ms',
  'Commands to Redis/s',
  'Operations/s without HTTP',
];

function readReports(folder: string): Report[] {
  return (
    readdirSync(folder)
      .map((name) => join(folder, name, 'report.json'))
      .filter((file) => existsSync(file))
      .map((file) => JSON.parse(readFileSync(file, 'utf8')) as Report)
      // Drills that compare two runs of their own have reports of their own.
      .filter(({ kind }) => ORDER.includes(kind))
      .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
  );
}

function headOf({ kind, passed }: Report, { name }: Result): string[] {
  if (name === 'bare') return ['', 'bare', ''];
  return [`[\`${kind}\`](${kind}/report.html)`, 'ours', passed ? 'passed' : '**not passed**'];
}

function faultRow(report: Report, result: Result): string[] {
  const { run, verified, hitRate, steps } = result;
  const p99s = ['before', 'during', 'after'].map((name) => phaseOf(result, name)?.p99);
  return [
    ...headOf(report, result),
    formatFigure(run.whole.requests),
    formatFigure(run.whole.failed),
    p99s.map(formatFigure).join(' / '),
    formatShare(phaseOf(result, 'during')?.worstDrop),
    formatFigure(verified.lastingLost + verified.freshLost),
    formatShare(hitRate.after),
    formatFigure(steps.find(({ label }) => label === 'promoted')?.afterFaultMs),
  ];
}

function steadyRow(report: Report, result: Result): string[] {
  const { rate, run, operationsPerSecond, direct } = result;
  return [
    ...headOf(report, result),
    formatFigure(rate),
    formatFigure(run.whole.failed),
    [run.whole.p50, run.whole.p99].map(formatFigure).join(' / '),
    formatFigure(operationsPerSecond),
    formatFigure(direct?.perSecond),
  ];
}

function rowsOf(
  reports: readonly Report[],
  rowOf: (report: Report, result: Result) => string[],
): string[][] {
  return reports.flatMap((report) =>
    [report.ours, report.bare]
      .filter((result) => result !== null)
      .map((result) => rowOf(report, result)),
  );
}

const reports = readReports(process.argv[2] ?? 'docs/reports');
const steady = reports.filter(({ kind }) => kind === 'steady');
const faults = reports.filter(({ kind }) => kind !== 'steady');
const tables = [
  markdownTable(FAULT_HEAD, rowsOf(faults, faultRow)),
  markdownTable(STEADY_HEAD, rowsOf(steady, steadyRow)),
];
console.log(tables.filter((text) => text !== '').join('\n\n'));
