import type { SampleRow, Result, SecondFigures } from '../results.js';
import { chart, type Chart, type ChartMark, type Series } from '../../../src/cli/report/chart.js';
import { escape } from '../../../src/cli/report/escape.js';

const MAX_MS = 5000;
/** So that the highest point does not touch the frame. */
const HEADROOM = 1.1;

/** The curves of the services beside each other, on the same scales. */
export function curves(both: readonly Result[]): string {
  const largest = (pick: (row: SecondFigures) => number): number =>
    Math.max(1, ...both.flatMap(({ run }) => run.seconds.map(pick)));
  const mostRequests = largest(({ offered, answered }) => Math.max(offered, answered)) * HEADROOM;
  const mostErrors = largest(({ failed }) => failed) * HEADROOM;
  const charts = [
    latencyChart,
    (result: Result) => rateChart(result, mostRequests),
    (result: Result) => errorChart(result, mostErrors),
    hitRateChart,
  ];
  const titles = both.map(({ title }) => `<h3>${escape(title)}</h3>`).join('');
  const rows = charts.map((make) => `<div class="pair">${both.map(make).join('')}</div>`);
  return `<div class="pair">${titles}</div>${rows.join('<br>')}`;
}

function marksOf({ fault, steps }: Result): ChartMark[] {
  const marks = fault.marks.map((mark) => ({ ...mark, isFault: true }));
  return [...marks, ...steps].sort((a, b) => a.second - b.second);
}

function base(result: Result): Pick<Chart, 'seconds' | 'marks'> {
  return { seconds: result.run.seconds.length, marks: marksOf(result) };
}

function line<R>(
  name: string,
  className: string,
  rows: readonly R[],
  pick: (row: R) => number | null,
): Series {
  return { name, className, values: rows.map(pick) };
}

function latencyChart(result: Result): string {
  const rows = result.run.seconds;
  return chart({
    ...base(result),
    title: 'Latency',
    unit: 'ms',
    max: MAX_MS,
    log: true,
    series: [
      line('p50', 'a', rows, ({ p50 }) => p50),
      line('p95', 'b', rows, ({ p95 }) => p95),
      line('p99', 'c', rows, ({ p99 }) => p99),
    ],
  });
}

function rateChart(result: Result, max: number): string {
  const rows = result.run.seconds;
  return chart({
    ...base(result),
    title: 'Throughput',
    unit: 'requests/s',
    max,
    series: [
      line('offered', 'd', rows, ({ offered }) => offered),
      line('answered well', 'a', rows, ({ answered }) => answered),
    ],
  });
}

function errorChart(result: Result, max: number): string {
  return chart({
    ...base(result),
    title: 'Failed requests',
    unit: 'requests/s',
    max,
    series: [line('failed', 'c', result.run.seconds, ({ failed }) => failed)],
  });
}

function hitRateChart(result: Result): string {
  const percent = (pick: 'busy' | 'hitRate') => (row: SampleRow | null) => {
    const share = row?.[pick] ?? null;
    return share === null ? null : 100 * share;
  };
  return chart({
    ...base(result),
    title: 'Hit rate, and how busy the machine was',
    unit: '%',
    max: 100,
    series: [
      line('machine busy', 'd', result.samples, percent('busy')),
      line('hit rate', 'a', result.samples, percent('hitRate')),
    ],
  });
}
