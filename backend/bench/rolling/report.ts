import { formatFigure, formatMs } from '../../src/cli/measure/figures.js';
import { worst } from '../../src/cli/measure/statistics.js';
import type { Machine } from '../drill/machine.js';
import { chart, type ChartMark, type PlainBound } from '../../src/cli/report/index.js';
import { machineFacts } from '../drill/report/facts.js';
import type { PlainReport } from '../drill/report/plain-page.js';
import type { SecondFigures } from '../drill/results.js';
import { HaProxy } from './haproxy.js';
import type { PlainOrder } from '../drill/plain-drill.js';
import { SHUTDOWN_DELAY_MS, type RollingRun } from './run.js';

const MAX_P50_MS = 100;
const MAX_P99_MS = 500;
const MAX_PROMOTED_MS = 5000;
const MAX_LATE_MS = 100;
const MAX_STOP_MS = 15_000;

/** The two runs. */
interface Both {
  readonly calm: RollingRun;
  readonly failover: RollingRun;
}

/** Everything that is shown of the drill. */
export function rollingReport(order: PlainOrder, both: Both, machine: Machine): PlainReport {
  const { rate, seconds, database } = order;
  return {
    title: 'rolling',
    what: `two instances of the sample behind HAProxy, ${formatFigure(rate)} requests/s for ${seconds} s, replaced one after the other`,
    date: new Date().toISOString(),
    bounds: boundsOf(both),
    runs: ['nothing else happens', 'the primary is killed meanwhile'],
    charts: chartsOf(both),
    facts: [
      ...machineFacts(machine),
      ['Cluster', 'one primary, two replicas, three Sentinels, new for each run'],
      [
        'Proxy',
        `HAProxy ${HaProxy.version()} with deploy/proxy/haproxy.cfg, but for the ports it listens on`,
      ],
      [
        'Instances',
        `dist/app, SHUTDOWN_DELAY_MS=${SHUTDOWN_DELAY_MS}, as in the Compose file, and one folder for their journals (REDIS_JOURNAL_DIR); ${database === null ? 'an embedded database each' : 'one Postgres'}`,
      ],
      [
        'Deployment',
        'SIGTERM to the first, its end is awaited, a new one is started in its place; when the proxy sends it requests, the same with the second. The primary is killed in the moment in which the second gets SIGTERM',
      ],
      [
        'Load',
        'open loop, through the proxy; a request has failed when it has no good answer in 10 s',
      ],
    ],
  };
}

function boundsOf({ calm, failover }: Both): PlainBound[] {
  const runs = [calm, failover];
  const each = (pick: (run: RollingRun) => string): string => runs.map(pick).join(' and ');
  const all = (holds: (run: RollingRun) => boolean): boolean => runs.every(holds);
  return [
    {
      what: 'Failed requests: 0',
      why: 'Nobody is to notice a deployment, whatever happens to Redis meanwhile.',
      seen: each(
        ({ run }) =>
          `${formatFigure(run.whole.failed)} of ${formatFigure(run.whole.requests)}${errorsOf(run.whole.errors)}`,
      ),
      holds: all(({ run }) => run.whole.failed === 0 && run.whole.requests > 0),
    },
    {
      what: 'Sessions lost: 0; sessions valid again after their logout: 0',
      why: 'They belong to no instance.',
      seen: each(
        ({ verified: { lasting, fresh, lastingLost, freshLost, endedAlive } }) =>
          `${lastingLost + freshLost} of ${lasting + fresh}, ${endedAlive}`,
      ),
      holds: all(
        ({ verified: { lastingLost, freshLost, endedAlive } }) =>
          lastingLost + freshLost + endedAlive === 0,
      ),
    },
    {
      what: `p50 < ${MAX_P50_MS} ms and p99 < ${MAX_P99_MS} ms, over all of the run`,
      why: 'A cold instance gets half of the load as soon as it is ready.',
      seen: each(({ run: { whole } }) => `${formatMs(whole.p50)} and ${formatMs(whole.p99)} ms`),
      holds: all(({ run: { whole } }) => whole.p50 < MAX_P50_MS && whole.p99 < MAX_P99_MS),
    },
    {
      what: `Both instances end with 0 within ${MAX_STOP_MS / 1000} s, and both new ones serve`,
      why: 'Otherwise nothing was replaced in order.',
      seen: each(
        ({ replacements, bothServe }) =>
          `${replacements.map(({ code, stoppedMs, readyMs }) => `code ${code}, ended after ${formatMs(stoppedMs)} ms, the new one ready ${formatMs(readyMs)} ms later`).join('; ')}${bothServe ? '' : '; not both serve'}`,
      ),
      holds: all(
        ({ replacements, bothServe }) =>
          bothServe &&
          replacements.length === 2 &&
          replacements.every(({ code, stoppedMs }) => code === 0 && stoppedMs < MAX_STOP_MS),
      ),
    },
    {
      what: `A replica is promoted in < ${MAX_PROMOTED_MS / 1000} s`,
      why: 'Otherwise the second run shows something else than a failover.',
      seen: `${formatMs(failover.promotedAfterMs)} ms, first write after ${formatMs(failover.writableAfterMs)} ms`,
      holds: failover.promotedAfterMs !== null && failover.promotedAfterMs < MAX_PROMOTED_MS,
    },
    {
      what: `The generator was late by less than ${MAX_LATE_MS} ms (p99)`,
      why: 'A load that was not offered shows nothing.',
      seen: each(({ run: { lateness } }) => `${formatMs(lateness.p99)} ms`),
      holds: all(({ run: { lateness } }) => lateness.p99 < MAX_LATE_MS),
    },
  ];
}

