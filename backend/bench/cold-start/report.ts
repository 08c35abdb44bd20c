import { formatFigure } from '../../src/cli/measure/figures.js';
import { mean } from '../../src/cli/measure/statistics.js';
import type { Machine } from '../drill/machine.js';
import { chart, type ChartMark } from '../../src/cli/report/chart.js';
import { machineFacts } from '../drill/report/facts.js';
import type { PlainBound } from '../../src/cli/report/index.js';
import type { PlainReport } from '../drill/report/plain-page.js';
import type { ColdOrder, ColdRun, ColdSecond } from './run.js';

const STEP = 5;
/** A hit rate counts from when it stays so for five seconds. */
const STAYS_S = 5;
const BOOT_PLAY_MS = 100;

/** The two runs. */
interface Both {
  readonly cold: ColdRun;
  readonly warm: ColdRun;
}

/** Everything that is shown of the drill. */
export function coldReport(order: ColdOrder, both: Both, machine: Machine): PlainReport {
  const { seconds, products, reads, perSecond } = order;
  return {
    title: 'cold-start',
    what: `two processes, an empty Redis, ${formatFigure(reads)} reads/s of ${formatFigure(products)} products for ${String(seconds)} s`,
    date: new Date().toISOString(),
    bounds: boundsOf(order, both),
    runs: ['without warming', 'with warming'],
    charts: chartsOf(both),
    facts: [
      ...machineFacts(machine),
      ['Load', "open loop; products by Zipf's law (1.0); the source takes 5 ms for a product"],
      [
        'Warming',
        `at most ${formatFigure(perSecond)} loads a second; the process that leads is killed after 15 % of the products, and another one started`,
      ],
      ['Clock', 'as it is: nothing is compressed'],
    ],
  };
}

function boundsOf({ perSecond }: ColdOrder, { cold, warm }: Both): PlainBound[] {
  const [plainBoot, warmBoot] = [mean(cold.bootMs), mean(warm.bootMs)];
  return [
    {
      what: '85 % of reads are hits within 2 minutes',
      why: 'The source must not carry the traffic for longer.',
      ...within(both(cold, warm, 0.85), 120),
    },
    {
      what: '90 % within 5 minutes',
      why: 'As much as a cache has that was never away.',
      ...within(both(cold, warm, 0.9), 300),
    },
    {
      what: `The start takes no longer than without (${String(BOOT_PLAY_MS)} ms of play)`,
      why: 'Nobody waits for a cache to be warm.',
      seen: `${plainBoot.toFixed(0)} ms without, ${warmBoot.toFixed(0)} ms with`,
      holds: warmBoot - plainBoot < BOOT_PLAY_MS,
    },
    {
      what: `No second with more than ${String(perSecond)} loads of the warm-up`,
      why: 'The source can spare so many, and no more.',
      seen: `${String(warm.busiestSecond)} at most`,
      holds: warm.busiestSecond <= perSecond,
    },
    {
      what: 'Killed in the middle, another process goes on where it was',
      why: 'Deploys and crashes come when caches are cold.',
      seen:
        `killed after ${String(warm.killedAtS)} s, went on after ${String(warm.resumedAt)} keys, ` +
        `all warm after ${String(warm.warmedAtS)} s`,
      holds: warm.killedAtS !== null && (warm.resumedAt ?? 0) > 0 && warm.warmedAtS !== null,
    },
  ];
}

function both(cold: ColdRun, warm: ColdRun, share: number): (number | null)[] {
  return [warm, cold].map((run) => firstSecond(run, share));
}

function firstSecond({ seconds }: ColdRun, share: number): number | null {
  const isGood = seconds.map(({ hitRate }) => hitRate !== null && hitRate >= share);
  const first = isGood.findIndex((_, i) => {
    const next = isGood.slice(i, i + STAYS_S);
    return next.length === STAYS_S && next.every(Boolean);
  });
  return first === -1 ? null : first + 1;
}

function within(
  [warm = null, cold = null]: readonly (number | null)[],
  limit: number,
): Pick<PlainBound, 'holds' | 'seen'> {
  const told = (second: number | null): string =>
    second === null ? 'not in this run' : `after ${String(second)} s`;
  return {
    seen: `${told(warm)} (without: ${told(cold)})`,
    holds: warm !== null && warm <= limit,
  };
}

function chartsOf({ cold, warm }: Both): PlainReport['charts'] {
  const runs = [cold, warm];
  const pair = (make: (run: ColdRun) => string): readonly [string, string] => [
    make(cold),
    make(warm),
  ];
  const loads = Math.max(
    ...runs.flatMap(({ seconds }) => seconds.map((row) => Math.max(row.liveCalls, row.warmCalls))),
  );
  const percentOf = ({ hitRate }: ColdSecond): number | null =>
    hitRate === null ? null : 100 * hitRate;
  return [
    pair((run) =>
      chart({
        ...base(run),
        ...{ title: 'Hit rate', unit: '%', max: 100 },
        series: [{ name: 'hit rate', className: 'a', values: run.seconds.map(percentOf) }],
      }),
    ),
    pair((run) =>
      chart({
        ...base(run),
        ...{ title: 'Loads from the source', unit: 'per second', max: 1.1 * loads },
        series: [
          {
            name: 'of live traffic',
            className: 'c',
            values: run.seconds.map((row) => row.liveCalls),
          },
          {
            name: 'of the warm-up',
            className: 'a',
            values: run.seconds.map((row) => row.warmCalls),
          },
        ],
      }),
    ),
  ];
}

function base({ seconds, killedAtS }: ColdRun): {
  readonly seconds: number;
  readonly marks: readonly ChartMark[];
} {
  const marks = killedAtS === null ? [] : [{ label: 'killed', second: killedAtS, isFault: true }];
  return { seconds: seconds.length, marks };
}

/** The same for the terminal: head and rows of a table. */
export function coldRows(cold: ColdRun, warm: ColdRun): [string[], string[][]] {
  const head = [
    ...['seconds', 'hits without', 'hits with', 'live loads without'],
    ...['live loads with', 'warmed'],
  ];
  const rows: string[][] = [];
  for (let from = 0; from < cold.seconds.length; from += STEP) {
    const [one, other] = [cold, warm].map(({ seconds }) => seconds.slice(from, from + STEP));
    if (one === undefined || other === undefined) continue;
    rows.push([
      `${String(from)} to ${String(from + STEP)}`,
      percent(one.map(({ hitRate }) => hitRate)),
      percent(other.map(({ hitRate }) => hitRate)),
      perSecondOf(one.map(({ liveCalls }) => liveCalls)),
      perSecondOf(other.map(({ liveCalls }) => liveCalls)),
      String(Math.max(...other.map(({ done }) => done))),
    ]);
  }
  return [head, rows];
}

function percent(rates: readonly (number | null)[]): string {
  const known = rates.filter((rate) => rate !== null);
  return known.length === 0 ? '-' : `${(mean(known) * 100).toFixed(1)} %`;
}

function perSecondOf(calls: readonly number[]): string {
  return `${mean(calls).toFixed(1)}/s`;
}
