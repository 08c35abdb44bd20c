// `npm run drill -- cold-start`: a cold cache under Zipf-shaped traffic, with warming and without. Exit code 0: every bound
// holds; 1: one does not.
import { resolve } from 'node:path';
import { root } from '../../scripts/lib/paths.mjs';
import { orExplain, parseArguments, someText, usageOf, wholeNumber } from './common/arguments.js';
import { formatTable } from './common/table.js';
import { coldReport, coldRows } from './cold-start/report.js';
import { runCold, type ColdOrder } from './cold-start/run.js';
import { describeMachine } from './drill/machine.js';
import { hasPassed, writePlainReport } from './drill/report/plain-page.js';

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
  out: someText('.tmp/drill/cold-start', 'where report.html and report.json go', 'FOLDER'),
};
const USAGE = usageOf('npm run drill -- cold-start [options]', OPTIONS, [
  'A cold cache under traffic: warmed, with the process that leads killed in the middle; and not warmed.',
]);

const told = orExplain(USAGE, () => {
  const { values, isHelpWanted } = parseArguments(OPTIONS, process.argv.slice(2));
  return isHelpWanted ? null : values;
});
const order: ColdOrder = { ...told, perSecond: told['per-second'] };
const machine = describeMachine();
console.log(`without warming, ${String(order.seconds)} s ...`);
const cold = await runCold(order, false);
console.log(`with warming, ${String(order.seconds)} s ...`);
const warm = await runCold(order, true);

console.log(formatTable(...coldRows(cold, warm)));
const report = coldReport(order, { cold, warm }, machine);
for (const { what, holds, seen } of report.bounds)
  console.log(`${holds ? 'ok    ' : 'BROKEN'} ${what}: ${seen}`);
const files = writePlainReport(resolve(root, told.out), report, { order, cold, warm });
console.log(files.map((file) => `  ${file}`).join('\n'));
process.exit(hasPassed(report) ? 0 : 1);
