import { timing, type Finding } from '../common/finding.js';
import { formatNumber } from '../../src/cli/measure/figures.js';
import { median } from '../../src/cli/measure/statistics.js';
import { formatTable } from '../common/table.js';
import type { Track } from './race.js';

/** What the others are compared with. */
const REFERENCE = 'ioredis';
const TARGET_RATIO = 1.3;

/** The table: medians over all rounds; the ratio is the median of the ratios of each round. */
export function raceTable(tracks: readonly Track[]): string {
  const rows = tracks.map((track) => {
    const of = (pick: (leg: Track['legs'][number]) => number): number =>
      median(track.legs.map(pick));
    return [
      `${track.operation.toUpperCase()} ${track.contestant}`,
      formatNumber(of(({ perSecond }) => perSecond)),
      formatNumber(ratio(tracks, track), 2),
      formatNumber(
        of(({ p50 }) => p50),
        2,
      ),
      formatNumber(
        of(({ p99 }) => p99),
        2,
      ),
      formatNumber(of(({ cpu }) => cpu) * 100),
      String(track.legs.reduce((sum, { errors }) => sum + errors, 0)),
    ];
  });
  const header = ['', 'ops/s', `× ${REFERENCE}`, 'p50 ms', 'p99 ms', 'cpu %', 'errors'];
  return formatTable(header, rows);
}

/** What ours promises, and whether it was kept. */
export function raceVerdict(tracks: readonly Track[]): Finding[] {
  return tracks
    .filter(({ contestant }) => contestant === 'ours')
    .flatMap((track) => {
      const reference = referenceOf(tracks, track);
      if (reference === undefined) return [];
      const operation = track.operation.toUpperCase();
      const [own, other] = [p99(track), p99(reference)];
      const factor = ratio(tracks, track);
      return [
        timing(
          factor >= TARGET_RATIO,
          `${operation} ≥ ${String(TARGET_RATIO)} × ${REFERENCE}: ${factor.toFixed(2)}`,
        ),
        timing(
          own <= other,
          `${operation} p99 not worse: ${own.toFixed(2)} and ${other.toFixed(2)} ms`,
        ),
      ];
    });
}

function ratio(tracks: readonly Track[], track: Track): number {
  const reference = referenceOf(tracks, track);
  return median(
    track.legs.map(
      ({ perSecond }, round) => perSecond / (reference?.legs[round]?.perSecond ?? NaN),
    ),
  );
}

function referenceOf(tracks: readonly Track[], track: Track): Track | undefined {
  return tracks.find(
    ({ contestant, operation }) => contestant === REFERENCE && operation === track.operation,
  );
}

function p99({ legs }: Track): number {
  return median(legs.map((leg) => leg.p99));
}
