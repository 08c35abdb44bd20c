// Prints a Markdown table of the reports below a folder: node scripts/drill/summarise.mjs docs/reports
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KINDS } from './arguments.mjs';
import { number, share } from './report/text.mjs';

const ORDER = Object.keys(KINDS);

function readReports(folder) {
  return readdirSync(folder)
    .map((name) => join(folder, name, 'report.json'))
    .filter((file) => existsSync(file))
    .map((file) => JSON.parse(readFileSync(file, 'utf8')))
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}

const phase = (result, name) => result.run.phases.find((each) => each.name === name);
const step = (result, label) => result.steps.find((each) => each.label === label)?.afterFaultMs;

function faultRow({ kind, passed }, result) {
  const during = phase(result, 'during');
  const { lastingLost, freshLost } = result.verified;
  const isOurs = result.name === 'ours';
  return [
    isOurs ? `[\`${kind}\`](${kind}/report.html)` : '',
    isOurs ? 'ours' : 'bare',
    isOurs ? (passed ? 'passed' : '**not passed**') : '',
    number(result.run.whole.requests),
    number(result.run.whole.failed),
    ['before', 'during', 'after'].map((name) => number(phase(result, name).p99)).join(' / '),
    share(during.worstDrop),
    number(lastingLost + freshLost),
    share(result.hitRate.after),
    number(step(result, 'promoted') ?? null),
  ];
}

function steadyRow({ kind, passed }, result) {
  const isOurs = result.name === 'ours';
  return [
    isOurs ? `[\`${kind}\`](${kind}/report.html)` : '',
    isOurs ? 'ours' : 'bare',
    isOurs ? (passed ? 'passed' : '**not passed**') : '',
    number(result.rate),
    number(result.run.whole.failed),
    [result.run.whole.p50, result.run.whole.p99].map(number).join(' / '),
    number(result.operationsPerSecond),
    number(result.direct?.perSecond ?? null),
  ];
}

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

const row = (cells) => `| ${cells.join(' | ')} |`;
const table = (head, rows) =>
  rows.length === 0 ? '' : [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

const reports = readReports(process.argv[2] ?? 'docs/reports');
const rowsOf = (wanted, makeRow) =>
  reports
    .filter(({ kind }) => (kind === 'steady') === wanted)
    .flatMap((report) =>
      [report.ours, report.bare].filter(Boolean).map((result) => makeRow(report, result)),
    );

console.log(
  [table(FAULT_HEAD, rowsOf(false, faultRow)), table(STEADY_HEAD, rowsOf(true, steadyRow))]
    .filter((text) => text !== '')
    .join('\n\n'),
);
