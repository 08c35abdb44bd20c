import { formatFigure, summaryOf, type Summary } from '../measure/index.js';
import {
  boundTable,
  chart,
  drillPage,
  factTable,
  type ChartMark,
  type PlainBound,
  stepTable,
  tile,
  warning,
} from '../report/index.js';
import type { DrillCall } from './drill-load.js';
import type { DrillOrder } from './drill-order.js';
import { callsText, stepsAfter, type DrillCurves, type DrillResult } from './drill-result.js';
import { WHAT } from './fault-step.js';

const MAX_MS = 8_000;
const HEADROOM = 1.1;
/** Between two writes at the lowest rate. */
const MAX_INTERVAL_MS = 100;

/** The report of a drill as one page that needs nothing else. */
export function pageOf(result: DrillResult, curves: DrillCurves, order: DrillOrder): string {
  const { kind, passed, startedAt, place, problems, gapMs, errors, lost } = result;
  const head = { title: kind, passed, date: startedAt, what: `${WHAT[kind]} · ${place}` };
  const seconds = perSecond(curves);
  return drillPage(head, [
    ...problems.map(warning),
    '<div class="tiles">',
    tile('writes waited at most', `${formatFigure(gapMs)} ms`),
    tile('calls that failed', formatFigure(errors)),
    tile('acknowledged and lost', formatFigure(lost)),
    tile('the primary', result.to ?? 'stayed', result.from === null ? '' : `was ${result.from}`),
    '</div>',
    '<h2>Verdict</h2>',
    boundTable(boundsOf(result)),
    '<h2>Curves</h2>',
    '<p class="soft">Each second of the run; a call counts in the second in which it was due, an acknowledgement in the second in which it came.</p>',
    `<div class="pair">${latencyChart(seconds, marksOf(result, curves))}${rateChart(seconds, marksOf(result, curves))}</div>`,
    '<h2>Steps</h2>',
    stepTable(stepsAfter(result)),
    '<h2>How it was measured</h2>',
    factTable([
      [
        'Load',
        `${formatFigure(order.rate)} writes and as many reads per second through the library, on a schedule that waits for no answer; latency is counted from the moment a call was due`,
      ],
      [
        'Exactness',
        `this program itself could not run for ${formatFigure(result.stalledMs)} ms at most`,
      ],
      ['Writes', callsText(result.writes)],
      ['Reads', callsText(result.reads)],
      ['Lost', 'every write that was acknowledged was looked for on the primary in the end'],
    ]),
  ]);
}

function boundsOf({ slo, gapMs, errors, lost }: DrillResult): PlainBound[] {
  return [
    {
      what: `writes wait at most ${formatFigure(slo.gapMs)} ms`,
      why: 'the longest time between two acknowledged writes (--slo-gap)',
      ...{ seen: `${formatFigure(gapMs)} ms`, holds: gapMs <= slo.gapMs },
    },
    {
      what: `at most ${formatFigure(slo.errors)} calls fail`,
      why: 'writes and reads that ended with an error, or with nothing (--slo-errors)',
      ...{ seen: formatFigure(errors), holds: errors <= slo.errors },
    },
    {
      what: `at most ${formatFigure(slo.lost)} acknowledged writes are lost`,
      why: 'they were acknowledged, and were not there in the end (--slo-lost)',
      ...{ seen: formatFigure(lost), holds: lost <= slo.lost },
    },
  ];
}

interface Second extends Summary {
  readonly due: number;
  readonly acknowledged: number;
}

function perSecond({ calls, startedAt }: DrillCurves): Second[] {
  const writes = calls.filter(({ kind }) => kind === 'write');
  const secondOf = (at: number): number => Math.floor((at - startedAt) / 1_000);
  // The last second mostly is none: a curve that falls there would tell of a fault that was not.
  const end = Math.max(0, ...writes.map(({ dueAt }) => dueAt)) + MAX_INTERVAL_MS;
  const due: DrillCall[][] = Array.from({ length: Math.max(1, secondOf(end)) }, () => []);
  const acknowledged = new Map<number, number>();
  for (const call of writes) {
    due[secondOf(call.dueAt)]?.push(call);
    if (call.failure !== null) continue;
    const second = secondOf(call.settledAt);
    acknowledged.set(second, (acknowledged.get(second) ?? 0) + 1);
  }
  return due.map((ofSecond, second) => ({
    due: ofSecond.length,
    acknowledged: acknowledged.get(second) ?? 0,
    ...summaryOf(ofSecond.map(({ settledAt, dueAt }) => settledAt - dueAt)),
  }));
}

function marksOf({ timeline }: DrillResult, { startedAt, faultAt }: DrillCurves): ChartMark[] {
  const fault = (faultAt - startedAt) / 1_000;
  return timeline.map(({ step, afterMs }, at) => ({
    ...{ label: step, second: fault + afterMs / 1_000 },
    isFault: at === 0 || step === 'put back',
  }));
}

function latencyChart(rows: readonly Second[], marks: readonly ChartMark[]): string {
  return chart({
    ...{ title: 'Latency of writes', unit: 'ms', max: MAX_MS, log: true, marks },
    seconds: rows.length,
    series: [
      { name: 'p50', className: 'a', values: rows.map(({ p50 }) => p50) },
      { name: 'p99', className: 'c', values: rows.map(({ p99 }) => p99) },
    ],
  });
}

function rateChart(rows: readonly Second[], marks: readonly ChartMark[]): string {
  const most = Math.max(1, ...rows.flatMap(({ due, acknowledged }) => [due, acknowledged]));
  return chart({
    ...{ title: 'Writes', unit: 'per second', max: most * HEADROOM, marks },
    seconds: rows.length,
    series: [
      { name: 'due', className: 'd', values: rows.map(({ due }) => due) },
      { name: 'acknowledged', className: 'a', values: rows.map((row) => row.acknowledged) },
    ],
  });
}
