import { optionsOf, positiveNumber, someText } from './common/arguments.js';
import { findingLine, isCorrect } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { measureCost } from './hot-keys/cost.js';
import { measureAll } from './hot-keys/measure.js';
import { measureRelief } from './hot-keys/relief.js';
import {
  costTable,
  costVerdict,
  reliefTable,
  reliefVerdict,
  sketchTable,
  sketchVerdict,
} from './hot-keys/report.js';

const given = optionsOf('bench:hot-keys', {
  universe: positiveNumber(200_000, 'keys that there are'),
  accesses: positiveNumber(500_000, 'length of each stream in which keys come again'),
  perSecond: positiveNumber(20_000, 'accesses of a second: then counts fade'),
  distinct: positiveNumber(2_000_000, 'keys of the stream in which none comes twice'),
  seed: positiveNumber(1, 'another one gives other streams'),
  rounds: positiveNumber(15, 'pairs of legs with and without counting'),
  seconds: positiveNumber(1, 'length of one leg, in seconds'),
  only: someText(null, 'contenders whose name has this in it', 'NAME'),
  json: JSON_FILE,
});
const { seed, only, json, rounds, seconds, ...size } = given;
const measured = measureAll(size, seed, only);
console.log(
  `${String(size.accesses)} accesses of ${String(size.universe)} keys; ${String(size.distinct)} keys that come once\n`,
);
console.log(sketchTable(measured));
const relief = await measureRelief();
console.log(
  `\nReads of one key, each second, before it was found to be hot and three seconds later\n`,
);
console.log(reliefTable(relief));
const cost = await measureCost(rounds, seconds * 1_000);
console.log('\nWith counting against without, 100 callers: medians of pairs of legs\n');
console.log(costTable(cost));
const findings = [...sketchVerdict(measured), ...reliefVerdict(relief), ...costVerdict(cost)];
console.log(['\nWhat finds hot keys in the library', ...findings.map(findingLine)].join('\n'));
writeJson(json, { measured, relief, cost });
process.exitCode = isCorrect(findings) ? 0 : 1;
