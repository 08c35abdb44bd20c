import { optionsOf, positiveNumber } from './common/arguments.js';
import { findingLine } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { race } from './observability/race.js';
import { failures, watchTable, watchVerdict } from './observability/report.js';

const given = optionsOf('bench:observability', {
  generations: positiveNumber(3, 'how often all backends are started anew'),
  blocks: positiveNumber(3, 'blocks of five seconds for each way to watch, in each generation'),
  json: JSON_FILE,
});
const track = await race({ ...given, say: (text) => void process.stderr.write(`${text}\n`) });
console.log(watchTable(track));
console.log(['', ...watchVerdict(track).map(findingLine)].join('\n'));
writeJson(given.json, track);
process.exitCode = failures(track) === 0 ? 0 : 1;
