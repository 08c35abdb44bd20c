import { findingLine, isCorrect, type Finding } from '../common/finding.js';
import { runScenario, type Run, type RunOptions } from './run-scenario.js';
import { scenarioTable } from './report.js';
import type { Scenario } from './scenario.js';
import { judge } from './verdict.js';

/** What is to be compared. */
export interface Comparison extends RunOptions {
  readonly scenarios: readonly Scenario[];
  readonly runs: number;
}

/** One scenario with everything that was measured. */
export interface ScenarioOutcome {
  readonly scenario: string;
  readonly title: string;
  readonly runs: readonly Run[];
  readonly findings: readonly Finding[];
}

/** Everything that was measured. */
export interface ComparisonOutcome {
  readonly scenarios: readonly ScenarioOutcome[];
  /** Nothing hangs, nothing is lost or doubled that should not be: the part that does not depend on the machine. */
  readonly isCorrect: boolean;
}

/** Runs the scenarios, prints a table for each and the verdict in the end. */
export async function compareFailovers(comparison: Comparison): Promise<ComparisonOutcome> {
  const scenarios: ScenarioOutcome[] = [];
  let isComplete = true;
  for (const scenario of comparison.scenarios) {
    const runs = await repeat(scenario, comparison);
    isComplete &&= runs.length === comparison.runs;
    if (runs.length === 0) continue;
    console.log(scenarioTable(scenario, runs));
    const findings = judge(scenario, runs);
    scenarios.push({ scenario: scenario.name, title: scenario.title, runs, findings });
  }
  console.log('\nOurs against its promises');
  for (const { scenario, findings } of scenarios) {
    console.log([scenario, ...findings.map(findingLine)].join('\n'));
  }
  const findings = scenarios.flatMap((outcome) => outcome.findings);
  const kept = findings.filter(({ isKept }) => isKept).length;
  console.log(`\n${String(kept)} kept, ${String(findings.length - kept)} broken`);
  return { scenarios, isCorrect: isCorrect(findings) && isComplete };
}

async function repeat(scenario: Scenario, comparison: Comparison): Promise<Run[]> {
  const runs: Run[] = [];
  for (let number = 1; number <= comparison.runs; number++) {
    process.stderr.write(`${scenario.name} ${String(number)} of ${String(comparison.runs)}\n`);
    try {
      runs.push(await runScenario(scenario, comparison));
    } catch (error) {
      console.error(`${scenario.name}: the run failed:`, error);
    }
  }
  return runs;
}
