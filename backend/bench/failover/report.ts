import { CLIENT_KINDS, type ClientKind } from '../clients/bench-client.js';
import { formatNumber } from '../../src/cli/measure/figures.js';
import { median, worst } from '../../src/cli/measure/statistics.js';
import { formatTable } from '../common/table.js';
import type { Measured } from './measure.js';
import type { Run } from './run-scenario.js';
import type { Scenario } from './scenario.js';

type Pick = (result: Measured) => number | null;

const NUMBERS: readonly (readonly [title: string, pick: Pick])[] = [
  ['S', ({ s }) => s],
  ['write gap', ({ writeGap }) => writeGap],
  ['resume', ({ resume }) => resume],
  ['read gap', ({ readGap }) => readGap],
  ['errors', ({ readErrors, writeErrors }) => readErrors + writeErrors],
  ['uncertain', ({ uncertain }) => uncertain],
  ['hung', ({ hung }) => hung],
  ['lost', ({ lost, countsLost }) => lost + countsLost],
  ['dup', ({ duplicates }) => duplicates],
  ['longest', ({ longestWait }) => longestWait],
  ['late', ({ lateReadErrors, lateWriteErrors }) => lateReadErrors + lateWriteErrors],
  ['waiting', ({ waiting }) => waiting],
  ['p99', ({ p99 }) => p99],
  ['calm p99', ({ calmP99 }) => calmP99],
  ['discon', ({ disconnects }) => disconnects],
];

const FINE = new Set(['p99', 'calm p99']);

/** The table of one scenario; with more than one run, each number is `median/worst`. */
export function scenarioTable(scenario: Scenario, runs: readonly Run[]): string {
  const clients = CLIENT_KINDS.filter((client) => resultsOf(runs, client).length > 0);
  const header = ['client', ...NUMBERS.map(([title]) => title), 'terminal'];
  const rows = clients.map((client) => {
    const results = resultsOf(runs, client);
    const cells = NUMBERS.map(([title, pick]) => numberCell(results.map(pick), FINE.has(title)));
    return [client, ...cells, deadCell(results)];
  });
  const title = `${scenario.name}: ${scenario.title}`;
  const head = runs.length > 1 ? `${title} (${String(runs.length)} runs, median/worst)` : title;
  const parts = [`\n${head}`, formatTable(header, rows), ...errorLines(runs, clients)];
  return [...parts, ...noteLines(runs)].join('\n');
}

/** What one client went through, run after run. */
export function resultsOf(runs: readonly Run[], client: ClientKind): Measured[] {
  return runs.flatMap(({ measured }) => measured.filter((result) => result.client === client));
}

function numberCell(values: readonly (number | null)[], isFine: boolean): string {
  const known = values.filter((value) => value !== null);
  const digits = isFine && median(known) < 100 ? 1 : 0;
  if (values.length === 1) return formatNumber(known[0] ?? null, digits);
  return known.length === 0
    ? formatNumber(null)
    : `${formatNumber(median(known), digits)}/${formatNumber(worst(known), digits)}`;
}

function deadCell(results: readonly Measured[]): string {
  const dead = results.filter((result) => result.dead !== null).length;
  if (dead === 0) return 'no';
  return results.length === 1 ? 'yes' : `${String(dead)} of ${String(results.length)}`;
}

function errorLines(runs: readonly Run[], clients: readonly ClientKind[]): string[] {
  return clients.flatMap((client) => {
    const totals = new Map<string, number>();
    for (const { errors, unhandled, warnings, dead } of resultsOf(runs, client)) {
      if (dead !== null) add(totals, `terminal: ${dead}`, 1);
      for (const text of new Set(warnings)) add(totals, text.slice(0, 70), 1);
      for (const [code, count] of Object.entries(errors)) add(totals, code, count);
      for (const code of unhandled) add(totals, `unhandled ${code}`, 1);
    }
    const list = [...totals].map(([code, count]) => `${String(count)} × ${code}`);
    return list.length === 0 ? [] : [`  ${client}: ${list.join(', ')}`];
  });
}

function noteLines(runs: readonly Run[]): string[] {
  return runs.length === 1 ? (runs[0]?.notes ?? []).map((note) => `  ${note}`) : [];
}

function add(totals: Map<string, number>, key: string, count: number): void {
  totals.set(key, (totals.get(key) ?? 0) + count);
}
