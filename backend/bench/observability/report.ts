import { timing, type Finding } from '../common/finding.js';
import { formatNumber } from '../../src/cli/measure/figures.js';
import { median, percentile } from '../../src/cli/measure/statistics.js';
import { formatTable } from '../common/table.js';
import type { Block, Track } from './race.js';
import type { Side } from './sides.js';

/** What it may cost at most: a share of the throughput, and milliseconds. */
const BOUNDS: readonly (readonly [side: Side, share: number, ms: number | null])[] = [
  ['metrics and logs', 0.01, null],
  ['traces', 0.05, 5],
];

const FLOORS: readonly (readonly [side: Side, floor: Side])[] = [
  ['metrics and logs', 'a context alone'],
  ['traces', 'request spans alone'],
];

/** The table: medians over all blocks; the ratios are the medians of the ratios of each block. */
export function watchTable(track: Track): string {
  const rows = (Object.keys(track) as Side[]).map((side) => {
    const blocks = track[side];
    return [
      side,
      formatNumber(median(blocks.map(perSecond))),
      percent(change(track, side, perSecond)),
      formatNumber(median(blocks.map(({ microsEach }) => microsEach))),
      percent(change(track, side, ({ microsEach }) => microsEach)),
      formatNumber(median(blocks.map(at(0.5))), 2),
      formatNumber(median(blocks.map(at(0.99))), 2),
      String(blocks.reduce((sum, { failed }) => sum + failed, 0)),
    ];
  });
  const header = ['', 'requests/s', '', 'µs of cpu', '', 'p50 ms', 'p99 ms', 'failed'];
  return formatTable(header, rows);
}

/** What is promised, and whether it was kept. */
export function watchVerdict(track: Track): Finding[] {
  return BOUNDS.flatMap(([side, share, ms]) => {
    const lost = -change(track, side, perSecond);
    const spent = change(track, side, ({ microsEach }) => microsEach);
    const limit = percent(share);
    const later = [0.5, 0.99].map(
      (p) => median(track[side].map(at(p))) - median(track.nothing.map(at(p))),
    );
    return [
      timing(lost < share, `${side}: less than ${limit} of throughput: ${percent(lost)}`),
      timing(spent < share, `${side}: less than ${limit} of processor time: ${percent(spent)}`),
      ...(ms === null
        ? []
        : [
            timing(
              Math.max(...later) < ms,
              `${side}: less than ${String(ms)} ms at p50 and p99: ${later.map((l) => l.toFixed(2)).join(' and ')}`,
            ),
          ]),
    ];
  });
}

/** What it costs beyond what nobody can do without: the context of a request, or the spans of the SDK alone. */
export function beyondFloors(track: Track): string[] {
  return FLOORS.map(([side, floor]) => {
    const more = median(
      track[side].map(({ microsEach }, i) => microsEach - (track[floor][i]?.microsEach ?? NaN)),
    );
    return `  ${side}: ${formatNumber(more)} µs of processor time more than ${floor}`;
  });
}

/** How many requests failed. */
export function failures(track: Track): number {
  return Object.values(track)
    .flat()
    .reduce((sum, { failed }) => sum + failed, 0);
}

// Against the mean of both sides that nobody watches, block by block.
function change(track: Track, side: Side, of: (block: Block) => number): number {
  const again = track['nothing, again'];
  return (
    median(
      track[side].map((block, i) => {
        const [first, second] = [track.nothing[i], again[i]];
        if (first === undefined || second === undefined) return NaN;
        return of(block) / (side === 'nothing, again' ? of(first) : (of(first) + of(second)) / 2);
      }),
    ) - 1
  );
}

function perSecond({ requests, tookMs }: Block): number {
  return (1_000 * requests) / tookMs;
}

function at(p: number): (block: Block) => number {
  return ({ latencies }) => percentile(latencies, p);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
