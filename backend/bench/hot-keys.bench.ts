import { optionsOf, positiveNumber, someText } from './common/arguments.js';
import { findingLine, isCorrect } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { measureCost } from './hot-keys/cost.js';
import { measureFound } from './hot-keys/found.js';
import { measureAll } from './hot-keys/measure.js';
import { measureRelief } from './hot-keys/relief.js';
import {
  costTable,
  costVerdict,
  foundTable,
  foundVerdict,
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
  rounds: positiveNumber(100, 'rounds with and without counting, in steps of 50'),
  sliceMs: positiveNumber(50, 'length of one slice of a round, in milliseconds'),
  only: someText(null, 'contenders whose name has this in it', 'NAME'),
  json: JSON_FILE,
});
const { seed, only, json, rounds, sliceMs, ...size } = given;
const measured = measureAll(size, seed, only);
console.log(
  `${String(size.accesses)} accesses of ${String(size.universe)} keys; ${String(size.distinct)} keys that come once\n`,
);
console.log(sketchTable(measured));
const found = await measureFound(seed);
console.log(
  '\nWhat the library names after ten seconds of Zipf 1.0 over 100,000 keys, five runs each\n',
);
console.log(foundTable(found));
const relief = await measureRelief();
console.log(
  `\nReads of one key, each second, before it was found to be hot and three seconds later\n`,
);
console.log(reliefTable(relief));
const cost = await measureCost(rounds, sliceMs);
console.log(
  '\nProcessor time of a call with counting against without, 100 callers: medians of all rounds\n',
);
console.log(costTable(cost));
const findings = [
  ...sketchVerdict(measured),
  ...foundVerdict(found),
  ...reliefVerdict(relief),
  ...costVerdict(cost),
];
console.log(['\nWhat finds hot keys in the library', ...findings.map(findingLine)].join('\n'));
writeJson(json, { measured, found, relief, cost });
process.exitCode = isCorrect(findings) ? 0 : 1;
