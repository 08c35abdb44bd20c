import { groupBy } from '../common/groups.js';
import { formatNumber } from '../../src/cli/measure/figures.js';
import { median, worst } from '../../src/cli/measure/statistics.js';
import { formatTable } from '../common/table.js';
import type { Leg } from './client-process.js';
import type { Track } from './race.js';

const TITLES = {
  memory: 'Hit in memory',
  redis: 'Hit in Redis, memory not asked',
  large: 'Hit of a large value, in memory or in Redis',
  miss: 'Miss, the loader answers at once',
} as const;
const HEADER = [
  'contestant',
  'best/s',
  'median/s',
  'ours ÷ it',
  'p99 ms',
  'cpu %',
  'cpu µs',
  'ours ÷ its',
  'own copy',
  'errors',
];

/** The tables, one for each layer and size. */
export function cacheReport(tracks: readonly Track[]): string {
  const groups = groupBy(
    tracks,
    ({ layer, size }) => `${TITLES[layer]}, values of about ${String(size)} bytes`,
  );
  return [...groups]
    .map(
      ([title, group]) =>
        `\n${title}\n${formatTable(
          HEADER,
          group.map((track) => row(track, group)),
        )}`,
    )
    .join('\n');
}

/** Calls that failed, answered something else, or were no hits where hits are measured: with them a figure means nothing. */
export function faultsOf({ legs }: Track): number {
  return legs.reduce((sum, { errors, wrong, loads }) => sum + errors + wrong + loads, 0);
}

function row(track: Track, group: readonly Track[]): string[] {
  const rates = track.legs.map(({ perSecond }) => perSecond);
  return [
    track.contestant,
    formatNumber(worst(rates)),
    formatNumber(median(rates)),
    formatNumber(
      ratio(track, group, ({ perSecond }) => perSecond),
      2,
    ),
    formatNumber(median(track.legs.map(({ p99 }) => p99)), 2),
    formatNumber(median(track.legs.map(({ cpu }) => cpu)) * 100),
    formatNumber(median(track.legs.map((leg) => processorTime(leg) * 1e6)), 1),
    formatNumber(ratio(track, group, processorTime), 2),
    track.isCopied ? 'yes' : 'no',
    String(faultsOf(track)),
  ];
}

/** Seconds of processor time for each call. */
function processorTime({ cpu, perSecond }: Leg): number {
  return cpu / perSecond;
}

/** The median of the ratios of the same round: what the machine did meanwhile hit both. */
function ratio(track: Track, group: readonly Track[], figureOf: (leg: Leg) => number): number {
  const ours = group.find(({ contestant }) => contestant === 'ours');
  if (ours === undefined || track === ours) return NaN;
  return median(
    track.legs.map((leg, round) => {
      const own = ours.legs[round];
      return own === undefined ? NaN : figureOf(own) / figureOf(leg);
    }),
  );
}
