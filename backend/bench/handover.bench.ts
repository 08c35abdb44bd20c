import { fileURLToPath } from 'node:url';
import { CASE_NAMES, CASES } from './handover/cases.js';
import { handOverRepeatedly } from './handover/repeat.js';
import { findingsOf, handoverTable } from './handover/report.js';
import { optionsOf, positiveNumber, someOf, someText } from './common/arguments.js';
import { findingLine, isCorrect } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';

const given = optionsOf('bench:handover', {
  runs: positiveNumber(3, 'planned stops of each case'),
  cases: someOf(CASE_NAMES, 'cases'),
  clusters: positiveNumber(2, 'clusters side by side'),
  scripts: someText(
    // From .tmp/bench/backend/bench, where this file is compiled to.
    fileURLToPath(new URL('../../../../deploy/redis', import.meta.url)),
    'the folder of the node scripts',
    'FOLDER',
  ),
  json: JSON_FILE,
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const series = await handOverRepeatedly(given, CASES);
console.log(`\n${handoverTable(series)}\n`);
const findings = findingsOf(series);
for (const found of findings) console.log(findingLine(found));
writeJson(given.json, series);
process.exitCode = isCorrect(findings) ? 0 : 1;
