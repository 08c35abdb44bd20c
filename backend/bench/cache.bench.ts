import { optionsOf, positiveNumber, someOf } from './common/arguments.js';
import { JSON_FILE, writeJson } from './common/json.js';
import {
  CONTESTANT_NAMES,
  contestantsOf,
  descriptionOf,
  isPeer,
  LAYERS,
} from './cache/contestants.js';
import { countLoads, loadsReport } from './cache/loads.js';
import { race } from './cache/race.js';
import { cacheReport, faultsOf } from './cache/report.js';
import { installPeers } from './peers/install.js';

const {
  seconds,
  rounds,
  layer: layers,
  contestants,
  json,
} = optionsOf('bench:cache', {
  seconds: positiveNumber(1, 'length of one leg, in seconds'),
  rounds: positiveNumber(7, 'how often each has its turn'),
  layer: someOf(LAYERS, 'where the values are'),
  contestants: someOf(CONTESTANT_NAMES, 'who runs'),
  json: JSON_FILE,
});

const versions = contestants.some(isPeer) ? installPeers() : {};
console.log('getOrSet: 100 callers with one call at a time, 1,000 keys; of large values 1 and 10');
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
  rounds,
  legMs: seconds * 1000,
});
console.log(cacheReport(tracks));
const loads = layers.includes('miss') ? await countLoads(contestants) : [];
if (loads.length > 0) console.log(loadsReport(loads));
writeJson(json, loads.length > 0 ? [...tracks, ...loads] : tracks);
// How fast it is depends on the machine; an error, a wrong answer or a miss does not.
process.exitCode = tracks.every((track) => faultsOf(track) === 0) ? 0 : 1;
