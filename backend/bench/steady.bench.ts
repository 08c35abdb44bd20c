import { writeFileSync } from 'node:fs';
import { Arguments } from './common/arguments.js';
import { CONTESTANTS } from './steady/contestants.js';
import { race } from './steady/race.js';
import { raceTable, raceVerdict } from './steady/report.js';

const given = new Arguments({ seconds: '2', rounds: '5', json: '' });
const tracks = await race({
  contestants: CONTESTANTS,
  rounds: given.number('rounds'),
  legMs: given.number('seconds') * 1000,
});
console.log('100 callers, each with one call at a time, values of 100 bytes\n');
console.log(raceTable(tracks));
console.log(['\nOurs against its promises', ...raceVerdict(tracks)].join('\n'));
if (given.text('json') !== '') {
  writeFileSync(given.text('json'), `${JSON.stringify(tracks, null, 1)}\n`);
}
// How fast it is depends on the machine; an error does not.
const errors = tracks.flatMap(({ legs }) => legs.map((leg) => leg.errors));
process.exitCode = errors.every((count) => count === 0) ? 0 : 1;
