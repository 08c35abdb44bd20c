import { formatFigure, formatMs, formatShare } from '../../src/cli/measure/figures.js';
import { mean } from '../../src/cli/measure/statistics.js';
import type { Machine } from '../drill/machine.js';
import { chart, type ChartMark } from '../../src/cli/report/chart.js';
import { machineFacts } from '../drill/report/facts.js';
import type { PlainBound } from '../../src/cli/report/index.js';
import type { PlainReport } from '../drill/report/plain-page.js';
import type { PlainOrder } from '../drill/plain-drill.js';
import type { HotRun, HotSecond } from './run.js';

const MAX_SHARE = 0.1;
const MAX_STALE_MS = 1_000;
const MAX_NAMED_S = 10;
const STEP = 5;

/** The two runs. */
interface Both {
  readonly watched: HotRun;
  readonly spared: HotRun;
}

/** Everything that is shown of the drill. */
export function hotReport(order: PlainOrder, both: Both, machine: Machine): PlainReport {
  const { rate, seconds } = order;
  return {
    title: 'hot-key',
    what: `two instances of the sample, ${formatFigure(rate)} requests/s for ${String(seconds)} s; in the middle half of them for one product`,
    date: new Date().toISOString(),
    bounds: boundsOf(order, both),
    runs: ['hot keys watched', 'reads of hot keys spared'],
    charts: chartsOf(both),
    facts: [
      ...machineFacts(machine),
      ['Cluster', 'one primary, two replicas, three Sentinels, new for each run'],
      [
        'Load',
        `open loop; products by Zipf's law (1.0) of 1,000; from second ${String(both.spared.rushFromS)} to ${String(both.spared.rushToS)} every second request is for one product that few ask for otherwise`,
      ],
      [
        'Reads at the servers',
        'MONITOR of all three data nodes: commands and scripts with the key that do not only write',
      ],
      ['Order', 'one run after the other, each with a cluster of its own'],
    ],
  };
}

function boundsOf({ database }: PlainOrder, { watched, spared }: Both): PlainBound[] {
  const bounds: PlainBound[] = [
    {
      what: `From two seconds after the rush begins, at most ${formatShare(MAX_SHARE)} of the reads of the hottest key reach a server`,
      why: 'The node that has the key must not be the limit of all others.',
      seen: `${formatShare(spared.share.later)} (${formatShare(spared.share.atFirst)} in the first two seconds; only watched: ${formatShare(watched.share.later)})`,
      holds: spared.share.later <= MAX_SHARE,
    },
    {
      what: 'Without it, the same run asks the servers as ever',
      why: 'Otherwise the run shows nothing.',
      seen: formatShare(watched.share.later),
      holds: watched.share.later > 1 - MAX_SHARE,
    },
    {
      what: `Both instances name the key first of all within ${String(MAX_NAMED_S)} s`,
      why: 'Whoever looks at health on the worst day must see which key it is.',
      ...within(
        [watched, spared].map(({ namedAfterS }) => namedAfterS),
        MAX_NAMED_S,
      ),
    },
    {
      what: 'The key falls when the rush is over',
      why: 'What is done against it is taken back by itself.',
      ...within(
        [watched, spared].map(({ fellAfterS }) => fellAfterS),
        Infinity,
      ),
    },
    {
      what: 'Failed requests',
      why: 'A copy in memory, Redis or the database: one of them is always there.',
      seen: [watched, spared].map(({ failed }) => formatFigure(failed)).join(' and '),
      holds: watched.failed + spared.failed === 0,
    },
  ];
  if (database === null) return bounds;
  return [
    ...bounds,
    {
      what: `A change in the middle of the rush is shown by both instances within ${formatFigure(MAX_STALE_MS)} ms`,
      why: 'A copy is told of changes; if it is not, it answers for a second at most.',
      seen: `${formatMs(spared.staleMs)} ms (only watched: ${formatMs(watched.staleMs)} ms)`,
      holds: spared.staleMs <= MAX_STALE_MS,
    },
  ];
}

function within(
  seconds: readonly (number | null)[],
  limit: number,
): Pick<PlainBound, 'seen' | 'holds'> {
  return {
    seen: seconds.map((one) => (one === null ? 'never' : `after ${String(one)} s`)).join(' and '),
    holds: seconds.every((one) => one !== null && one <= limit),
  };
}

function chartsOf({ watched, spared }: Both): PlainReport['charts'] {
  const both = [watched, spared];
  const most = (pick: (row: HotSecond) => number): number =>
    1.1 * Math.max(1, ...both.flatMap(({ seconds }) => seconds.map(pick)));
  const pair = (make: (run: HotRun) => string): readonly [string, string] => [
    make(watched),
    make(spared),
  ];
  const reads = most(({ asked, reached }) => Math.max(asked, reached));
  const latency = most(({ p99 }) => p99);
  return [
    pair((run) =>
      chart({
        ...base(run),
        ...{ title: 'Reads of the product', unit: 'per second', max: reads },
        series: [
          { name: 'asked', className: 'd', values: run.seconds.map(({ asked }) => asked) },
          {
            name: 'reached a server',
            className: 'c',
            values: run.seconds.map((row) => row.reached),
          },
        ],
      }),
    ),
    pair((run) =>
      chart({
        ...base(run),
        ...{ title: 'Latency of all requests', unit: 'ms', max: latency },
        series: [{ name: 'p99', className: 'a', values: run.seconds.map(({ p99 }) => p99) }],
      }),
    ),
    pair((run) =>
      chart({
        ...base(run),
        ...{ title: 'Instances that say so in their health', unit: '', max: 2.2 },
        series: [
          { name: 'hot', className: 'b', values: run.seconds.map(({ hot }) => hot) },
          { name: 'spared', className: 'a', values: run.seconds.map((row) => row.spared) },
        ],
      }),
    ),
  ];
}

function base({ seconds, rushFromS, rushToS }: HotRun): {
  readonly seconds: number;
  readonly marks: readonly ChartMark[];
} {
  const marks = [
    { label: 'rush', second: rushFromS, isFault: true },
    { label: 'over', second: rushToS, isFault: true },
  ];
  return { seconds: seconds.length, marks };
}

/** The same for the terminal: head and rows of a table. */
export function hotRows(watched: HotRun, spared: HotRun): [string[], string[][]] {
  const head = ['seconds', 'asked', 'reached, watched', 'reached, spared', 'p99', 'p99, spared'];
  const rows: string[][] = [];
  for (let from = 0; from < spared.seconds.length; from += STEP) {
    const [one, other] = [watched, spared].map(({ seconds }) => seconds.slice(from, from + STEP));
    if (one === undefined || other === undefined) continue;
    const of = (some: readonly HotSecond[], pick: (row: HotSecond) => number): string =>
      formatMs(mean(some.map(pick)));
    rows.push([
      `${String(from)} to ${String(from + STEP)}`,
      of(other, ({ asked }) => asked),
      of(one, ({ reached }) => reached),
      of(other, ({ reached }) => reached),
      of(one, ({ p99 }) => p99),
      of(other, ({ p99 }) => p99),
    ]);
  }
  return [head, rows];
}
