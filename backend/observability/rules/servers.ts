import { appSeries, nodeSeries, series, type AlertRule, type RuleGroup } from '../rule-types.js';

const appUp = (instance: string): string =>
  series('up', { environment: 'test', job: 'redis-ha-app', instance });
const memoryUsed = nodeSeries('redis_memory_used_bytes');
const memoryMax = nodeSeries('redis_memory_max_bytes');
const cost = (service: string, resource: string): string =>
  series('redis_ha:cost_dollars:day', { environment: 'test', service, resource });

const DAYS_A_MONTH = 30;

const TARGETS: readonly AlertRule[] = [
  {
    alert: 'RedisHaTargetDown',
    severity: 'warning',
    expr: 'up{job=~"redis-ha-.*"} == 0 or redis_up{job=~"redis-ha-.*"} == 0',
    for: '10s',
    summary: '{{ $labels.instance }} cannot be asked for its metrics ({{ $labels.environment }})',
    description:
      'The process is gone, hangs, or cannot be reached from Prometheus ({{ $labels.job }}). Alerts about it are blind.',
    fires: { at: '1m', series: { [nodeSeries('redis_up')]: '1 0x20' } },
    staysQuiet: { at: '1m', series: { [nodeSeries('redis_up')]: '1 0 0 1x20' } },
  },
  {
    alert: 'RedisHaNoTarget',
    severity: 'critical',
    expr: [
      'count by (environment) (up{job="redis-ha-app"}) unless on (environment) (up{job="redis-ha-app"} == 1)',
      'or absent(up{job="redis-ha-app"})',
    ].join('\n'),
    for: '15s',
    summary: 'No application answers with its metrics ({{ $labels.environment }})',
    description:
      'All are gone, or Prometheus cannot reach any of them. Nothing that only they know can raise an alert.',
    fires: { at: '1m', series: { [appUp('a')]: '1 0x20', [appUp('b')]: '1 0x20' } },
    staysQuiet: { at: '1m', series: { [appUp('a')]: '1 0x20', [appUp('b')]: '1x20' } },
  },
  {
    alert: 'RedisHaWatchdog',
    severity: 'none',
    expr: 'vector(1)',
    summary: 'Alerts are evaluated and delivered',
    description:
      'This one always fires. Where it stops arriving, Prometheus or Alertmanager is gone.',
    fires: { at: '0s', series: {} },
    staysQuiet: { at: '0s', series: {} },
  },
];

const ROOM_AND_COST: readonly AlertRule[] = [
  {
    alert: 'RedisHaMemoryHigh',
    severity: 'warning',
    expr: 'redis_memory_used_bytes / (redis_memory_max_bytes > 0) > 0.85',
    for: '15s',
    summary:
      '{{ $labels.instance }} has {{ $value | humanizePercentage }} of its memory in use ({{ $labels.environment }})',
    description:
      'With noeviction Redis refuses writes when it is full; otherwise it throws keys away.',
    fires: { at: '1m', series: { [memoryUsed]: '80 90x20', [memoryMax]: '100x20' } },
    staysQuiet: { at: '1m', series: { [memoryUsed]: '90x20', [memoryMax]: '0x20' } },
  },
  {
    alert: 'RedisHaDailyCost',
    severity: 'warning',
    expr: 'redis_ha:environment_cost_dollars:day > on () group_left () redis_ha:cost_limit_dollars:day',
    for: '10s',
    summary:
      'Redis and its applications cost ${{ printf "%.2f" $value }} a day ({{ $labels.environment }})',
    description:
      'That is above the limit in prices.yml, at the memory and processor time of the last five minutes.',
    fires: {
      at: '1m',
      series: {
        [cost('redis-master:6379', 'memory')]: '3x20',
        [cost('backend-1:3000', 'processor')]: '2.5x20',
        'redis_ha:cost_limit_dollars:day': '5x20',
      },
    },
    staysQuiet: {
      at: '1m',
      series: {
        [cost('redis-master:6379', 'memory')]: '2x20',
        'redis_ha:cost_limit_dollars:day': '5x20',
      },
    },
  },
  {
    alert: 'RedisHaMonthlyBudget',
    severity: 'warning',
    expr: [
      `${DAYS_A_MONTH} * avg_over_time(redis_ha:environment_cost_dollars:day[1d])`,
      '> on () group_left () redis_ha:cost_limit_dollars:month',
    ].join('\n'),
    for: '1h',
    summary:
      'A month like the last day would cost ${{ printf "%.2f" $value }} ({{ $labels.environment }})',
    description: 'That is above the budget in prices.yml.',
    fires: {
      at: '2h',
      interval: '5m',
      series: {
        [cost('redis-master:6379', 'memory')]: '3x40',
        'redis_ha:cost_limit_dollars:month': '60x40',
      },
    },
    staysQuiet: {
      at: '2h',
      interval: '5m',
      series: {
        // Each was replaced within the day, by a deployment. None of them ran beside another.
        [cost('10.0.0.1:3000', 'memory')]: '1.5x10 _x30',
        [cost('10.0.0.2:3000', 'memory')]: '_x11 1.5x10 _x20',
        [cost('10.0.0.3:3000', 'memory')]: '_x22 1.5x18',
        'redis_ha:cost_limit_dollars:month': '60x40',
      },
    },
  },
];

