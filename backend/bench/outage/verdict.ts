import { total, type Findings } from './findings.js';
import type { Cell, Phase } from './measure.js';
import { formatMs } from './report.js';

/** A promise of ours, and whether it was kept. */
export interface Promised {
  readonly isKept: boolean;
  readonly text: string;
  /** A slow machine can break it. What it cannot break decides about the exit code. */
  readonly isAboutTime: boolean;
}

const UNTIL_OPEN_MS = 250;
const OPEN_MS = 5;

/** What ours promises of an outage. */
export function promisesOf(findings: Findings): Promised[] {
  const { run, cells, openings } = findings;
  const { unhandled, crashes, atMost } = run.record;
  const hung = total(cells, (cell) => cell.hung + cell.never);
  const wrong = total(cells, (cell) => cell.wrong);
  const store = atMost.store ?? { bytes: NaN, bound: NaN };
  return [
    inTime(findings, 'until open', UNTIL_OPEN_MS),
    inTime(findings, 'open', OPEN_MS),
    kept(
      openings !== null && openings.reads !== null && openings.writes !== null,
      'the breakers of reads and writes opened',
    ),
    kept(hung === 0, `nothing hangs: ${String(hung)}`),
    kept(wrong === 0, `no wrong answer: ${String(wrong)}`),
    kept(crashes.length === 0, `no crash: ${String(crashes.length)}`),
    kept(unhandled.length === 0, `no unhandled rejection: ${String(unhandled.length)}`),
    kept(
      run.kept === run.acknowledged,
      `writes acknowledged meanwhile are in Redis in the end: ${String(run.kept)} of ${String(run.acknowledged)}`,
    ),
    kept(
      store.bytes <= store.bound,
      `memory within its bound: ${String(store.bytes)} of ${String(store.bound)} bytes`,
    ),
    kept(run.isClosed, 'closes within a second'),
  ];
}

/** One line for people. */
export function promiseLine({ isKept, text }: Promised): string {
  return `  ${isKept ? 'PASS' : 'FAIL'}  ${text}`;
}

function inTime({ cells, loadLags }: Findings, phase: Phase, limitMs: number): Promised {
  const slowest = cells
    .filter((cell) => cell.phase === phase)
    .reduce<Cell | null>((a, b) => (a === null || b.ownP99 > a.ownP99 ? b : a), null);
  const seen = slowest === null ? 'no calls' : `${formatMs(slowest.ownP99)} (${slowest.operation})`;
  const lag = loadLags.find((entry) => entry.phase === phase);
  const where = phase === 'open' ? 'after it opened' : 'until the breaker opens';
  return {
    // Without calls the other promise says what went wrong.
    isKept: slowest !== null && slowest.ownP99 <= limitMs,
    text: `p99 ≤ ${String(limitMs)} ms ${where}, loader not counted: ${seen}; the load itself was late by p99 ${formatMs(lag?.p99 ?? NaN)}`,
    isAboutTime: true,
  };
}

function kept(isKept: boolean, text: string): Promised {
  return { isKept, text, isAboutTime: false };
}
