import { ALERTS, runbookOf } from './rule-groups.js';
import type { AlertRule } from './rule-types.js';

/** Where the page of operations has the table. */
export const THRESHOLD_MARKS = ['<!-- thresholds -->', '<!-- end of thresholds -->'] as const;

const HEADER = ['Alert', 'Severity', 'What is compared', 'Limit', 'Over', 'For'];
/** Says only that somebody chose to have no Redis. */
const ASIDE = /^redis_ha_info$/;
const METRIC = /\b(?:redis_ha[_:][\w:]+|redis_\w+|up(?= )|vector)/g;
const LIMIT =
  /(?:==|!=|>=|<=|>|<) (?:on \(\) (?:group_left \(\) )?)?(?:[\d.]+(?: \* [\d.]+)?|redis_ha:cost_limit\S+)/g;
const WINDOW = /\[(\d+\w)/g;

/** Each alert with what its rule compares, as Markdown: no figure in it is written by hand. */
export function thresholdTable(alerts: readonly AlertRule[] = ALERTS): string {
  const rows = [HEADER, HEADER.map(() => '---'), ...alerts.map(rowOf)];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The page with the table as it is made now. */
export function withThresholds(page: string): string {
  const [begin, end] = THRESHOLD_MARKS;
  const [before = '', rest = ''] = page.split(begin);
  const [, after = ''] = rest.split(end);
  return `${before}${begin}\n\n${thresholdTable()}\n\n${end}${after}`;
}

function rowOf(rule: AlertRule): string[] {
  const { alert, severity, expr } = rule;
  const plain = expr.replace(/\{[^}]*\}/g, ' ').replace(/\s+/g, ' ');
  const limits = unique(plain.match(LIMIT) ?? []).map((limit) =>
    limit.replace(/on \(\) (group_left \(\) )?/, ''),
  );
  const metrics = unique(plain.match(METRIC) ?? []).filter(
    (name) => !ASIDE.test(name) && !limits.some((limit) => limit.endsWith(name)),
  );
  const windows = unique([...plain.matchAll(WINDOW)].map(([, window = '']) => window));
  return [
    `[${alert}](../runbooks/${runbookOf(rule)})`,
    severity,
    codes(metrics),
    codes(limits),
    windows.join(', '),
    rule.for ?? '',
  ];
}

const unique = (words: readonly string[]): string[] => [
  ...new Set(words.map((word) => word.trim())),
];
const codes = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');
