import {
  appSeries,
  series,
  type AlertRule,
  type RecordingRule,
  type RuleGroup,
} from '../rule-types.js';

/** A value whose unusual course is told. */
interface Signal {
  /** In the names of what is recorded about it. */
  readonly name: 'latency' | 'traffic' | 'hit_rate';
  readonly expr: string;
  /** What it is labelled with. */
  readonly by: readonly string[];
  /** A spread is never taken for smaller than this, so that a value that hardly moves raises no alert. */
  readonly smallestSpread: number;
}

const SIGNALS = {
  latency: {
    name: 'latency',
    expr: 'histogram_quantile(0.99, sum by (environment, connection, kind, le) (rate(redis_ha_command_duration_seconds_bucket{kind!="blocking"}[5m]))) > 0',
    by: ['environment', 'connection', 'kind'],
    smallestSpread: 0.001,
  },
  traffic: {
    name: 'traffic',
    expr: 'sum by (environment, connection) (rate(redis_ha_commands_total[5m]))',
    by: ['environment', 'connection'],
    smallestSpread: 1,
  },
  hitRate: {
    name: 'hit_rate',
    expr: 'redis_ha:cache_hit_ratio:rate5m and redis_ha:cache_requests:rate5m > 1',
    by: ['environment', 'connection', 'namespace'],
    smallestSpread: 0.01,
  },
} satisfies Record<string, Signal>;

/** A spread is at least this share of the median, too. */
const SMALLEST_SHARE = 0.05;
/** How many spreads from the median are unusual, by the hour and by the days. */
const UNUSUAL = 5;
/** The same while there are no other days to compare with. */
const UNUSUAL_WITHOUT_DAYS = 10;
const DAYS = [1, 2, 3, 4, 5, 6, 7];
// Between the quartiles of a normal distribution lie so many standard deviations.
const QUARTILES = 1.349;

/**
 * What is usual, and how far from it the value is, in spreads: the robust z-score. Median and quartiles, because a
 * mean and a deviation would be moved by the very thing that is to be found.
 */
function recordingsOf({ name, expr, by, smallestSpread }: Signal): RecordingRule[] {
  const value = `redis_ha:${name}:now` as const;
  // The last hour without the last five minutes: the value must not be compared with itself.
  const hour = (quantile: number): string =>
    `quantile_over_time(${quantile}, ${value}[1h] offset 5m)`;
  const sameHours = DAYS.map(
    (day) => `label_replace(avg_over_time(${value}[1h] offset ${day}d), "day", "${day}", "", "")`,
  ).join('\nor ');
  const days = `redis_ha:${name}:same_hour`;
  const across = (quantile: number): string => `quantile without (day) (${quantile}, ${days})`;
  return [
    { record: value, expr },
    { record: `redis_ha:${name}:hour_median`, expr: hour(0.5) },
    {
      record: `redis_ha:${name}:hour_spread`,
      expr: spread(hour(0.75), hour(0.25), `redis_ha:${name}:hour_median`, smallestSpread),
    },
    {
      record: `redis_ha:${name}:hour_score`,
      expr: `(${value} - redis_ha:${name}:hour_median) / redis_ha:${name}:hour_spread`,
    },
    { record: days as `redis_ha:${string}`, expr: sameHours },
    // Three days at least: with fewer there is no middle.
    {
      record: `redis_ha:${name}:days_median`,
      expr: `${across(0.5)} and count by (${by.join(', ')}) (${days}) >= 3`,
    },
    {
      record: `redis_ha:${name}:days_spread`,
      expr: spread(across(0.75), across(0.25), `redis_ha:${name}:days_median`, smallestSpread),
    },
    {
      record: `redis_ha:${name}:days_score`,
      expr: `(${value} - redis_ha:${name}:days_median) / redis_ha:${name}:days_spread`,
    },
  ];
}

function spread(upper: string, lower: string, median: string, smallest: number): string {
  return `clamp_min((${upper} - ${lower}) / ${QUARTILES}, ${smallest}) + ${SMALLEST_SHARE} * abs(${median})`;
}

function isUnusual({ name }: Signal): string {
  const [hour, days] = [`redis_ha:${name}:hour_score`, `redis_ha:${name}:days_score`];
  return [
    `(abs(${hour}) > ${UNUSUAL} and abs(${days}) > ${UNUSUAL})`,
    `or (abs(${hour}) > ${UNUSUAL_WITHOUT_DAYS} unless ${days})`,
  ].join('\n');
}

/** The scores of a signal, for a case. */
function scores({ name }: Signal, labels: Record<string, string>, hour: string, days: string) {
  const all = { environment: 'test', connection: 'default', ...labels };
  return {
    [series(`redis_ha:${name}:hour_score`, all)]: hour,
    [series(`redis_ha:${name}:days_score`, all)]: days,
  };
}

function anomaly(
  signal: Signal,
  labels: Record<string, string>,
  words: Pick<AlertRule, 'alert' | 'summary' | 'description'>,
): AlertRule {
  return {
    ...words,
    severity: 'warning',
    expr: isUnusual(signal),
    for: '10m',
    fires: { at: '15m', interval: '1m', series: scores(signal, labels, '7x30', '-8x30') },
    // Unusual for this hour, usual for this time of day.
    staysQuiet: { at: '15m', interval: '1m', series: scores(signal, labels, '20x30', '1x30') },
  };
}

const WHERE = '{{ $labels.environment }}, {{ $labels.connection }}';
const COMPARED =
  'It is five spreads away from the last hour and from the same hour of the last seven days (ten from the hour, while there are fewer than three other days), and has been for ten minutes.';

/** What is unusual, though nobody set a limit for it. It is told and never wakes anybody. */
export const ANOMALIES: RuleGroup = {
  name: 'redis-ha-anomalies',
  interval: '1m',
  recordings: Object.values(SIGNALS).flatMap(recordingsOf),
  alerts: [
    anomaly(
      SIGNALS.latency,
      { kind: 'read' },
      {
        alert: 'RedisHaLatencyUnusual',
        summary: `The p99 of Redis {{ $labels.kind }} commands is unusual (${WHERE})`,
        description: COMPARED,
      },
    ),
    {
      ...anomaly(
        SIGNALS.traffic,
        {},
        {
          alert: 'RedisHaTrafficUnusual',
          summary: `The number of Redis commands is unusual (${WHERE})`,
          description: COMPARED,
        },
      ),
      // From the commands themselves, after an hour and a half of a hundred a second: through all recordings.
      fires: {
        at: '107m',
        interval: '1m',
        series: { [appSeries('redis_ha_commands_total')]: '0+6000x90 558000+18000x30' },
      },
    },
    anomaly(
      SIGNALS.hitRate,
      { namespace: 'products' },
      {
        alert: 'RedisHaHitRateUnusual',
        summary: `The hit rate of {{ $labels.namespace }} is unusual (${WHERE})`,
        description: COMPARED,
      },
    ),
  ],
};
