import { chosen, lines, rate, type Row } from './panel.js';

const HERE = 'environment=~"$environment"';
const UNUSUAL = 'the score needs an hour of history';

/** Nodes, Sentinels and failovers. */
export const NODES: Row = {
  title: 'Nodes and failovers',
  panels: [
    lines({
      title: 'Replication lag',
      description: 'Above 500 ms for five minutes there is an alert.',
      unit: 's',
      queries: [
        {
          expr: `max by (node) (${chosen('redis_ha_replication_lag_seconds')})`,
          legend: '{{node}}',
        },
      ],
      mayBeEmpty: 'without Sentinel there are no replicas',
    }),
    lines({
      title: 'Nodes that answer',
      description: 'By the role they have; it changes in a failover.',
      unit: 'short',
      queries: [
        {
          expr: `max by (node, role) (${chosen('redis_ha_node_up')})`,
          legend: '{{node}}: {{role}}',
        },
      ],
    }),
    lines({
      title: 'Failovers',
      description:
        'In the last hour, as the process saw it that saw most; and how long writes waited on average.',
      unit: 'short',
      queries: [
        {
          expr: `max by (reason) (increase(${chosen('redis_ha_failovers_total')}[1h]))`,
          legend: '{{reason}}',
        },
        {
          expr: `max(increase(${chosen('redis_ha_primary_resets_total')}[1h]))`,
          legend: 'restarted in place',
        },
        {
          expr: `sum by (reason) (rate(${chosen('redis_ha_failover_duration_seconds_sum')}[1h])) / (sum by (reason) (rate(${chosen('redis_ha_failover_duration_seconds_count')}[1h])) > 0)`,
          legend: '{{reason}}: seconds',
        },
      ],
    }),
    lines({
      title: 'Memory of the nodes',
      description: 'Of maxmemory. Above 85 % there is an alert.',
      unit: 'percentunit',
      min: 0,
      max: 1,
      queries: [
        {
          expr: `redis_memory_used_bytes{${HERE}} / (redis_memory_max_bytes{${HERE}} > 0)`,
          legend: '{{instance}}',
        },
      ],
      mayBeEmpty: 'a node without maxmemory has no share of it',
    }),
    lines({
      title: 'Memory of processes',
      description: 'Nodes and applications, as the system counts it.',
      unit: 'bytes',
      queries: [{ expr: `redis_ha:service_memory_bytes:avg5m{${HERE}}`, legend: '{{service}}' }],
    }),
    lines({
      title: 'Processor time',
      description: 'Cores in use by nodes, Sentinels and applications.',
      unit: 'short',
      queries: [
        { expr: `redis_ha:service_processor_cores:rate5m{${HERE}}`, legend: '{{service}}' },
      ],
    }),
    lines({
      title: 'Sentinels',
      description: 'As the process sees it that sees most; the line is how many must agree.',
      unit: 'short',
      queries: [
        { expr: `max by (state) (${chosen('redis_ha_sentinels')})`, legend: '{{state}}' },
        { expr: `max(${chosen('redis_ha_sentinel_quorum')})`, legend: 'quorum' },
      ],
    }),
    lines({
      title: 'Epoch',
      description: 'Grows with each new primary, also where a failover fell between two scrapes.',
      unit: 'short',
      queries: [{ expr: `max(${chosen('redis_ha_config_epoch')})`, legend: 'epoch' }],
    }),
    lines({
      title: 'Clocks',
      description: 'How far a process is ahead of the primary.',
      unit: 's',
      queries: [
        {
          expr: `max by (instance) (${chosen('redis_ha_clock_offset_seconds')})`,
          legend: '{{instance}}',
        },
      ],
    }),
  ],
};

