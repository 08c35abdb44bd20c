import { ConfigInvalidError, type Problem } from '../base/errors/index.js';
import { FAMILY_TABLE } from './family-table.js';
import type { Labels } from './sample.js';

const PREFIX = /^[a-zA-Z_][a-zA-Z0-9_]*_$/;
const LABEL = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;
const MAX_LABELS = 10;
const MAX_VALUE = 128;
const OWN_LABELS: ReadonlySet<string> = new Set([
  'connection',
  'le',
  ...FAMILY_TABLE.flatMap(({ labels }) => labels),
]);

/** What the module is told that a caller can get wrong. */
export interface CheckedOptions {
  readonly prefix: string;
  readonly labels: Labels;
}

/**
 * Answers them if they can be used.
 *
 * @throws ConfigInvalidError which says all that is wrong with them.
 */
export function checkOptions(options: CheckedOptions): CheckedOptions {
  const problems = [...prefixProblems(options.prefix), ...labelProblems(options.labels)];
  if (problems.length > 0) throw new ConfigInvalidError(problems);
  return options;
}

/**
 * Answers the path if it can be one.
 *
 * @throws ConfigInvalidError
 */
export function checkPath(path: unknown): string | false {
  if (path === false || (typeof path === 'string' && /^\/?\w[\w./-]*$/.test(path))) return path;
  throw new ConfigInvalidError([
    {
      field: 'path',
      value: path,
      message: 'must be a path without parameters, or false for none',
      remedy: "For example: '/metrics'",
    },
  ]);
}

function prefixProblems(prefix: unknown): Problem[] {
  if (typeof prefix === 'string' && PREFIX.test(prefix)) return [];
  return [
    {
      field: 'prefix',
      value: prefix,
      message: 'must be letters, digits and _, begin with no digit and end with _',
      remedy: "For example: 'redis_ha_'",
    },
  ];
}

function labelProblems(labels: Labels): Problem[] {
  const entries: [string, unknown][] = Object.entries(labels);
  const problems = entries.flatMap(([name, value]) => labelProblem(name, value));
  if (entries.length <= MAX_LABELS) return problems;
  const message = `must be at most ${String(MAX_LABELS)}`;
  const remedy = 'Labels of a whole process belong into the configuration of the scraper';
  return [...problems, { field: 'labels', value: entries.length, message, remedy }];
}

function labelProblem(name: string, value: unknown): Problem[] {
  const field = `labels.${name}`;
  if (!LABEL.test(name)) {
    const message = 'the name must be letters, digits and _, and not begin with a digit or __';
    return [{ field, value: name, message, remedy: "For example: { service: 'shop' }" }];
  }
  if (OWN_LABELS.has(name)) {
    const message = 'the metrics have a label of that name themselves';
    return [{ field, value: name, message, remedy: 'Choose another name' }];
  }
  if (typeof value === 'string' && value.length <= MAX_VALUE) return [];
  const message = `must be a text of at most ${String(MAX_VALUE)} characters`;
  // What somebody took for a label may be anything.
  return [{ field, value: typeof value, message, remedy: "For example: { service: 'shop' }" }];
}
