import { finding, type Finding } from '../common/finding.js';
import { formatTable } from '../common/table.js';
import { NEAR_BOUNDS, type NearRun } from './run-near.js';

const MAX_SHOWN = 10;

/** What was done, and how old the oldest answers were. */
export function nearTables({ faults, counts, writes, versionsSeen, verdict }: NearRun): string {
  const { told, silent, flushed } = verdict.worst;
  const { toldMs, detectionMs } = NEAR_BOUNDS;
  const ms = (value: number): string => value.toFixed(1);
  return [
    formatTable(
      ['what happened', 'times'],
      Object.entries(faults).map(([fault, times]) => [fault, String(times)]),
    ),
    formatTable(
      ['reads', 'near', 'versions seen', 'failed', 'writes', 'that all replicas have'],
      [
        [
          counts.near + counts.far,
          counts.near,
          versionsSeen,
          counts.failed,
          counts.writes,
          writes,
        ].map(String),
      ],
    ),
    formatTable(
      ['oldest answer, after', 'ms', 'bound'],
      [
        ['a write', ms(told), ms(toldMs)],
        ['a write while a connection was dead and silent', ms(silent), ms(toldMs + detectionMs)],
        ['FLUSHALL or FLUSHDB', ms(flushed), ms(toldMs)],
      ],
    ),
  ].join('\n\n');
}

/** The reads that were too old, the oldest first. */
export function staleReadLines({ verdict }: NearRun): string[] {
  return [...verdict.violations]
    .sort((a, b) => b.staleMs - a.staleMs)
    .slice(0, MAX_SHOWN)
    .map(
      ({ key, version, from, because, staleMs, isSilent }) =>
        `  ${key} was version ${String(version)} (${from}) ${staleMs.toFixed(1)} ms after the ${because} that ended it${isSilent ? ', while a connection was silent' : ''}`,
    );
}

/** What a run promises. */
export function nearFindings(run: NearRun, isTold: boolean): Finding[] {
  const { length } = run.verdict.violations;
  if (isTold) {
    return [finding(length === 0, `${String(length)} versions were served for too long`)];
  }
  return [
    finding(
      length > 0,
      `without notices the checker finds ${String(length)} versions that were served for too long`,
    ),
  ];
}
