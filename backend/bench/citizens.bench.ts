import { writeFileSync } from 'node:fs';
import { CONSUMERS } from './citizens/consumer.js';
import { FAULTS } from './citizens/faults.js';
import { citizensPage, faultTable, findingsOf } from './citizens/report.js';
import { runFault, type FaultRun } from './citizens/run-fault.js';
import { optionsOf, positiveNumber, someOf, someText } from './common/arguments.js';
import { findingLine, isCorrect } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';

const given = optionsOf('bench:citizens', {
  consumers: someOf(CONSUMERS, 'libraries'),
  faults: someOf(
    FAULTS.map(({ name }) => name),
    'what happens to the primary',
  ),
  jobs: positiveNumber(2000, 'jobs of each queue in a fault'),
  seconds: positiveNumber(20, 'load in a fault, in seconds; the fault begins after three'),
  page: someText('', 'write the tables as Markdown to it', 'FILE'),
  json: JSON_FILE,
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const runs: FaultRun[] = [];
for (const fault of FAULTS.filter(({ name }) => given.faults.includes(name))) {
  process.stderr.write(`${fault.name}\n`);
  const run = await runFault(fault, given);
  runs.push(run);
  console.log(faultTable(run));
}
const findings = findingsOf(runs);
console.log(['\nOurs against its promises', ...findings.map(findingLine)].join('\n'));
if (given.page !== '') writeFileSync(given.page, citizensPage(runs));
writeJson(given.json, runs);
process.exitCode = isCorrect(findings) ? 0 : 1;
