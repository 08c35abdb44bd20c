import { EXIT, type ExitCode } from '../frame/index.js';
import type { Screen } from '../screen/index.js';

/**
 * How a check ended. The words are those of `scripts/check-sentinel-cluster-health.sh`, which judges the same way. `note`:
 * nothing is wrong, and it ends within seconds by itself.
 */
export type Level = 'ok' | 'note' | 'WARN' | 'FAIL';

/** One thing that was looked at. */
export interface Check {
  readonly level: Level;
  /** What it is, such as `replica 127.0.0.1:6380`. */
  readonly what: string;
  /** What was seen. */
  readonly figure: string;
  /** What it should have been. */
  readonly threshold?: string;
}

/** All checks in one word: `degraded` works, and is not redundant or too slow. */
export type Verdict = 'healthy' | 'degraded' | 'down';

const EXIT_OF = { healthy: EXIT.done, degraded: EXIT.unwell, down: EXIT.failed } as const;

/** What a server said instead of an answer, in the words of the script. */
export function faultInWords(fault: string, masterName: string | null = null): string {
  if (/no such master/i.test(fault)) return `it watches no group named ${String(masterName)}`;
  return fault.startsWith('NOPERM') ? `a right is missing: ${fault}` : fault;
}

/** Returns what checks come to. */
export function verdictOf(checks: readonly Check[]): Verdict {
  if (checks.some(({ level }) => level === 'FAIL')) return 'down';
  return checks.some(({ level }) => level === 'WARN') ? 'degraded' : 'healthy';
}

/** Returns what the program ends with. */
export function exitOf(verdict: Verdict): ExitCode {
  return EXIT_OF[verdict];
}

/** Returns the worst that was seen, in one line; `null` where all is well. */
export function reasonOf(checks: readonly Check[]): string | null {
  const bad = checks.filter(({ level }) => level === 'FAIL');
  const all = [...bad, ...checks.filter(({ level }) => level === 'WARN')];
  const [worst, ...others] = all;
  if (worst === undefined) return null;
  const more = others.length === 0 ? '' : `; and ${String(others.length)} more`;
  return `${worst.what}: ${worst.figure}${more}`;
}

/** Draws a check as a line. */
export function drawCheck({ level, what, figure, threshold }: Check, screen: Screen): string {
  const { good, faint, doubtful, bad } = screen.styles;
  const mark = { ok: good, note: faint, WARN: doubtful, FAIL: bad }[level];
  return `${mark(level.padEnd(4))} ${what}: ${figure}${threshold === undefined ? '' : ` (${threshold})`}`;
}

/** Draws a verdict. */
export function drawVerdict(verdict: Verdict, screen: Screen): string {
  const { good, doubtful, bad } = screen.styles;
  return { healthy: good, degraded: doubtful, down: bad }[verdict](verdict);
}