function errorsOf(errors: Readonly<Record<string, number>>): string {
  const told = Object.entries(errors).map(([what, count]) => `${what} ${count}`);
  return told.length === 0 ? '' : ` (${told.join(', ')})`;
}

function chartsOf({ calm, failover }: Both): PlainReport['charts'] {
  const rowsOf = ({ run }: RollingRun): readonly SecondFigures[] => run.seconds;
  const most = (pick: (row: SecondFigures) => number): number =>
    1.1 * Math.max(1, worst([...rowsOf(calm), ...rowsOf(failover)].map(pick)) || 0);
  const pair = (make: (run: RollingRun) => string): readonly [string, string] => [
    make(calm),
    make(failover),
  ];
  const answers = most(({ offered, answered }) => Math.max(offered, answered));
  const latency = most(({ max }) => max);
  return [
    pair((run) =>
      chart({
        ...base(run),
        ...{ title: 'Requests', unit: 'per second', max: answers },
        series: [
          { name: 'offered', className: 'd', values: rowsOf(run).map(({ offered }) => offered) },
          { name: 'answered', className: 'a', values: rowsOf(run).map(({ answered }) => answered) },
          { name: 'failed', className: 'c', values: rowsOf(run).map(({ failed }) => failed) },
        ],
      }),
    ),
    pair((run) =>
      chart({
        ...base(run),
        ...{ title: 'Latency', unit: 'ms', max: latency, log: true },
        series: [
          { name: 'p50', className: 'b', values: rowsOf(run).map(({ p50 }) => p50) },
          { name: 'p99', className: 'a', values: rowsOf(run).map(({ p99 }) => p99) },
          { name: 'longest', className: 'c', values: rowsOf(run).map(({ max }) => max) },
        ],
      }),
    ),
  ];
}

function base({ run, marks }: RollingRun): {
  readonly seconds: number;
  readonly marks: readonly ChartMark[];
} {
  return {
    seconds: run.seconds.length,
    marks: marks.map(({ label, second }) => ({ label, second, isFault: true })),
  };
}

/** The same for the terminal: head and rows of a table. */
export function rollingRows({ calm, failover }: Both): [string[], string[][]] {
  const head = ['second', 'failed', 'p99, ms', 'longest, ms', 'failed, failover', 'p99', 'longest'];
  const rows = calm.run.seconds.map((row, second) => {
    const other = failover.run.seconds[second];
    return [
      String(second),
      ...[row, other].flatMap((one) => [
        formatFigure(one?.failed),
        formatMs(one?.p99),
        formatMs(one?.max),
      ]),
    ];
  });
  return [head, rows];
}
