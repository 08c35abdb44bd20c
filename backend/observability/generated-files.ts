import { dashboard } from './dashboard/dashboard.js';
import { ruleFile } from './rule-file.js';

const MADE =
  '# Made by `npm run generate:observability` from backend/observability. Change it there.\n';

/** The files in `deploy/observability` that are made from here: their texts by their paths. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['prometheus/rules/redis-ha.yml', MADE + ruleFile()],
    ['grafana/dashboards/redis-ha.json', `${JSON.stringify(dashboard(), null, 2)}\n`],
  ]);
}
