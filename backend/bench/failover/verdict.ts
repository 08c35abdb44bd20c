import { finding, timing, type Finding } from '../common/finding.js';
import { median, sum, worst } from '../../src/cli/measure/statistics.js';
import { RECOVERY_MS, type Measured } from './measure.js';
import { resultsOf } from './report.js';
import type { Run } from './run-scenario.js';
import type { Scenario } from './scenario.js';

/** The codes with which a command may fail that could not be served before its deadline. */
const TYPED = new Set([
  'COMMAND_TIMEOUT',
  'COMMAND_UNCERTAIN',
  'CONNECTION_LOST',
  'NO_PRIMARY',
  'NO_REPLICA',
]);
// A deadline is looked at every few milliseconds, on a machine that has other things to do.
const MAX_FAILURE_MS = 8250;

/** Compares what ours did with what it promises. */
export function judge(scenario: Scenario, runs: readonly Run[]): Finding[] {
  const ours = resultsOf(runs, 'ours');
  if (ours.length === 0) return [];
  const own = runs.flatMap(({ findings }) => findings);
  return [...correctness(scenario, runs, ours), ...own, ...times(scenario, ours)];
}

function correctness(
  { promises }: Scenario,
  runs: readonly Run[],
  ours: readonly Measured[],
): Finding[] {
  const zero = (text: string, pick: (result: Measured) => number): Finding => {
    const total = sum(ours.map(pick));
    return finding(total === 0, `${text}: ${String(total)}`);
  };
  const findings = [
    zero('calls that hang', ({ hung }) => hung),
    zero('clients in a terminal state', ({ dead }) => (dead === null ? 0 : 1)),
    zero('unhandled rejections', ({ unhandled }) => unhandled.length),
    zero('counts above acknowledged + uncertain', ({ duplicates }) => duplicates),
    zero('answers of the old primary after the switch was known', (r) => r.lostAfterKnown),
    zero('processes that did not end after close()', ({ endedItself }) => (endedItself ? 0 : 1)),
    zero('reads answered with another value', ({ wrongReads }) => wrongReads),
  ];
  if (promises.worksAfter) {
    const text = `${String(RECOVERY_MS / 1000)} s after it was over`;
    findings.push(
      zero(`writes that fail ${text}`, ({ lateWriteErrors }) => lateWriteErrors),
      zero(`reads that fail ${text}`, ({ lateReadErrors }) => lateReadErrors),
      zero('calls that wait in the end', ({ waiting }) => waiting),
    );
  }
  const lost = ({ lost: keys, countsLost }: Measured): number => keys + countsLost;
  if (promises.nothingLost) findings.push(zero('acknowledged, then lost', lost));
  const peers = resultsOf(runs, 'tuned');
  if (promises.lostShareOfTuned !== undefined && peers.length > 0) {
    const tuned = sum(peers.map(lost));
    const own = sum(ours.map(lost));
    const isKept = own <= tuned * promises.lostShareOfTuned;
    const share = `at most ${String(promises.lostShareOfTuned * 100)} % of hand-tuned ioredis`;
    const text = `acknowledged, then lost: ${String(own)}, ${share} (${String(tuned)})`;
    findings.push(timing(isKept, text));
  }
  return findings;
}

function times({ promises }: Scenario, ours: readonly Measured[]): Finding[] {
  const findings: Finding[] = [];
  const check = (text: string, values: readonly number[], limits: readonly number[]): void => {
    const seen = [median(values), worst(values)];
    const isKept = seen.every((value, at) => value <= (limits[at] ?? limits[0] ?? 0));
    const shown = seen.map((value) => value.toFixed(0)).join(' / ');
    const bound = limits.map(String).join(' / ');
    findings.push(timing(isKept, `${text}, median / worst: ${shown} ms (≤ ${bound})`));
  };
  if (promises.writeGap) {
    check(
      'write gap − S',
      ours.map(({ writeGap, s }) => writeGap - (s ?? 0)),
      promises.writeGap,
    );
  }
  if (promises.wholeWriteGap !== undefined) {
    check(
      'write gap',
      ours.map(({ writeGap }) => writeGap),
      [promises.wholeWriteGap],
    );
  }
  if (promises.resumeAfterBack !== undefined) {
    check(
      'first write − return',
      ours.map((r) => r.resume ?? Infinity),
      [promises.resumeAfterBack],
    );
  }
  if (promises.readGap !== undefined) {
    const gaps = ours.map(({ readGap }) => readGap);
    check(`read gap (${pauses(ours)})`, gaps, [promises.readGap]);
  }
  return [...findings, ...errors({ promises }, ours)];
}

/** What the machine, or the client itself, did to the process that makes the load. */
function pauses(ours: readonly Measured[]): string {
  const calm = worst(ours.map(({ calmReadGap }) => calmReadGap)).toFixed(0);
  const longest = ours.map(({ stall }) => stall).sort((a, b) => b.ms - a.ms)[0];
  const { ms = 0, cpuMs = 0, at = 0 } = longest ?? {};
  const when = `${(at / 1000).toFixed(2)} s`;
  return `calm up to ${calm}; process stalled ${ms.toFixed(0)} at ${when}, ran ${cpuMs.toFixed(0)} of it`;
}

function errors({ promises }: Pick<Scenario, 'promises'>, ours: readonly Measured[]): Finding[] {
  const findings: Finding[] = [];
  const total = sum(ours.map(({ readErrors, writeErrors }) => readErrors + writeErrors));
  if (promises.noErrors) {
    findings.push(timing(total === 0, `errors: ${String(total)}`));
  } else {
    const codes = ours.flatMap(({ errors: byCode }) => Object.keys(byCode));
    const slowest = worst(ours.map(({ slowestFailure }) => slowestFailure));
    const { mayFailWith = [] } = promises;
    const isTyped = (code: string): boolean => TYPED.has(code) || mayFailWith.includes(code);
    const isKept = codes.every(isTyped) && slowest <= MAX_FAILURE_MS;
    const seen = [...new Set(codes)].join(', ') || 'none';
    const text = `errors: ${String(total)}, all typed (${seen}), slowest after ${slowest.toFixed(0)} ms`;
    findings.push(timing(isKept, text));
  }
  if (promises.noDisconnects) {
    const lost = sum(ours.map(({ disconnects }) => disconnects ?? 0));
    findings.push(timing(lost === 0, `connections lost: ${String(lost)}`));
  }
  return findings;
}
