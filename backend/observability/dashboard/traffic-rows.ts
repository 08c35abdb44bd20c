import { chosen, lines, rate, type Query, type Row } from './panel.js';

const QUANTILES = [0.5, 0.95, 0.99];

function latency(kind: 'read' | 'write'): Query[] {
  const buckets = rate('redis_ha_command_duration_seconds_bucket', `kind="${kind}"`);
  return QUANTILES.map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum by (le) (${buckets}))`,
    legend: `p${quantile * 100}`,
  }));
}

/** Commands: how many, how quick, how they end. */
export const COMMANDS: Row = {
  title: 'Commands',
  panels: [
    lines({
      title: 'Throughput',
      description: 'Commands that ended, a second.',
      unit: 'ops',
      queries: [{ expr: `sum by (kind) (${rate('redis_ha_commands_total')})`, legend: '{{kind}}' }],
    }),
    lines({
      title: 'Latency of reads',
      description: 'What callers wait for, with waiting and repetitions.',
      unit: 's',
      queries: latency('read'),
    }),
    lines({
      title: 'Latency of writes',
      description:
        'Writes wait for a new primary in a failover: a peak of seconds there is no error.',
      unit: 's',
      queries: latency('write'),
    }),
    lines({
      title: 'Errors',
      description: 'Commands that did not end with an answer, by how they ended.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (outcome) (${rate('redis_ha_commands_total', 'outcome!="ok"')})`,
          legend: '{{outcome}}',
        },
        {
          expr: `sum(${rate('redis_ha_rejections_total', 'reply="OOM"')})`,
          legend: 'rejected: memory is full',
        },
      ],
    }),
    lines({
      title: 'Share of reads and writes',
      description: 'What replicas can take over, and what they cannot.',
      unit: 'percentunit',
      max: 1,
      stacked: true,
      queries: [
        {
          expr: `sum by (kind) (${rate('redis_ha_commands_total', 'kind!="blocking"')}) / ignoring (kind) group_left () sum(${rate('redis_ha_commands_total', 'kind!="blocking"')})`,
          legend: '{{kind}}',
        },
      ],
    }),
    lines({
      title: 'Deadlines missed, and repetitions',
      description: 'One miss in a thousand commands is allowed for.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (kind) (${rate('redis_ha_deadline_misses_total')})`,
          legend: 'missed: {{kind}}',
        },
        {
          expr: `sum by (reason) (${rate('redis_ha_retries_total')})`,
          legend: 'sent again: {{reason}}',
        },
      ],
    }),
    lines({
      title: 'Connections',
      description: 'Of the pools. When none is idle, callers wait.',
      unit: 'short',
      stacked: true,
      queries: [
        {
          expr: `sum by (pool, state) (${chosen('redis_ha_pool_connections')})`,
          legend: '{{pool}}: {{state}}',
        },
      ],
    }),
    lines({
      title: 'Waiting',
      description: 'Commands that wait for a node, and all that are not over.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (direction) (${chosen('redis_ha_queue_commands')})`,
          legend: 'for a node: {{direction}}',
        },
        { expr: `sum(${chosen('redis_ha_pending_commands')})`, legend: 'not over' },
      ],
    }),
    lines({
      title: 'Hot keys',
      description:
        'Keys that one process accesses very often, and the reads that Redis was spared.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (direction) (${chosen('redis_ha_hot_keys')})`,
          legend: 'hot: {{direction}}',
        },
        { expr: `sum(${rate('redis_ha_hot_key_spared_reads_total')})`, legend: 'spared, a second' },
      ],
    }),
  ],
};

const NAMESPACE = 'namespace=~"$namespace"';

/** Caches and sessions. */
export const CACHE: Row = {
  title: 'Caches and sessions',
  panels: [
    lines({
      title: 'Hit rate',
      description: 'Below 75 % for a quarter of an hour there is an alert.',
      unit: 'percentunit',
      min: 0,
      max: 1,
      queries: [
        {
          expr: `sum by (namespace) (rate(${chosen('redis_ha_cache_requests_total', NAMESPACE, 'result!="miss"')}[5m])) / sum by (namespace) (rate(${chosen('redis_ha_cache_requests_total', NAMESPACE)}[5m]))`,
          legend: '{{namespace}}',
        },
      ],
    }),
    lines({
      title: 'Reads by result',
      description: '`stale` was served past its time because nothing better was to be had.',
      unit: 'ops',
      stacked: true,
      queries: [
        {
          expr: `sum by (result) (${rate('redis_ha_cache_requests_total', NAMESPACE)})`,
          legend: '{{result}}',
        },
      ],
    }),
    lines({
      title: 'Loads',
      description: 'What the source of the values bears.',
      unit: 'ops',
      queries: [
        { expr: `sum(${rate('redis_ha_cache_loads_total')})`, legend: 'loads' },
        { expr: `sum(${rate('redis_ha_cache_load_failures_total')})`, legend: 'failed' },
        {
          expr: `sum(${rate('redis_ha_cache_joined_total')})`,
          legend: 'waited for the load of another',
        },
        { expr: `sum(${rate('redis_ha_cache_errors_total')})`, legend: 'errors' },
      ],
    }),
    lines({
      title: 'Near copies',
      description:
        'Hits of caches and reads of `redis.near` that were answered from memory, and processes that Redis does not tell of changed keys.',
      unit: 'ops',
      queries: [
        { expr: `sum(${rate('redis_ha_cache_near_hits_total')})`, legend: 'near hits' },
        {
          expr: `sum by (result) (${rate('redis_ha_near_key_reads_total')})`,
          legend: 'redis.near: {{result}}',
        },
        {
          expr: `sum(1 - ${chosen('redis_ha_near_hearing')})`,
          legend: 'processes that hear nothing',
        },
      ],
    }),
    lines({
      title: 'Warm-up',
      description: 'Keys that warm-ups have come past, and how many run.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (outcome) (${rate('redis_ha_warm_up_keys_total')})`,
          legend: '{{outcome}}, a second',
        },
        { expr: `sum(${chosen('redis_ha_warm_ups_running')})`, legend: 'running' },
      ],
    }),
    lines({
      title: 'Sessions',
      description: '`unavailable`: nobody could tell whether it is valid.',
      unit: 'ops',
      queries: [
        { expr: `sum by (event) (${rate('redis_ha_sessions_total')})`, legend: '{{event}}' },
      ],
    }),
  ],
};
