/** Who is told: `critical` wakes somebody, `warning` waits for the working day, `none` is not for people. */
export type Severity = 'critical' | 'warning' | 'none';

/** Series of a test by their names with labels, in the notation of promtool: `'1 1 0x20'`. */
export type TestSeries = Readonly<Record<string, string>>;

/** A case of an alert for promtool. */
export interface AlertCase {
  /** When to look. */
  readonly at: string;
  readonly series: TestSeries;
  /** Between two values of a series. @defaultValue '5s' */
  readonly interval?: string;
}

/** An alert with its cases. Its page is in `docs/runbooks`. */
export interface AlertRule {
  readonly alert: `RedisHa${string}`;
  readonly severity: Severity;
  /** PromQL. */
  readonly expr: string;
  /** How long it must be true. Left out: not at all. */
  readonly for?: string;
  /** One line that somebody reads on a telephone. */
  readonly summary: string;
  /** What is known, and what it means for users. */
  readonly description: string;
  readonly fires: AlertCase;
  /** More ways to the same. */
  readonly firesToo?: readonly AlertCase[];
  /** The near miss: what looks like it and is none. */
  readonly staysQuiet: AlertCase;
}

/** A value that rules and dashboards use more than once. */
export interface RecordingRule {
  readonly record: `redis_ha:${string}`;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Rules that are evaluated one after the other, so often. */
export interface RuleGroup {
  readonly name: string;
  readonly interval: string;
  readonly recordings: readonly RecordingRule[];
  readonly alerts: readonly AlertRule[];
}

/**
 * How much a counter has grown in so many minutes. What a process had counted before it was asked for the first time
 * increase() does not see: one that has lost writes as it began would never be told. Younger than these minutes, it has
 * counted all of it in them. That needs prom-client's metrics of the process.
 */
export function grown(counter: string, minutes: number): string {
  const began = `process_start_time_seconds > time() - ${minutes * 60}`;
  const young = `(${counter} and on (environment, instance) (${began}))`;
  const more = `increase(${counter}[${minutes}m])`;
  return `(${young} > ${more} or ${more} or ${young})`;
}

/** A series of the sample application, for a case. */
export function appSeries(
  metric: string,
  labels: Readonly<Record<string, string>> = {},
  instance = 'backend-1:3000',
): string {
  return series(metric, {
    environment: 'test',
    job: 'redis-ha-app',
    instance,
    connection: 'default',
    ...labels,
  });
}

/** A series of the exporter about a node or a Sentinel, for a case. */
export function nodeSeries(
  metric: string,
  labels: Readonly<Record<string, string>> = {},
  instance = 'redis-master:6379',
): string {
  return series(metric, { environment: 'test', job: 'redis-ha-nodes', instance, ...labels });
}

/** A series with these labels. */
export function series(metric: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return `${metric}{${pairs.join(',')}}`;
}
