// `npm run drill -- cold-start`: a cold cache under Zipf-shaped traffic, with warming and without. Exit code 0: every bound
// holds; 1: one does not.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from '../../scripts/lib/paths.mjs';
import { orExplain, parseArguments, someText, usageOf, wholeNumber } from './common/arguments.js';
import { formatTable } from './common/table.js';
import { runCold, type ColdOrder, type ColdRun } from './cold-start/run.js';

const OPTIONS = {
  seconds: wholeNumber(60, 'seconds of each of the two runs', { least: 20, most: 600 }),
  products: wholeNumber(5_000, 'products of the catalogue', { least: 100, most: 1_000_000 }),
  reads: wholeNumber(200, 'reads per second, of two processes together', {
    least: 10,
    most: 10_000,
  }),
  'per-second': wholeNumber(200, 'loads that the warm-up may begin in a second', {
    least: 1,
    most: 10_000,
  }),
  out: someText('.tmp/drill/cold-start', 'where report.json goes', 'FOLDER'),
};
const USAGE = usageOf('npm run drill -- cold-start [options]', OPTIONS, [
  'A cold cache under traffic: warmed, with the process that leads killed in the middle; and not warmed.',
]);

const told = orExplain(USAGE, () => {
  const { values, isHelpWanted } = parseArguments(OPTIONS, process.argv.slice(2));
  return isHelpWanted ? null : values;
});
const order: ColdOrder = { ...told, perSecond: told['per-second'] };
console.log(`without warming, ${String(order.seconds)} s ...`);
const cold = await runCold(order, false);
console.log(`with warming, ${String(order.seconds)} s ...`);
const warm = await runCold(order, true);

console.log(
  formatTable(
    ['seconds', 'hits without', 'hits with', 'live loads without', 'live loads with', 'warmed'],
    rowsOf(cold, warm),
  ),
);
const bounds = verdict(cold, warm, order);
for (const { what, holds, seen } of bounds)
  console.log(`${holds ? 'ok    ' : 'BROKEN'} ${what}: ${seen}`);
const folder = resolve(root, told.out);
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'report.json'), JSON.stringify({ order, cold, warm, bounds }, null, 2));
process.exit(bounds.every(({ holds }) => holds) ? 0 : 1);

interface Bound {
  readonly what: string;
  readonly holds: boolean;
  readonly seen: string;
}

function verdict(without: ColdRun, withIt: ColdRun, { perSecond }: ColdOrder): Bound[] {
  const at = (share: number): number | null => firstSecond(withIt, share);
  const [good, better] = [at(0.85), at(0.9)];
  const slower = mean(withIt.bootMs) - mean(without.bootMs);
  return [
    { what: '85 % of reads are hits within 2 minutes', ...within(good, 120) },
    { what: '90 % within 5 minutes', ...within(better, 300) },
    {
      what: 'the start takes no longer than without (100 ms of play)',
      holds: slower < 100,
      seen: `${mean(without.bootMs).toFixed(0)} ms without, ${mean(withIt.bootMs).toFixed(0)} ms with`,
    },
    {
      what: `no second with more than ${String(perSecond)} loads of the warm-up`,
      holds: withIt.busiestSecond <= perSecond,
      seen: `${String(withIt.busiestSecond)} at most`,
    },
    {
      what: 'killed in the middle, another process goes on where it was',
      holds: withIt.killedAtS !== null && (withIt.resumedAt ?? 0) > 0 && withIt.warmedAtS !== null,
      seen:
        `killed after ${String(withIt.killedAtS)} s, went on after ${String(withIt.resumedAt)} keys, ` +
        `all warm after ${String(withIt.warmedAtS)} s`,
    },
  ];
}

// It counts from when it stays so for five seconds.
function firstSecond({ seconds }: ColdRun, share: number): number | null {
  const isGood = seconds.map(({ hitRate }) => hitRate !== null && hitRate >= share);
  const first = isGood.findIndex(
    (_, i) => isGood.slice(i, i + 5).length === 5 && isGood.slice(i, i + 5).every(Boolean),
  );
  return first === -1 ? null : first + 1;
}

function within(second: number | null, limit: number): Pick<Bound, 'holds' | 'seen'> {
  const seen = second === null ? 'never' : `after ${String(second)} s`;
  return { holds: second !== null && second <= limit, seen };
}

function rowsOf(without: ColdRun, withIt: ColdRun): string[][] {
  const STEP = 5;
  const rows: string[][] = [];
  for (let from = 0; from < without.seconds.length; from += STEP) {
    const [one, other] = [without, withIt].map(({ seconds }) => seconds.slice(from, from + STEP));
    if (one === undefined || other === undefined) continue;
    rows.push([
      `${String(from)} to ${String(from + STEP)}`,
      percent(one.map(({ hitRate }) => hitRate)),
      percent(other.map(({ hitRate }) => hitRate)),
      perSecondOf(one.map(({ liveCalls }) => liveCalls)),
      perSecondOf(other.map(({ liveCalls }) => liveCalls)),
      String(Math.max(...other.map(({ done }) => done))),
    ]);
  }
  return rows;
}

function percent(rates: readonly (number | null)[]): string {
  const known = rates.filter((rate) => rate !== null);
  return known.length === 0 ? '-' : `${(mean(known) * 100).toFixed(1)} %`;
}

function perSecondOf(calls: readonly number[]): string {
  return `${mean(calls).toFixed(1)}/s`;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / Math.max(1, numbers.length);
}
