import {
  appSeries,
  grown,
  type AlertRule,
  type RecordingRule,
  type RuleGroup,
} from '../rule-types.js';

const WANTS_REDIS = 'on (environment, instance, connection) redis_ha_info{mode!="memory"}';
/** Of a thousand commands, one may miss its deadline. */
const ALLOWED_MISSES = 0.001;
const FAST_BURN = 14.4;
const SLOW_BURN = 6;

const misses = appSeries('redis_ha_deadline_misses_total', { kind: 'read' });
const commands = appSeries('redis_ha_commands_total', { kind: 'read', outcome: 'ok' });
const journalBytes = appSeries('redis_ha_journal_bytes');
const journalMax = appSeries('redis_ha_journal_max_bytes');
const refused = appSeries('redis_ha_journal_refused_total');
const dropped = appSeries('redis_ha_journal_dropped_total');
const expired = appSeries('redis_ha_journal_expired_total');
const rejected = appSeries('redis_ha_journal_rejected_total');
const began =
  'process_start_time_seconds{environment="test",job="redis-ha-app",instance="backend-1:3000"}';

/** The share of commands that missed their deadline, over a window. */
function missRatio(window: string): RecordingRule {
  return {
    record: `redis_ha:deadline_miss_ratio:rate${window}`,
    expr: [
      `sum by (environment, connection) (rate(redis_ha_deadline_misses_total{kind!="blocking"}[${window}]))`,
      `/ (sum by (environment, connection) (rate(redis_ha_commands_total{kind!="blocking"}[${window}])) > 0)`,
    ].join('\n'),
  };
}

function burnsIn(long: string, short: string, factor: number): string {
  const limit = String(Math.round(ALLOWED_MISSES * factor * 1e6) / 1e6);
  return [
    `redis_ha:deadline_miss_ratio:rate${long} > ${limit}`,
    `and redis_ha:deadline_miss_ratio:rate${short} > ${limit}`,
  ].join('\n');
}

const DEADLINES: readonly AlertRule[] = [
  {
    alert: 'RedisHaDeadlinesBurnFast',
    severity: 'critical',
    expr: burnsIn('1h', '5m', FAST_BURN),
    summary:
      '{{ $value | humanizePercentage }} of the Redis commands miss their deadline ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'At this rate the misses allowed for a month (one command in a thousand) are used up in two days. Users wait, or get errors.',
    fires: {
      at: '10m',
      interval: '30s',
      series: { [misses]: '0+60x20', [commands]: '0+1000x20' },
    },
    // A burst that is over: the long window remembers it, the short one does not.
    staysQuiet: {
      at: '30m',
      interval: '30s',
      series: { [misses]: '0+60x20 1200x40', [commands]: '0+1000x60' },
    },
  },
  {
    alert: 'RedisHaDeadlinesBurnSlow',
    severity: 'warning',
    expr: burnsIn('6h', '30m', SLOW_BURN),
    summary:
      '{{ $value | humanizePercentage }} of the Redis commands have missed their deadline for hours ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'At this rate the misses allowed for a month (one command in a thousand) are used up in five days.',
    fires: {
      at: '3h',
      interval: '5m',
      series: { [misses]: '0+8x40', [commands]: '0+1000x40' },
    },
    staysQuiet: {
      at: '3h',
      interval: '5m',
      series: { [misses]: '0+2x40', [commands]: '0+1000x40' },
    },
  },
];

