import { finding, type Finding } from '../common/finding.js';
import { groupBy } from '../common/groups.js';
import { formatTable } from '../common/table.js';
import type { SkewRun } from './run-skew.js';
import { staleKeys, type StaleValue } from './stale-values.js';
import { OFFSETS_MS } from './stage.js';

/** One line for each run. */
export function skewTable(runs: readonly SkewRun[]): string {
  const rows = runs.map((run) => {
    const { near, redis, memory } = byPlace(run.stale);
    const { loads, nearHits, joined } = run.counts;
    const changes = doneIn([run], 'change') - doneIn([run], 'change by another');
    return [run.run, changes, loads, nearHits, joined, run.untold, near, redis, memory].map(String);
  });
  return formatTable(COLUMNS, rows);
}

/** Which keys are stale where, for whoever looks for the reason. */
export function staleLines(runs: readonly SkewRun[]): string[] {
  return runs.flatMap(({ stale }) =>
    [...groupBy(stale, ({ key }) => key)].map(([key, values]) => {
      const seen = values.map(({ process, where, served }) => {
        const calendar = signed(OFFSETS_MS[process] ?? 0);
        return `${String(served)} by ${calendar} ms (${where})`;
      });
      return `  ${key} is ${String(values[0]?.true)} in its source, and is served as ${seen.join(', ')}`;
    }),
  );
}

/** What the runs promise. */
export function findingsOf(runs: readonly SkewRun[]): Finding[] {
  const stale = runs.reduce((sum, run) => sum + staleKeys(run.stale), 0);
  const untold = runs.reduce((sum, run) => sum + run.untold, 0);
  const calendars = OFFSETS_MS.map(signed).join(', ');
  return [
    finding(
      stale === 0,
      `${String(stale)} stale keys at rest in ${String(runs.length)} runs of ${String(OFFSETS_MS.length)} processes whose calendars are ${calendars} ms ahead`,
    ),
    // Otherwise the first line would say little.
    finding(untold === 0, `every change was acknowledged: ${String(untold)} were not`),
  ];
}

const COLUMNS = [
  'run',
  'changes',
  'loads',
  'near hits',
  'joined',
  'untold',
  'stale near',
  'in Redis',
  'in memory',
];

function byPlace(stale: readonly StaleValue[]): Record<StaleValue['where'], number> {
  const count = (place: StaleValue['where']): number =>
    staleKeys(stale.filter(({ where }) => where === place));
  return { near: count('near'), redis: count('redis'), memory: count('memory') };
}

function doneIn(runs: readonly SkewRun[], what: string): number {
  return runs
    .flatMap(({ reports }) => reports)
    .reduce((sum, { done }) => sum + (done[what] ?? 0), 0);
}

function signed(ms: number): string {
  return ms > 0 ? `+${String(ms)}` : String(ms);
}
