import { optionsOf, positiveNumber } from './common/arguments.js';
import { findingLine } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { CONTESTANTS } from './steady/contestants.js';
import { race } from './steady/race.js';
import { raceTable, raceVerdict } from './steady/report.js';

const given = optionsOf('bench:steady', {
  seconds: positiveNumber(2, 'length of one leg, in seconds'),
  rounds: positiveNumber(5, 'how often each has its turn'),
  json: JSON_FILE,
});
const tracks = await race({
  contestants: CONTESTANTS,
  rounds: given.rounds,
  legMs: given.seconds * 1000,
});
console.log('100 callers, each with one call at a time, values of 100 bytes\n');
console.log(raceTable(tracks));
console.log(['\nOurs against its promises', ...raceVerdict(tracks).map(findingLine)].join('\n'));
writeJson(given.json, tracks);
// How fast it is depends on the machine; an error does not.
const errors = tracks.flatMap(({ legs }) => legs.map((leg) => leg.errors));
process.exitCode = errors.every((count) => count === 0) ? 0 : 1;
