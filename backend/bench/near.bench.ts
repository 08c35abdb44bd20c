import { flag, optionsOf, positiveNumber, someOf } from './common/arguments.js';
import { Child } from './common/child.js';
import { findingLine, isCorrect } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { NEAR_KINDS } from './near/near-plan.js';
import { nearFindings, nearTables, staleReadLines } from './near/report.js';
import { NEAR_FAULTS, runNear, type NearRun } from './near/run-near.js';
import { NearStage, type NearLauncher } from './near/stage.js';

const given = optionsOf('bench:near', {
  seed: positiveNumber(1, 'another one gives another order of faults'),
  reads: positiveNumber(1_000_000, 'how many reads at least'),
  rounds: positiveNumber(5, 'how often each fault happens'),
  faults: someOf(NEAR_FAULTS, 'what happens'),
  kinds: someOf(NEAR_KINDS, 'what is read'),
  untold: flag('whether writers may not publish: then stale reads must be found'),
  json: JSON_FILE,
});
const { seed, reads, rounds, faults, kinds, untold } = given;

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const module = new URL('./near/client-process.js', import.meta.url);
const launcher: NearLauncher<Child> = {
  start: (name) => Child.start(name, module),
  kill: (child) => {
    if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL');
    return child.end();
  },
};
const runs: NearRun[] = [];
let isKept = true;
for (const kind of kinds) {
  const cast = { kind, readers: 2, writers: 2, keysOfEach: 100, isTold: !untold, seed };
  const stage = await NearStage.start(launcher, cast);
  try {
    const run = await runNear(stage, { seed, reads, rounds, faults });
    runs.push(run);
    console.log(`\n${kind}, seed ${String(seed)}\n\n${nearTables(run)}\n`);
    for (const line of staleReadLines(run)) console.log(line);
    const findings = nearFindings(run, !untold);
    for (const found of findings) console.log(findingLine(found));
    isKept &&= isCorrect(findings);
  } finally {
    await stage.stop();
  }
}
writeJson(given.json, runs);
process.exitCode = isKept ? 0 : 1;
