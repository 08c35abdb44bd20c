import { dashboard } from './dashboard/dashboard.js';
import { prometheusRule, ruleFile } from './rule-file.js';

const MADE =
  '# Made by `npm run generate:observability` from backend/observability. Change it there.\n';

/** The files in `deploy` that are made from here: their texts by their paths. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['observability/prometheus/rules/redis-ha.yml', MADE + ruleFile()],
    ['kubernetes/components/monitoring/prometheus-rule.yaml', MADE + prometheusRule()],
    ['observability/grafana/dashboards/redis-ha.json', `${JSON.stringify(dashboard(), null, 2)}\n`],
  ]);
}
