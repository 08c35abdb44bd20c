import { optionsOf, positiveNumber } from './common/arguments.js';
import { Child } from './common/child.js';
import { findingLine, isCorrect } from './common/finding.js';
import { JSON_FILE, writeJson } from './common/json.js';
import { findingsOf, skewTable, staleLines } from './skew/report.js';
import { runSkew, type SkewRun } from './skew/run-skew.js';
import { staleKeys } from './skew/stale-values.js';
import { SkewStage } from './skew/stage.js';

const given = optionsOf('bench:skew', {
  runs: positiveNumber(20, 'runs'),
  calls: positiveNumber(1000, 'calls of each process in a run'),
  json: JSON_FILE,
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const module = new URL('./skew/client-process.js', import.meta.url);
const stage = await SkewStage.start({
  start: (name) => Child.start(name, module),
  end: (child: Child) => child.end(),
});
const runs: SkewRun[] = [];
try {
  for (let run = 1; run <= given.runs; run++) {
    const result = await runSkew(stage, run, given.calls);
    runs.push(result);
    process.stderr.write(`run ${String(run)}: ${String(staleKeys(result.stale))} stale keys\n`);
  }
  await stage.all('close');
} finally {
  await stage.stop();
}
console.log(`\n${skewTable(runs)}\n`);
for (const line of staleLines(runs)) console.log(line);
const findings = findingsOf(runs);
for (const found of findings) console.log(findingLine(found));
writeJson(given.json, runs);
process.exitCode = isCorrect(findings) ? 0 : 1;
