import { FAMILY_TABLE } from '../src/redis/metrics/family-table.js';
import { RULE_GROUPS } from './rule-groups.js';

/** What is used of redis_exporter. An integration test asks a real one whether it has them. */
export const EXPORTER_METRICS = {
  ofNodes: [
    'redis_up',
    'redis_memory_used_bytes',
    'redis_memory_used_rss_bytes',
    'redis_memory_max_bytes',
    'redis_cpu_sys_seconds_total',
    'redis_cpu_user_seconds_total',
  ],
  ofSentinels: ['redis_sentinel_master_status'],
} as const;

/** What is used of the metrics of a process, which prom-client collects. */
export const PROCESS_METRICS = [
  'process_resident_memory_bytes',
  'process_cpu_seconds_total',
  'process_start_time_seconds',
];

/** What Prometheus has of itself. */
const OWN = ['up', 'ALERTS'];

/** What is recorded in `prices.yml`, which people edit. */
export const PRICES = [
  'redis_ha:price_dollars:gigabyte_month',
  'redis_ha:price_dollars:core_month',
  'redis_ha:cost_limit_dollars:day',
  'redis_ha:cost_limit_dollars:month',
];

const LIBRARY = FAMILY_TABLE.flatMap(({ name, type }) =>
  (type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).map(
    (suffix) => `redis_ha_${name}${suffix}`,
  ),
);

const KNOWN: ReadonlySet<string> = new Set<string>([
  ...LIBRARY,
  ...EXPORTER_METRICS.ofNodes,
  ...EXPORTER_METRICS.ofSentinels,
  ...PROCESS_METRICS,
  ...OWN,
  ...PRICES,
  ...RULE_GROUPS.flatMap(({ recordings }) => recordings.map(({ record }) => record)),
]);

/** The metrics that an expression asks for and that nobody exports or records. */
export function unknownMetrics(expr: string): string[] {
  const withoutTexts = expr.replace(/"[^"]*"/g, '""');
  const named = withoutTexts.match(/\b(?:(?:redis|process|http)_[\w:]+|ALERTS|up(?=\{))/g) ?? [];
  return [...new Set(named)].filter((name) => !KNOWN.has(name));
}
