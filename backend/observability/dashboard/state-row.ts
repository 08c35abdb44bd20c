import { chosen, number, table, type Row } from './panel.js';

const YES_OR_NO = { 0: 'NO', 1: 'yes' };
const GOOD_FROM_1 = [
  { from: 0, color: 'red' },
  { from: 1, color: 'green' },
] as const;

/** What somebody who was woken sees first. */
export const STATE: Row = {
  title: 'Now',
  panels: [
    number({
      title: 'Writes',
      description: 'Whether any process has a primary that takes writes.',
      unit: 'none',
      queries: [{ expr: `max(${chosen('redis_ha_write_available')})`, legend: 'writes' }],
      thresholds: GOOD_FROM_1,
      words: YES_OR_NO,
    }),
    number({
      title: 'Reads',
      description: 'Whether any process has a node that answers reads.',
      unit: 'none',
      queries: [{ expr: `max(${chosen('redis_ha_read_available')})`, legend: 'reads' }],
      thresholds: GOOD_FROM_1,
      words: YES_OR_NO,
    }),
    number({
      title: 'Without Redis',
      description: 'Processes in degraded mode.',
      unit: 'none',
      queries: [{ expr: `sum(${chosen('redis_ha_mode', 'mode="degraded"')})`, legend: 'degraded' }],
      thresholds: [
        { from: 0, color: 'green' },
        { from: 1, color: 'red' },
      ],
    }),
    number({
      title: 'Nodes that answer',
      description: 'As the process sees it that sees most.',
      unit: 'none',
      queries: [
        { expr: `max(sum by (instance) (${chosen('redis_ha_node_up')}))`, legend: 'nodes' },
      ],
      thresholds: [
        { from: 0, color: 'red' },
        { from: 2, color: 'yellow' },
        { from: 3, color: 'green' },
      ],
    }),
    number({
      title: 'Sentinels to spare',
      description: 'How many more may be lost before no failover can happen.',
      unit: 'none',
      queries: [
        {
          expr: `max(${chosen('redis_ha_sentinels', 'state="up"')} - ignoring (state) ${chosen('redis_ha_sentinel_quorum')})`,
          legend: 'to spare',
        },
      ],
      thresholds: [
        { from: -10, color: 'red' },
        { from: 0, color: 'yellow' },
        { from: 1, color: 'green' },
      ],
    }),
    number({
      title: 'p99 of reads',
      description: 'What callers wait for, with waiting and repetitions.',
      unit: 's',
      queries: [
        {
          expr: `histogram_quantile(0.99, sum by (le) (rate(${chosen('redis_ha_command_duration_seconds_bucket', 'kind="read"')}[5m])))`,
          legend: 'p99',
        },
      ],
      thresholds: [
        { from: 0, color: 'green' },
        { from: 0.01, color: 'yellow' },
        { from: 0.2, color: 'red' },
      ],
    }),
    number({
      title: 'Hit rate',
      description: 'Of the last five minutes, caches and sessions.',
      unit: 'percentunit',
      queries: [
        {
          expr: `sum(rate(${chosen('redis_ha_cache_requests_total', 'result!="miss"')}[5m])) / sum(rate(${chosen('redis_ha_cache_requests_total')}[5m]))`,
          legend: 'hits',
        },
      ],
      thresholds: [
        { from: 0, color: 'red' },
        { from: 0.75, color: 'yellow' },
        { from: 0.85, color: 'green' },
      ],
    }),
    number({
      title: 'Cost a day',
      description: 'At the memory and processor time of the last five minutes.',
      unit: 'currencyUSD',
      queries: [
        { expr: 'sum(redis_ha:cost_dollars:day{environment=~"$environment"})', legend: 'a day' },
      ],
      thresholds: [
        { from: 0, color: 'green' },
        { from: 2, color: 'yellow' },
        { from: 5, color: 'red' },
      ],
    }),
    table({
      title: 'Alerts that fire',
      description: 'A click on the name leads to what to do.',
      unit: 'none',
      width: 24,
      queries: [
        {
          expr: 'ALERTS{alertstate="firing",service="redis-ha",alertname!="RedisHaWatchdog",environment=~"$environment|"}',
          legend: '{{alertname}}',
        },
      ],
      mayBeEmpty: 'all is well',
    }),
  ],
};
