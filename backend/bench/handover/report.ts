import { finding, timing, type Finding } from '../common/finding.js';
import { median } from '../../src/cli/measure/statistics.js';
import { formatTable } from '../common/table.js';
import type { PlannedStop } from './planned-stop.js';
import type { Series } from './repeat.js';
import { WRITER_KINDS, type WriterKind } from './writer.js';

const MAX_WAIT_MS = 1500;

/** One line for each case and setting. */
export function handoverTable(all: readonly Series[]): string {
  return formatTable(
    [
      'case',
      'min replicas',
      'stops',
      'handed over',
      ...WRITER_KINDS.flatMap(headOf),
      'ended after',
    ],
    all.map((series) => [
      series.name,
      String(series.minReplicasToWrite),
      String(series.stops.length),
      String(series.stops.filter(({ hasHandedOver }) => hasHandedOver).length),
      ...WRITER_KINDS.flatMap((kind) => cellsOf(series.stops, kind)),
      middleAndWorst(series.stops.map(({ tookMs }) => tookMs)),
    ]),
  );
}

/** What is promised, and whether it was so. */
export function findingsOf(all: readonly Series[]): readonly Finding[] {
  return all.flatMap((series) => {
    const what = `${series.name}, min-replicas-to-write ${String(series.minReplicasToWrite)}`;
    const isNothingLost = series.stops.every(
      ({ clients: { ours, plain } }) =>
        ours.lost === 0 && (series.isSafeForAll ? plain.lost : plain.lostWhilePaused) === 0,
    );
    const whose = series.isSafeForAll ? '' : ', by other clients from the pause on';
    return [
      finding(isNothingLost, `${what}: no acknowledged write is lost${whose}`),
      timing(
        series.stops.every(({ clients }) =>
          WRITER_KINDS.every((kind) => clients[kind].waitedMs < MAX_WAIT_MS),
        ),
        `${what}: writes wait less than ${String(MAX_WAIT_MS)} ms`,
      ),
    ];
  });
}

const headOf = (kind: WriterKind): string[] => [`${kind}: acknowledged`, 'lost', 'waited (ms)'];

function cellsOf(stops: readonly PlannedStop[], kind: WriterKind): string[] {
  const seen = stops.map(({ clients }) => clients[kind]);
  return [
    String(seen.reduce((sum, { acknowledged }) => sum + acknowledged, 0)),
    String(lostBy(stops, kind)),
    middleAndWorst(seen.map(({ waitedMs }) => waitedMs)),
  ];
}

function lostBy(stops: readonly PlannedStop[], kind: WriterKind): number {
  return stops.reduce((sum, { clients }) => sum + clients[kind].lost, 0);
}

function middleAndWorst(values: readonly number[]): string {
  return `${median(values).toFixed(0)}/${Math.max(...values).toFixed(0)}`;
}
