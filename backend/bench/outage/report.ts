import { countBy } from '../common/groups.js';
import { formatMs, formatNumber } from '../../src/cli/measure/figures.js';
import { formatTable } from '../common/table.js';
import { failures, total, type Findings } from './findings.js';
import { PHASES, type Cell, type Phase } from './measure.js';
import type { Note } from './outage-client.js';
import { OUTAGES, type OutageName } from './scenarios.js';

const MIB = 1024 * 1024;
const SUMMARY = [
  'contestant',
  'calls away',
  'p99',
  'max',
  'failed',
  'missing',
  'wrong',
  'hung',
  'never',
  'acked',
  'kept',
  'unhandled',
  'crashes',
  'heap',
  'rss',
];
const DETAILS = [
  'contestant, phase, operation',
  'calls',
  'p50',
  'p99',
  'max',
  'failed',
  'missing',
  'wrong',
  'hung',
  'never',
];
const AWAY: readonly Phase[] = ['away', 'until open', 'open'];

/** Everything about one scenario, as text. */
export function outageReport(scenario: OutageName, all: readonly Findings[]): string {
  return [
    `\n${OUTAGES[scenario].title}\n`,
    'While it is away, and what is left of it in the end',
    formatTable(SUMMARY, all.map(summaryRow)),
    '\nIn detail',
    formatTable(DETAILS, all.flatMap(detailRows)),
    '\nWhat else was seen',
    ...all.flatMap(remarks),
  ].join('\n');
}

function summaryRow({ run, cells }: Findings): string[] {
  const away = cells.filter(({ phase }) => AWAY.includes(phase));
  const { record } = run;
  const worst = (pick: (cell: Cell) => number): string => formatMs(Math.max(...away.map(pick)));
  return [
    run.contestant,
    String(total(away, ({ count }) => count)),
    worst(({ p99 }) => p99),
    worst(({ max }) => max),
    String(total(away, failures)),
    String(total(away, ({ missing }) => missing)),
    String(total(away, ({ wrong }) => wrong)),
    String(total(cells, ({ hung }) => hung)),
    String(total(cells, ({ never }) => never)),
    String(run.acknowledged),
    formatNumber(run.kept),
    String(record.unhandled.length),
    String(record.crashes.length),
    mib(record.atMost.heap),
    mib(record.atMost.rss),
  ];
}

function detailRows({ run, cells }: Findings): string[][] {
  return cells.map((cell) => [
    `${run.contestant}, ${cell.phase}, ${cell.operation}`,
    String(cell.count),
    formatMs(cell.p50),
    formatMs(cell.p99),
    formatMs(cell.max),
    String(failures(cell)),
    String(cell.missing),
    String(cell.wrong),
    String(cell.hung),
    String(cell.never),
  ]);
}

function remarks(findings: Findings): string[] {
  const { run, cells } = findings;
  const { record } = run;
  const { store } = record.atMost;
  const complaints = [...counted(record.unhandled), ...counted(record.crashes)];
  return [
    `${run.contestant}:`,
    `  lag of the load, p50/p99/max ms: ${PHASES.flatMap((phase) => {
      const lag = findings.loadLags.find((entry) => entry.phase === phase);
      if (lag === undefined) return [];
      return [`${phase} ${[lag.p50, lag.p99, lag.max].map(formatMs).join('/')}`];
    }).join(', ')}; of an idle process at most ${formatMs(findings.idleLagMs)}`,
    `  heap ${mib(record.atStart.heap)} MiB at the start, ${mib(record.atMost.heap)} at most; resident ${mib(record.atStart.rss)} and ${mib(record.atMost.rss)}${
      store === null
        ? ''
        : `; in its store ${String(store.bytes)} of at most ${String(store.bound)} bytes`
    }`,
    ...failureLines(cells),
    ...(record.reported > 0 ? [`  ${String(record.reported)} errors reported as events`] : []),
    ...complaints.map((text) => `  not caught: ${text}`),
    ...(run.isClosed ? [] : ['  could not be closed within a second']),
    ...noteLines(record.notes, run.moments.faultAt),
  ];
}

function failureLines(cells: readonly Cell[]): string[] {
  const byCode = new Map<string, number>();
  for (const { failed } of cells) {
    for (const [code, count] of Object.entries(failed)) {
      byCode.set(code, (byCode.get(code) ?? 0) + count);
    }
  }
  return [...byCode].map(([code, count]) => `  failed: ${String(count)} ${code}`);
}

function counted(texts: readonly string[]): string[] {
  return Object.entries(countBy(texts))
    .slice(0, 5)
    .map(([text, count]) => `${String(count)} × ${text}`);
}

/** What was noted, each text once, with its first time. */
function noteLines(notes: readonly Note[], faultAt: number): string[] {
  const first = new Map<string, { at: number; count: number }>();
  for (const { at, text } of notes) {
    const known = first.get(text);
    if (known === undefined) first.set(text, { at, count: 1 });
    else known.count += 1;
  }
  return [...first].map(
    ([text, { at, count }]) =>
      `  ${since(at, faultAt)}  ${text}${count > 1 ? ` (${String(count)} times)` : ''}`,
  );
}

function since(at: number, faultAt: number): string {
  const seconds = (at - faultAt) / 1000;
  return `${seconds < 0 ? '' : '+'}${seconds.toFixed(3)} s`;
}

function mib(bytes: number): string {
  return formatNumber(bytes / MIB);
}