const FALLBACK: readonly AlertRule[] = [
  {
    alert: 'RedisHaDegraded',
    severity: 'warning',
    expr: `max by (environment, connection, instance) (redis_ha_mode{mode="degraded"} and ${WANTS_REDIS}) == 1`,
    // Longer than nobody can write before that is told, which keeps this one quiet.
    for: '20s',
    summary: '{{ $labels.instance }} works without Redis ({{ $labels.environment }})',
    description:
      'Its caches and sessions answer from memory, and what it writes waits in its journal. Other processes do not see these writes until Redis is back.',
    fires: {
      at: '1m',
      series: {
        [appSeries('redis_ha_mode', { mode: 'degraded' })]: '0 1x20',
        [appSeries('redis_ha_info', { mode: 'sentinel', master_name: 'mymaster' })]: '1x20',
      },
    },
    staysQuiet: {
      at: '1m',
      series: {
        [appSeries('redis_ha_mode', { mode: 'degraded' })]: '1x20',
        [appSeries('redis_ha_info', { mode: 'memory', master_name: '' })]: '1x20',
      },
    },
  },
  {
    alert: 'RedisHaBreakerOpen',
    severity: 'warning',
    expr: `max by (environment, connection, direction) (redis_ha_breaker_open and ${WANTS_REDIS}) == 1`,
    for: '30s',
    summary:
      'The breaker for {{ $labels.direction }} is open ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'For half a minute keyspaces have not asked Redis, because it did not answer. It is tried again all the time.',
    fires: {
      at: '1m',
      series: {
        [appSeries('redis_ha_breaker_open', { direction: 'writes' })]: '0 1x20',
        [appSeries('redis_ha_info', { mode: 'sentinel', master_name: 'mymaster' })]: '1x20',
      },
    },
    staysQuiet: {
      at: '1m',
      series: {
        [appSeries('redis_ha_breaker_open', { direction: 'writes' })]: '0 1 1 1 0x20',
        [appSeries('redis_ha_info', { mode: 'sentinel', master_name: 'mymaster' })]: '1x20',
      },
    },
  },
];

const JOURNAL: readonly AlertRule[] = [
  {
    alert: 'RedisHaJournalFilling',
    severity: 'warning',
    expr: [
      'max by (environment, connection, instance) (redis_ha_journal_bytes / redis_ha_journal_max_bytes) > 0.5',
      'or',
      `max by (environment, connection, instance) (${grown('redis_ha_journal_refused_total', 5)}) > 0`,
    ].join('\n'),
    summary:
      'The journal of {{ $labels.instance }} fills, or refuses writes ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'Half of the room for writes that wait for Redis is taken, or there was none for one of them. When it is full, writes end with JOURNAL_FULL.',
    fires: { at: '1m', series: { [journalBytes]: '100 600x20', [journalMax]: '1000x20' } },
    staysQuiet: {
      at: '1m',
      series: { [journalBytes]: '100 400x20', [journalMax]: '1000x20', [refused]: '5x20' },
    },
  },
  {
    alert: 'RedisHaJournalLosingWrites',
    severity: 'critical',
    expr: [
      'sum by (environment, connection, instance) (',
      `  ${grown('redis_ha_journal_dropped_total', 5)}`,
      `  + ${grown('redis_ha_journal_expired_total', 5)}`,
      `  + ${grown('redis_ha_journal_rejected_total', 5)}`,
      ') > 0',
    ].join('\n'),
    summary:
      '{{ $labels.instance }} has lost writes that waited for Redis ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'They were dropped for lack of room, were too old, or Redis refuses them. They were acknowledged to callers.',
    fires: {
      at: '1m',
      series: { [dropped]: '0 0 3x20', [expired]: '0x20', [rejected]: '0x20' },
    },
    firesToo: [
      // A process that has found what is too old in its journal before it was asked for the first time.
      {
        at: '1m',
        series: {
          [dropped]: '_ _ _ 0x20',
          [expired]: '_ _ _ 7x20',
          [rejected]: '_ _ _ 0x20',
          [began]: '_ _ _ 12x20',
        },
      },
      // The same, after one that had lost more.
      {
        at: '1m',
        series: {
          [dropped]: '0x20',
          [expired]: '9 9 9 9 9 9 7x20',
          [rejected]: '0x20',
          [began]: '0 0 0 0 0 0 28x20',
        },
      },
    ],
    // They were lost an hour ago.
    staysQuiet: {
      at: '70m',
      interval: '1m',
      series: {
        [dropped]: '3x80',
        [expired]: '0x80',
        [rejected]: '0x80',
        [refused]: '0 4x80',
        [began]: '0x80',
      },
    },
  },
  {
    alert: 'RedisHaJournalNotOnDisk',
    severity: 'warning',
    expr: 'min by (environment, connection, instance) (redis_ha_journal_file_available) == 0',
    for: '10s',
    summary:
      'The disk of the journal of {{ $labels.instance }} takes nothing ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'What waits for Redis is kept in memory only: it is lost when the process ends before Redis is back.',
    fires: { at: '1m', series: { [appSeries('redis_ha_journal_file_available')]: '1 0x20' } },
    staysQuiet: { at: '1m', series: { [appSeries('redis_ha_journal_file_available')]: '1x20' } },
  },
];