/** What happens while Redis is away. */
export const AWAY: Row = {
  title: 'While Redis is away',
  panels: [
    lines({
      title: 'Modes',
      description: 'How many processes are in each.',
      unit: 'short',
      stacked: true,
      queries: [{ expr: `sum by (mode) (${chosen('redis_ha_mode')})`, legend: '{{mode}}' }],
    }),
    lines({
      title: 'Breakers that are open',
      description: 'How many processes do not ask Redis.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (direction) (${chosen('redis_ha_breaker_open')})`,
          legend: '{{direction}}',
        },
      ],
    }),
    lines({
      title: 'What keyspaces wanted',
      description: '`failed` and `away`: memory or the journal stood in.',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (direction, outcome) (${rate('redis_ha_keyspace_operations_total')})`,
          legend: '{{direction}}: {{outcome}}',
        },
      ],
    }),
    lines({
      title: 'Journal: room taken',
      description:
        'Above one half there is an alert. When it is full, writes end with JOURNAL_FULL.',
      unit: 'percentunit',
      min: 0,
      max: 1,
      queries: [
        {
          expr: `max by (instance) (${chosen('redis_ha_journal_bytes')} / ${chosen('redis_ha_journal_max_bytes')})`,
          legend: '{{instance}}',
        },
      ],
    }),
    lines({
      title: 'Journal: writes',
      description: 'Those that wait, and what became of the others.',
      unit: 'short',
      queries: [
        { expr: `sum(${chosen('redis_ha_journal_entries')})`, legend: 'waiting' },
        { expr: `sum(${rate('redis_ha_journal_applied_total')})`, legend: 'replayed, a second' },
        { expr: `sum(${rate('redis_ha_journal_dropped_total')})`, legend: 'LOST: no room' },
        { expr: `sum(${rate('redis_ha_journal_expired_total')})`, legend: 'LOST: too old' },
        {
          expr: `sum(${rate('redis_ha_journal_rejected_total')})`,
          legend: 'LOST: refused by Redis',
        },
        { expr: `sum(${rate('redis_ha_journal_refused_total')})`, legend: 'not taken' },
      ],
    }),
    lines({
      title: 'Memory that stands in',
      description: 'Of its bound. What leaves for lack of room is unknown while Redis is away.',
      unit: 'percentunit',
      min: 0,
      max: 1,
      queries: [
        {
          expr: `max by (instance) (${chosen('redis_ha_memory_bytes')} / ${chosen('redis_ha_memory_max_bytes')})`,
          legend: '{{instance}}',
        },
      ],
    }),
  ],
};

/** Money, and what is unusual. */
export const COST: Row = {
  title: 'Cost, and what is unusual',
  panels: [
    lines({
      title: 'Cost a day by service',
      description: 'Measured memory and processor time, times the prices of prices.yml.',
      unit: 'currencyUSD',
      stacked: true,
      queries: [
        { expr: `sum by (service) (redis_ha:cost_dollars:day{${HERE}})`, legend: '{{service}}' },
      ],
    }),
    lines({
      title: 'Cost a month',
      description: 'If it goes on like in the last day, against the budget.',
      unit: 'currencyUSD',
      min: 0,
      queries: [
        {
          expr: `30 * sum(avg_over_time(redis_ha:environment_cost_dollars:day{${HERE}}[1d]))`,
          legend: 'as in the last day',
        },
        { expr: 'redis_ha:cost_limit_dollars:month', legend: 'budget' },
      ],
    }),
    lines({
      title: 'How unusual it is',
      description:
        'Spreads away from the last hour. Above five, and as unusual for the time of day, there is an alert.',
      unit: 'short',
      queries: [
        { expr: `redis_ha:latency:hour_score{${HERE}}`, legend: 'latency: {{kind}}' },
        { expr: `redis_ha:traffic:hour_score{${HERE}}`, legend: 'traffic' },
        { expr: `redis_ha:hit_rate:hour_score{${HERE}}`, legend: 'hit rate: {{namespace}}' },
      ],
      mayBeEmpty: UNUSUAL,
    }),
  ],
};