// The service is the address of a node, a Sentinel or an application.
function perService(value: string): string {
  return `sum by (environment, service) (label_replace(${value}, "service", "$1", "instance", "(.*)"))`;
}

const DAY_S = 86_400;
const expiry = appSeries('redis_ha_certificate_expiry_timestamp_seconds', {
  node: 'sentinel-1:26379',
});

const CERTIFICATES: readonly AlertRule[] = [
  {
    alert: 'RedisHaCertificateExpires',
    severity: 'warning',
    expr: `min by (environment, node) (redis_ha_certificate_expiry_timestamp_seconds) - time() < 21 * ${DAY_S}`,
    for: '15m',
    summary:
      'The certificate of {{ $labels.node }} is good for {{ $value | humanizeDuration }} only ({{ $labels.environment }})',
    description:
      'After that no application, no replica and no Sentinel gets a new connection to it. Those that are open stay, so it shows at the next restart or failover.',
    fires: { at: '30m', interval: '1m', series: { [expiry]: `${20 * DAY_S}x60` } },
    staysQuiet: { at: '30m', interval: '1m', series: { [expiry]: `${22 * DAY_S}x60` } },
  },
];

/** What servers have and cost. The prices are in `prices.yml`. */
export const SERVERS: RuleGroup = {
  name: 'redis-ha-servers',
  interval: '5s',
  recordings: [
    {
      record: 'redis_ha:service_memory_bytes:avg5m',
      expr: perService(
        'avg_over_time(redis_memory_used_rss_bytes[5m]) or avg_over_time(process_resident_memory_bytes{job="redis-ha-app"}[5m])',
      ),
    },
    {
      record: 'redis_ha:service_processor_cores:rate5m',
      expr: perService(
        'rate(redis_cpu_sys_seconds_total[5m]) + rate(redis_cpu_user_seconds_total[5m]) or rate(process_cpu_seconds_total{job="redis-ha-app"}[5m])',
      ),
    },
    {
      record: 'redis_ha:cost_dollars:day',
      labels: { resource: 'memory' },
      expr: `redis_ha:service_memory_bytes:avg5m / 1e9 * on () group_left () redis_ha:price_dollars:gigabyte_month / ${DAYS_A_MONTH}`,
    },
    {
      record: 'redis_ha:cost_dollars:day',
      labels: { resource: 'processor' },
      expr: `redis_ha:service_processor_cores:rate5m * on () group_left () redis_ha:price_dollars:core_month / ${DAYS_A_MONTH}`,
    },
    {
      // Summed before anything is averaged: an instance that was replaced is to count for as long as it ran.
      record: 'redis_ha:environment_cost_dollars:day',
      expr: 'sum by (environment) (redis_ha:cost_dollars:day)',
    },
  ],
  alerts: [...TARGETS, ...CERTIFICATES, ...ROOM_AND_COST],
};