const requests = (result: string): string =>
  appSeries('redis_ha_cache_requests_total', { namespace: 'products', result });

const USE: readonly AlertRule[] = [
  {
    alert: 'RedisHaHitRateLow',
    severity: 'warning',
    expr: 'redis_ha:cache_hit_ratio:rate5m < 0.75 and redis_ha:cache_requests:rate5m > 1',
    for: '15m',
    summary:
      'Only {{ $value | humanizePercentage }} of the reads of {{ $labels.namespace }} are hits ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'Below 75 % for a quarter of an hour, with more than one read a second. The source of these values bears the rest.',
    fires: {
      at: '25m',
      interval: '1m',
      series: { [requests('hit')]: '0+600x40', [requests('miss')]: '0+400x40' },
    },
    staysQuiet: {
      at: '25m',
      interval: '1m',
      series: { [requests('hit')]: '0+900x40', [requests('miss')]: '0+100x40' },
    },
  },
  {
    alert: 'RedisHaNearKeysUnheard',
    severity: 'warning',
    expr: 'min by (environment, connection, instance) (redis_ha_near_hearing) == 0',
    for: '1m',
    summary:
      'Redis does not tell {{ $labels.instance }} of changed keys ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'For a minute each read of redis.near has asked Redis, which bears the reads that copies would answer. No answer is wrong.',
    fires: { at: '3m', series: { [appSeries('redis_ha_near_hearing')]: '1 0x40' } },
    staysQuiet: { at: '3m', series: { [appSeries('redis_ha_near_hearing')]: '1 0x10 1x30' } },
  },
  {
    alert: 'RedisHaHotKey',
    severity: 'warning',
    expr: 'sum by (environment, connection, direction) (redis_ha_hot_keys) > 0',
    summary:
      'Hot keys of Redis: {{ $value }} ({{ $labels.direction }}; {{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'A process accesses them more often than its limit. One node bears all of it. The health page names them.',
    fires: {
      at: '1m',
      series: { [appSeries('redis_ha_hot_keys', { direction: 'reads' })]: '0 1x20' },
    },
    staysQuiet: {
      at: '1m',
      series: { [appSeries('redis_ha_hot_keys', { direction: 'reads' })]: '0x20' },
    },
  },
  {
    alert: 'RedisHaOutOfMemory',
    severity: 'warning',
    expr: `sum by (environment, connection) (${grown('redis_ha_rejections_total{reply="OOM"}', 1)}) > 0`,
    summary:
      'Redis refuses writes: its memory is full ({{ $labels.environment }}, {{ $labels.connection }})',
    description:
      'It answered OOM within the last minute. Reads, deletes and ends of lives work; what needs room does not.',
    fires: {
      at: '1m',
      series: { [appSeries('redis_ha_rejections_total', { reply: 'OOM' })]: '0 0 2x20' },
    },
    staysQuiet: {
      at: '1m',
      series: { [appSeries('redis_ha_rejections_total', { reply: 'WRONGTYPE' })]: '0 0 2x20' },
    },
  },
];

/** What the application feels. */
export const APPLICATION: RuleGroup = {
  name: 'redis-ha-application',
  interval: '5s',
  recordings: [
    ...['5m', '30m', '1h', '6h'].map(missRatio),
    {
      record: 'redis_ha:cache_requests:rate5m',
      expr: 'sum by (environment, connection, namespace) (rate(redis_ha_cache_requests_total[5m]))',
    },
    {
      record: 'redis_ha:cache_hit_ratio:rate5m',
      expr: [
        'sum by (environment, connection, namespace) (rate(redis_ha_cache_requests_total{result!="miss"}[5m]))',
        '/ (redis_ha:cache_requests:rate5m > 0)',
      ].join('\n'),
    },
  ],
  alerts: [...DEADLINES, ...FALLBACK, ...JOURNAL, ...USE],
};
