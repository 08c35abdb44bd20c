import { optionsOf, positiveNumber } from './common/arguments.js';
import { findingLine, isCorrect } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { measureAll } from './eviction/measure.js';
import { evictionTable, evictionVerdict } from './eviction/report.js';

const given = optionsOf('bench:eviction', {
  capacity: positiveNumber(5000, 'keys that fit'),
  universe: positiveNumber(100_000, 'keys that there are'),
  requests: positiveNumber(400_000, 'length of each trace'),
  rounds: positiveNumber(3, 'how often speeds are measured'),
  seed: positiveNumber(1, 'another one gives other traces'),
  json: JSON_FILE,
});
const { capacity, universe, requests, rounds, seed, json } = given;
const measured = measureAll({ capacity, universe, requests }, rounds, seed);
console.log(`${String(requests)} requests, ${String(capacity)} of ${String(universe)} keys fit\n`);
console.log(evictionTable(measured));
const findings = evictionVerdict(measured);
console.log(['\nWhat memory uses against LRU', ...findings.map(findingLine)].join('\n'));
writeJson(json, measured);
process.exitCode = isCorrect(findings) ? 0 : 1;
