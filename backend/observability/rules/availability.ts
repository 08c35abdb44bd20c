import { appSeries, grown, nodeSeries, type AlertRule, type RuleGroup } from '../rule-types.js';

// Somebody chose to have no Redis there.
const WANTS_REDIS = 'on (environment, instance, connection) redis_ha_info{mode!="memory"}';

const SENTINEL_INFO = appSeries('redis_ha_info', { mode: 'sentinel', master_name: 'mymaster' });
const up = appSeries('redis_ha_sentinels', { state: 'up' });
const down = appSeries('redis_ha_sentinels', { state: 'down' });
const quorum = appSeries('redis_ha_sentinel_quorum');
const failures = appSeries('redis_ha_failovers_total', { reason: 'failure' });
const lag = appSeries('redis_ha_replication_lag_seconds', { node: '10.0.0.2:6379' });

const PRIMARY: readonly AlertRule[] = [
  {
    alert: 'RedisHaNoWritablePrimary',
    severity: 'critical',
    expr: `max by (environment, connection) (redis_ha_write_available and ${WANTS_REDIS}) == 0`,
    for: '10s',
    summary: 'Nobody can write to Redis ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'No process has had a primary that takes writes for ten seconds: longer than a failover takes. Caches and sessions go on from memory and the journal; strict keyspaces and plain commands fail.',
    fires: {
      at: '1m',
      series: { [appSeries('redis_ha_write_available')]: '1 0x20', [SENTINEL_INFO]: '1x20' },
    },
    staysQuiet: {
      at: '1m',
      series: {
        [appSeries('redis_ha_write_available')]: '0x20',
        [appSeries('redis_ha_write_available', {}, 'backend-2:3000')]: '1x20',
        [SENTINEL_INFO]: '1x20',
        [appSeries(
          'redis_ha_info',
          { mode: 'sentinel', master_name: 'mymaster' },
          'backend-2:3000',
        )]: '1x20',
      },
    },
  },
  {
    alert: 'RedisHaFailover',
    severity: 'warning',
    expr: `max by (environment, connection, reason) (${grown('redis_ha_failovers_total', 1)}) > 0`,
    summary:
      'The primary of Redis was replaced ({{ $labels.reason }}; {{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'Another node is the primary now. Reads went on and writes waited. The old primary may have lost its last writes. This message is over a minute later by itself.',
    fires: { at: '1m', series: { [failures]: '0 0 0 0 0 0 1x20' } },
    staysQuiet: { at: '3m', series: { [failures]: '0 0 0 1x60' } },
  },
  {
    alert: 'RedisHaFailoverFlapping',
    severity: 'critical',
    expr: `max by (environment, connection) (sum without (reason) (${grown('redis_ha_failovers_total{reason="failure"}', 10)})) > 2.5`,
    summary:
      'The primary of Redis changes again and again ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'Three failovers or more within ten minutes. Each of them makes writes wait and may lose the last ones. Something makes healthy primaries look dead.',
    fires: { at: '8m', interval: '30s', series: { [failures]: '0 0 1 1 1 2 2 2 3x20' } },
    staysQuiet: { at: '8m', interval: '30s', series: { [failures]: '0 0 1 1 1 2x20' } },
  },
  {
    alert: 'RedisHaPrimaryReset',
    severity: 'warning',
    expr: `max by (environment, connection) (${grown('redis_ha_primary_resets_total', 1)}) > 0`,
    summary:
      'The primary of Redis restarted and was not replaced ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'The same address is another process now. Without persistence it is empty, and its replicas copy that.',
    fires: { at: '1m', series: { [appSeries('redis_ha_primary_resets_total')]: '0 0 0 1x20' } },
    staysQuiet: { at: '1m', series: { [appSeries('redis_ha_primary_resets_total')]: '3x20' } },
  },
];

