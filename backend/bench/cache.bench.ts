import { writeFileSync } from 'node:fs';
import { Arguments } from './common/arguments.js';
import {
  CONTESTANT_NAMES,
  contestantsOf,
  descriptionOf,
  isPeer,
  LAYERS,
} from './cache/contestants.js';
import { race } from './cache/race.js';
import { cacheReport, faultsOf } from './cache/report.js';
import { installPeers } from './peers/install.js';

const given = new Arguments({ seconds: '1', rounds: '7', layer: '', contestants: '', json: '' });
const layers = given.names('layer', LAYERS);
const contestants = given.names('contestants', CONTESTANT_NAMES);

const versions = contestants.some(isPeer) ? installPeers() : {};
console.log('getOrSet of keys that are there: 100 callers with one call at a time, 1,000 keys');
for (const layer of layers) {
  for (const name of contestantsOf(layer, contestants)) {
    console.log(`  ${layer}, ${name}: ${descriptionOf(layer, name)}`);
  }
}
console.log(
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', '),
);

const tracks = await race({
  layers,
  contestants,
  rounds: given.number('rounds'),
  legMs: given.number('seconds') * 1000,
});
console.log(cacheReport(tracks));
if (given.text('json') !== '') {
  writeFileSync(given.text('json'), `${JSON.stringify(tracks, null, 1)}\n`);
}
// How fast it is depends on the machine; an error, a wrong answer or a miss does not.
process.exitCode = tracks.every((track) => faultsOf(track) === 0) ? 0 : 1;
