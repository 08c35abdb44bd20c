import { finding, type Finding } from '../common/finding.js';
import { formatNumber } from '../../src/cli/measure/figures.js';
import { formatTable } from '../common/table.js';
import type { Measured } from './measure.js';
import type { TraceName } from './traces.js';

const OURS = 'S3-FIFO';
const SLACK = 0.005;

/** The table: hit ratios in percent, speeds in millions a second. */
export function evictionTable(measured: readonly Measured[]): string {
  const traces = traceNames(measured);
  const rows = measured.map(({ policy, hitRatio, gets, sets }) => [
    policy,
    ...traces.map((name) => formatNumber(hitRatio[name] * 100, 1)),
    formatNumber(gets, 1),
    formatNumber(sets, 1),
  ]);
  return formatTable(['hits in %', ...traces, 'get M/s', 'set M/s'], rows);
}

/** What the choice for memory promises against LRU. Hit ratios are the same on every machine. */
export function evictionVerdict(measured: readonly Measured[]): Finding[] {
  const [ours, lru] = [OURS, 'LRU'].map((name) => measured.find(({ policy }) => policy === name));
  if (ours === undefined || lru === undefined) return [];
  return traceNames(measured).map((name) =>
    finding(
      ours.hitRatio[name] >= lru.hitRatio[name] - SLACK,
      `${name}: ${OURS} ${percent(ours.hitRatio[name])}, LRU ${percent(lru.hitRatio[name])}`,
    ),
  );
}

function traceNames([first]: readonly Measured[]): TraceName[] {
  return Object.keys(first?.hitRatio ?? {}) as TraceName[];
}

function percent(part: number): string {
  return `${formatNumber(part * 100, 1)} %`;
}
