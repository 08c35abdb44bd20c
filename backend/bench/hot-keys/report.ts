import { finding, timing, type Finding } from '../common/finding.js';
import { formatFigure, formatNumber } from '../../src/cli/measure/figures.js';
import { median } from '../../src/cli/measure/statistics.js';
import { formatTable } from '../common/table.js';
import type { Cost } from './cost.js';
import { OURS } from './contenders.js';
import type { FoundTop } from './found.js';
import type { Measured } from './measure.js';
import type { Relief } from './relief.js';

const MIN_RECALL = 0.9;
const MAX_KILOBYTES = 1024;
const MAX_RELIEF_MS = 2_000;
const MAX_COST = 0.01;
const MAX_PROCESSOR = 0.02;

/** The table: recall of the top ten, nanoseconds for an access, kilobytes. */
export function sketchTable(measured: readonly Measured[]): string {
  const rows = measured.map(({ stream, contender, recall, claim, ns, kilobytes }) => [
    stream,
    contender,
    recall === null ? '' : formatNumber(recall, 1),
    claim === null ? '' : formatNumber(claim, 2),
    formatNumber(ns),
    formatNumber(kilobytes),
  ]);
  return formatTable(['stream', 'who', 'recall', 'claim', 'ns', 'kB'], rows);
}

/** What the choice for hot keys promises. */
export function sketchVerdict(measured: readonly Measured[]): Finding[] {
  return measured
    .filter(({ contender }) => contender === OURS)
    .map(({ stream, recall, kilobytes }) =>
      finding(
        (recall ?? 1) >= MIN_RECALL && kilobytes <= MAX_KILOBYTES,
        `${stream}: recall ${recall === null ? '(none to find)' : formatNumber(recall, 1)}, ${formatNumber(kilobytes)} kB`,
      ),
    );
}

/** The table: what ten seconds of accesses show, and what finding it costs. */
export function foundTable(found: readonly FoundTop[]): string {
  const rows = found.map(({ perSecond, sampledEvery, recall, lowest, processor }) => [
    formatNumber(perSecond),
    formatNumber(sampledEvery),
    formatNumber(recall, 2),
    formatNumber(lowest, 1),
    `${formatNumber(processor * 100, 2)} %`,
  ]);
  return formatTable(['accesses/s', 'one in', 'recall', 'lowest', 'of a core'], rows);
}

/** What ten seconds must show. */
export function foundVerdict(found: readonly FoundTop[]): Finding[] {
  return found.map(({ perSecond, recall, processor }) =>
    finding(
      recall >= MIN_RECALL && processor <= MAX_PROCESSOR,
      `${formatFigure(perSecond)} accesses a second: recall ${formatNumber(recall, 2)} after 10 s, ${formatNumber(processor * 100, 2)} % of a core`,
    ),
  );
}

/** The table: reads that callers made and reads that reached the server, each second. */
export function reliefTable(relief: readonly Relief[]): string {
  const rows = relief.map(({ what, asked, reached, relievedAfterMs }) => [
    what,
    ...asked.map((rate) => formatNumber(rate)),
    ...reached.map((rate) => formatNumber(rate)),
    relievedAfterMs === null ? '' : formatNumber(relievedAfterMs),
  ]);
  return formatTable(['', 'asked', 'later', 'reached', 'later', 'down after ms'], rows);
}

/** What `on` promises: reads of a hot key at the server fall to a tenth within two seconds. */
export function reliefVerdict(relief: readonly Relief[]): Finding[] {
  return relief
    .filter(({ what }) => what.startsWith('on'))
    .map(({ what, relievedAfterMs }) =>
      timing(
        relievedAfterMs !== null && relievedAfterMs <= MAX_RELIEF_MS,
        `${what}: ${relievedAfterMs === null ? 'never' : `after ${formatNumber(relievedAfterMs)} ms`} a tenth of the reads at most`,
      ),
    );
}

/** The table: medians of what counting costs, with the middle half of the rounds. */
export function costTable(cost: readonly Cost[]): string {
  const rows = cost.flatMap(({ where, operation, counting, chance, moreNs }) => [
    [`${operation} ${where}, counting`, ...spread(counting), formatNumber(median(moreNs))],
    [`${operation} ${where}, without again`, ...spread(chance), ''],
  ]);
  return formatTable(['', 'median', 'from', 'to', 'ns more'], rows);
}

/** What counting may cost. */
export function costVerdict(cost: readonly Cost[]): Finding[] {
  return cost
    .filter(({ where }) => where === 'cluster')
    .map(({ operation, counting }) => {
      const more = median(counting) - 1;
      const percent = `${formatNumber(more * 100, 2)} %`;
      return timing(
        more < MAX_COST,
        `${operation} with counting takes ${percent} more processor time`,
      );
    });
}

function spread(values: readonly number[]): string[] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? NaN;
  return [median(values), at(0.25), at(0.75)].map((value) => formatNumber(value, 3));
}