const REDUNDANCY: readonly AlertRule[] = [
  {
    alert: 'RedisHaQuorumLost',
    severity: 'critical',
    expr: [
      'max by (environment, connection) (',
      '  redis_ha_sentinels{state="up"} - ignoring (state) redis_ha_sentinel_quorum',
      ') < 0',
      'or',
      'max by (environment, connection) (',
      '  2 * redis_ha_sentinels{state="up"} - ignoring (state) sum without (state) (redis_ha_sentinels)',
      ') <= 0',
    ].join('\n'),
    for: '10s',
    summary:
      'Too few Sentinels answer: no failover can happen ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'Fewer Sentinels answer than must agree, or only half of them or less. Redis goes on as it is. If the primary is lost now, nobody replaces it.',
    fires: { at: '1m', series: { [up]: '3 1x20', [down]: '0 2x20', [quorum]: '2x20' } },
    staysQuiet: { at: '1m', series: { [up]: '3 2x20', [down]: '0 1x20', [quorum]: '2x20' } },
  },
  {
    alert: 'RedisHaReplicationLag',
    severity: 'warning',
    expr: 'max by (environment, connection, node) (redis_ha_replication_lag_seconds) > 0.5',
    for: '5m',
    summary:
      'The replica {{ $labels.node }} is {{ $value | humanizeDuration }} behind ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'More than 500 ms for five minutes. Reads from it are old, and if it becomes the primary what it lacks is lost.',
    fires: { at: '6m', interval: '15s', series: { [lag]: '0.8x40' } },
    staysQuiet: { at: '6m', interval: '15s', series: { [lag]: '0.8x8 0.1x4 0.8x20' } },
  },
  {
    alert: 'RedisHaWritesAtRisk',
    severity: 'warning',
    expr: [
      'max by (environment, connection) (redis_ha_info{mode="sentinel"})',
      'unless on (environment, connection) (redis_ha_replication_lag_seconds < 10)',
    ].join('\n'),
    for: '30s',
    summary:
      'What is written to Redis is on one node only ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'No replica follows the primary within ten seconds. If the primary is lost now, its writes are lost, or nobody can replace it.',
    fires: { at: '2m', series: { [SENTINEL_INFO]: '1x30', [lag]: '0.1 0.1 30x30' } },
    staysQuiet: { at: '2m', series: { [SENTINEL_INFO]: '1x30', [lag]: '0.1x30' } },
  },
  {
    alert: 'RedisHaSentinelsDisagree',
    severity: 'warning',
    expr: [
      'count by (environment, master_name) (',
      '  count by (environment, master_name, master_address) (redis_sentinel_master_status)',
      ') > 1',
    ].join('\n'),
    // Every failover makes them disagree for some seconds.
    for: '30s',
    summary:
      'The Sentinels name {{ $value }} primaries of {{ $labels.master_name }} ({{ $labels.environment }})',
    description:
      'They have not agreed for half a minute. Applications follow the highest epoch of those that are configured; other clients may write to a node that will be thrown away.',
    fires: {
      at: '1m',
      series: {
        [nodeSeries('redis_sentinel_master_status', sentinelLabels('10.0.0.1'), 's-1')]: '1x20',
        [nodeSeries('redis_sentinel_master_status', sentinelLabels('10.0.0.2'), 's-2')]: '1x20',
      },
    },
    staysQuiet: {
      at: '1m',
      series: {
        [nodeSeries('redis_sentinel_master_status', sentinelLabels('10.0.0.1'), 's-1')]: '1x20',
        [nodeSeries('redis_sentinel_master_status', sentinelLabels('10.0.0.1'), 's-2')]: '1x20',
      },
    },
  },
  {
    alert: 'RedisHaClockSkew',
    severity: 'warning',
    expr: 'max by (environment, connection, instance) (abs(redis_ha_clock_offset_seconds)) > 1',
    for: '1m',
    summary:
      'The clock of {{ $labels.instance }} differs from that of Redis by {{ $value | humanizeDuration }} ({{ $labels.environment }})',
    description:
      'Caches and sessions keep the time of the primary. What this process writes while it cannot ask Redis gets a wrong stamp, and a failover to a node with another clock moves all ends.',
    fires: { at: '2m', series: { [appSeries('redis_ha_clock_offset_seconds')]: '-3x30' } },
    staysQuiet: { at: '2m', series: { [appSeries('redis_ha_clock_offset_seconds')]: '-0.4x30' } },
  },
];

function sentinelLabels(primary: string): Record<string, string> {
  return { master_name: 'mymaster', master_address: `${primary}:6379`, master_status: 'ok' };
}

/** The primary, its replicas and its Sentinels. */
export const AVAILABILITY: RuleGroup = {
  name: 'redis-ha-availability',
  interval: '5s',
  recordings: [],
  alerts: [...PRIMARY, ...REDUNDANCY],
};
