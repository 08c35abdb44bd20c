import { optionsOf, positiveNumber, someOf } from './common/arguments.js';
import { findingLine } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { race, type Track } from './observability/race.js';
import { WATCHED } from './observability/runner.js';
import { beyondFloors, failures, watchTable, watchVerdict } from './observability/report.js';

const given = optionsOf('bench:observability', {
  watched: someOf(WATCHED, 'what is watched, one after the other'),
  generations: positiveNumber(3, 'how often all backends are started anew'),
  blocks: positiveNumber(3, 'blocks of five seconds for each way to watch, in each generation'),
  json: JSON_FILE,
});
const tracks: Record<string, Track> = {};
for (const watched of given.watched) {
  const say = (text: string): void => void process.stderr.write(`${watched}: ${text}\n`);
  const track = await race({ ...given, watched, say });
  tracks[watched] = track;
  console.log(`\n${watched}\n\n${watchTable(track)}`);
  console.log(['', ...beyondFloors(track), ...watchVerdict(track).map(findingLine)].join('\n'));
}
writeJson(given.json, tracks);
process.exitCode = Object.values(tracks).every((track) => failures(track) === 0) ? 0 : 1;
