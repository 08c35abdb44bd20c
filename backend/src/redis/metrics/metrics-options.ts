import {
  anything,
  converted,
  flag,
  isGiven,
  option,
  OptionSet,
  orFalse,
  rule,
  text,
  type Findings,
  type Resolved,
  type RowsOf,
} from '../base/options/index.js';
import { FAMILY_TABLE } from './family-table.js';
import type { AnyRegistry } from './metrics.controller.js';
import type { Labels } from './sample.js';

const LABEL = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;
const MAX_LABELS = 10;
const MAX_VALUE_LENGTH = 128;
const OWN_LABELS: ReadonlySet<string> = new Set([
  'connection',
  'le',
  ...FAMILY_TABLE.flatMap(({ labels }) => labels),
]);

/** Which metrics there are, and in which registry. */
export interface RedisMetricsOptions {
  /** The registry of the application. @defaultValue the global one of prom-client */
  readonly registry?: AnyRegistry;
  /** What the names of the metrics begin with. @defaultValue 'redis_ha_' */
  readonly prefix?: string;
  /** Whether the default metrics of prom-client, about the process, are collected as well. @defaultValue false */
  readonly defaultMetrics?: boolean;
  /** Labels of every series, besides `connection`. */
  readonly labels?: Labels;
  /** Whether sessions are shown; with several connections, set it to false in all modules but one. @defaultValue true */
  readonly sessions?: boolean;
}

const prefix = text(
  'letters, digits and _, begin with no digit and end with _',
  /^[a-zA-Z_][a-zA-Z0-9_]*_$/,
  "For example: 'redis_ha_'",
);
const labels = converted(
  rule<Labels>('an object of texts', isGiven, { remedy: "For example: { service: 'shop' }" }),
  readLabels,
);

const NO_LABELS: Labels = Object.freeze({});

/** The rows of the options, for what is registered together with them. */
export const METRICS_ROWS = {
  registry: option(anything<AnyRegistry>(), null),
  prefix: option(prefix, 'redis_ha_'),
  defaultMetrics: option(flag, false),
  labels: option(labels, NO_LABELS),
  sessions: option(flag, true),
} satisfies RowsOf<RedisMetricsOptions>;

/** The {@link RedisMetricsOptions} with their rules and defaults. */
export const METRICS = new OptionSet(METRICS_ROWS, { path: 'metrics' });

/** The same, complete. */
export type ResolvedMetricsOptions = Resolved<typeof METRICS_ROWS>;

/** The path of the metrics, or `false`. */
export const metricsPath = orFalse(
  text('a path without parameters', /^\/?\w[\w./-]*$/, "For example: '/metrics'"),
);

function readLabels(given: Labels, path: string, findings: Findings): Labels {
  const entries: [string, unknown][] = Object.entries(given);
  for (const [name, value] of entries) checkLabel(name, value, `${path}.${name}`, findings);
  if (entries.length > MAX_LABELS) {
    const remedy = 'Set labels of a whole process in the configuration of Prometheus';
    findings.refuse(path, entries.length, `must be at most ${String(MAX_LABELS)}`, remedy);
  }
  return given;
}

function checkLabel(name: string, value: unknown, field: string, findings: Findings): void {
  const remedy = "For example: { service: 'shop' }";
  if (!LABEL.test(name)) {
    const message = 'the name must be letters, digits and _, and not begin with a digit or __';
    findings.refuse(field, name, message, remedy);
  } else if (OWN_LABELS.has(name)) {
    const message = 'the metrics have a label of that name themselves';
    findings.refuse(field, name, message, 'Choose another name');
  } else if (typeof value !== 'string' || value.length > MAX_VALUE_LENGTH) {
    const message = `must be a text of at most ${String(MAX_VALUE_LENGTH)} characters`;
    // Only its type is shown: the value may be anything, also a secret.
    findings.refuse(field, typeof value, message, remedy);
  }
}
