import { finding, timing, type Finding } from '../common/finding.js';
import { formatMs } from '../../src/cli/measure/figures.js';
import { total, type Findings } from './findings.js';
import type { Cell, Phase } from './measure.js';

const UNTIL_OPEN_MS = 250;
const OPEN_MS = 5;

/** What ours promises of an outage. */
export function promisesOf(findings: Findings): Finding[] {
  const { run, cells, openings } = findings;
  const { unhandled, crashes, atMost } = run.record;
  const hung = total(cells, (cell) => cell.hung + cell.never);
  const wrong = total(cells, (cell) => cell.wrong);
  const store = atMost.store ?? { bytes: NaN, bound: NaN };
  return [
    inTime(findings, 'until open', UNTIL_OPEN_MS),
    inTime(findings, 'open', OPEN_MS),
    finding(
      openings !== null && openings.reads !== null && openings.writes !== null,
      'the breakers of reads and writes opened',
    ),
    finding(hung === 0, `nothing hangs: ${String(hung)}`),
    finding(wrong === 0, `no wrong answer: ${String(wrong)}`),
    finding(crashes.length === 0, `no crash: ${String(crashes.length)}`),
    finding(unhandled.length === 0, `no unhandled rejection: ${String(unhandled.length)}`),
    finding(
      run.kept === run.acknowledged,
      `writes acknowledged meanwhile are in Redis in the end: ${String(run.kept)} of ${String(run.acknowledged)}`,
    ),
    finding(
      store.bytes <= store.bound,
      `memory within its bound: ${String(store.bytes)} of ${String(store.bound)} bytes`,
    ),
    finding(run.isClosed, 'closes within a second'),
  ];
}

function inTime({ cells, loadLags }: Findings, phase: Phase, limitMs: number): Finding {
  const slowest = cells
    .filter((cell) => cell.phase === phase)
    .reduce<Cell | null>((a, b) => (a === null || b.ownP99 > a.ownP99 ? b : a), null);
  const seen = slowest === null ? 'no calls' : `${formatMs(slowest.ownP99)} (${slowest.operation})`;
  const lag = loadLags.find((entry) => entry.phase === phase);
  const where = phase === 'open' ? 'after it opened' : 'until the breaker opens';
  return timing(
    // Without calls the other promise says what went wrong.
    slowest !== null && slowest.ownP99 <= limitMs,
    `p99 ≤ ${String(limitMs)} ms ${where}, loader not counted: ${seen}; the load itself was late by p99 ${formatMs(lag?.p99)}`,
  );
}
