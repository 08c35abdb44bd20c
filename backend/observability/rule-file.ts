import { RULE_GROUPS, runbookUrl } from './rule-groups.js';
import type { AlertCase, AlertRule, RecordingRule, RuleGroup } from './rule-types.js';
import { toYaml, type Yaml } from './to-yaml.js';

const STEP = '5s';

/** The rules as Prometheus reads them. */
export function ruleFile(groups: readonly RuleGroup[] = RULE_GROUPS): string {
  return toYaml({ groups: groups.map(groupYaml) }).trimStart() + '\n';
}

/** The same for the Prometheus Operator. */
export function prometheusRule(groups: readonly RuleGroup[] = RULE_GROUPS): string {
  const head = { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule' };
  const metadata = { name: 'redis-ha' };
  return toYaml({ ...head, metadata, spec: { groups: groups.map(groupYaml) } }).trimStart() + '\n';
}

function groupYaml({ name, interval, recordings, alerts }: RuleGroup): Yaml {
  return { name, interval, rules: [...recordings.map(recordingYaml), ...alerts.map(alertYaml)] };
}

function recordingYaml({ record, expr, labels }: RecordingRule): Yaml {
  return { record, expr, labels };
}

function alertYaml(rule: AlertRule): Yaml {
  const { alert, expr, severity, summary, description } = rule;
  return {
    alert,
    expr,
    for: rule.for,
    labels: { severity, service: 'redis-ha' },
    annotations: { summary, description, runbook_url: runbookUrl(rule) },
  };
}

/** A file of tests for promtool. */
export interface RuleTests {
  /** How often it evaluates the rules. Cases of hours would take a minute with that of seconds. */
  readonly every: '5s' | '1m';
  readonly yaml: string;
}

/** Tests of promtool: one that each alert fires, and one that it does not, unless it always does. */
export function ruleTests(alerts: readonly AlertRule[], ruleFiles: readonly string[]): RuleTests[] {
  const cases = alerts.flatMap((rule) => [
    ...[rule.fires, ...(rule.firesToo ?? [])].map((seen) => ({ rule, seen, times: 1 })),
    ...(rule.severity === 'none' ? [] : [{ rule, seen: rule.staysQuiet, times: 0 }]),
  ]);
  return (['5s', '1m'] as const).map((every) => {
    const tests = cases
      .filter(({ seen: { interval = STEP } }) => (interval === STEP) === (every === STEP))
      .map(({ rule, seen, times }) => testYaml(rule, seen, times));
    const file = { rule_files: ruleFiles, evaluation_interval: every, tests };
    return { every, yaml: `${toYaml(file).trimStart()}\n` };
  });
}

function testYaml({ alert }: AlertRule, seen: AlertCase, times: number): Yaml {
  const { at, series, interval = STEP } = seen;
  return {
    name: `${alert} ${times === 1 ? 'fires' : 'stays quiet'}`,
    interval,
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${alert}",alertstate="firing"} == 1)`,
        eval_time: at,
        exp_samples: times === 0 ? [] : [{ labels: '{}', value: 1 }],
      },
    ],
  };
}
