import { writeFileSync } from 'node:fs';
import { Arguments } from './common/arguments.js';
import { CONTESTANT_NAMES, CONTESTANTS, isPeer } from './outage/contestants.js';
import { evaluate, type Findings } from './outage/findings.js';
import { outageReport } from './outage/report.js';
import { runOutage } from './outage/run-outage.js';
import { OUTAGE_NAMES } from './outage/scenarios.js';
import { promiseLine, promisesOf, type Promised } from './outage/verdict.js';
import { installPeers } from './peers/install.js';

const CALM_MS = 5000;
const AFTER_MS = 5000;

const given = new Arguments({
  seconds: '20',
  rate: '1000',
  scenario: '',
  contestants: '',
  json: '',
});
const scenarios = given.names('scenario', OUTAGE_NAMES);
const contestants = given.names('contestants', CONTESTANT_NAMES);
const awayMs = given.number('seconds') * 1000;
const perSecond = given.number('rate');

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
const promised: Promised[] = [];
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
    console.log(['\nOurs against its promises', ...promises.map(promiseLine)].join('\n'));
    promised.push(...promises);
  }
  findings.push(...ofScenario);
}
if (failed.length > 0) console.log(['\nDid not live to the end', ...failed].join('\n'));
if (given.text('json') !== '') {
  const all = findings.map((found) => {
    // The single calls would make it a hundred times as long.
    const { calls, ...record } = found.run.record;
    return { ...found, run: { ...found.run, record, calls: calls.count } };
  });
  writeFileSync(given.text('json'), `${JSON.stringify(all, null, 1)}\n`);
}
// How fast it is depends on the machine; the rest does not.
const isBroken = promised.some(({ isKept, isAboutTime }) => !isKept && !isAboutTime);
const isOursDead = failed.some((text) => text.includes(', ours: '));
process.exitCode = isBroken || isOursDead ? 1 : 0;
