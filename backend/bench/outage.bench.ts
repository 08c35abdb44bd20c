import { optionsOf, positiveNumber, someOf } from './common/arguments.js';
import { findingLine, isCorrect, type Finding } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { CONTESTANT_NAMES, CONTESTANTS, isPeer } from './outage/contestants.js';
import { evaluate, type Findings } from './outage/findings.js';
import { outageReport } from './outage/report.js';
import { runOutage } from './outage/run-outage.js';
import { OUTAGE_NAMES } from './outage/scenarios.js';
import { promisesOf } from './outage/verdict.js';
import { installPeers } from './peers/install.js';

const CALM_MS = 5000;
const AFTER_MS = 5000;

const {
  seconds,
  rate: perSecond,
  scenario: scenarios,
  contestants,
  json,
} = optionsOf('bench:outage', {
  seconds: positiveNumber(20, 'how long Redis is away, in seconds'),
  rate: positiveNumber(1000, 'calls a second'),
  scenario: someOf(OUTAGE_NAMES, 'what happens to Redis'),
  contestants: someOf(CONTESTANT_NAMES, 'who goes through it'),
  json: JSON_FILE,
});
const awayMs = seconds * 1000;

const versions = contestants.some(isPeer) ? installPeers() : {};
console.log(
  `${String(perSecond)} calls a second, open loop; ${String(awayMs / 1000)} s without Redis. Times in ms, from the moment a call was due.`,
);
for (const name of contestants) console.log(`  ${name}: ${CONTESTANTS[name]}`);
console.log(
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', '),
);

const findings: Findings[] = [];
const promised: Finding[] = [];
const failed: string[] = [];
for (const scenario of scenarios) {
  const ofScenario: Findings[] = [];
  for (const contestant of contestants) {
    const options = { contestant, scenario, perSecond, calmMs: CALM_MS, awayMs, afterMs: AFTER_MS };
    try {
      ofScenario.push(evaluate(await runOutage(options)));
    } catch (error) {
      // Its process is gone, with all that was measured: that is a result.
      failed.push(`${scenario}, ${contestant}: ${error instanceof Error ? error.message : '?'}`);
    }
  }
  console.log(outageReport(scenario, ofScenario));
  for (const ours of ofScenario.filter(({ run }) => run.contestant === 'ours')) {
    const promises = promisesOf(ours);
    console.log(['\nOurs against its promises', ...promises.map(findingLine)].join('\n'));
    promised.push(...promises);
  }
  findings.push(...ofScenario);
}
if (failed.length > 0) console.log(['\nDid not live to the end', ...failed].join('\n'));
const all = findings.map((found) => {
  // The single calls would make it a hundred times as long.
  const { calls, ...record } = found.run.record;
  return { ...found, run: { ...found.run, record, calls: calls.count } };
});
writeJson(json, all);
// How fast it is depends on the machine; the rest does not.
const isOursDead = failed.some((text) => text.includes(', ours: '));
process.exitCode = isCorrect(promised) && !isOursDead ? 0 : 1;
