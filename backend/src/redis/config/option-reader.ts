import { DEFAULTS, defaultOf, type Defaults } from './defaults.js';
import { nearestName } from './did-you-mean.js';
import { HIDDEN, type Findings } from './findings.js';
import { groupOf, keyOf, OPTION_TABLE, rowOf, rowsOf, type OptionRow } from './option-table.js';

/** An object as it was received: nothing about it is trusted. */
export type Given = Readonly<Record<string, unknown>>;

/** The groups whose options are read row by row. */
export type GroupName = 'node' | 'routing' | 'pools' | 'fallback' | 'journal' | 'sentinel';

/** True for an object with named members; lists and class-less nothing are not. */
export function isGiven(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at `path`; an empty one when it is not set, or when it is something else and was reported. */
export function readObject(path: string, value: unknown, findings: Findings): Given {
  if (value === undefined) return {};
  if (isGiven(value)) return value;
  // Whatever stands here instead of an object may be a URL with its password: only its kind is shown.
  const shown = typeof value === 'string' ? '(text)' : value;
  findings.refuse(path, shown, 'must be an object', `Give ${path} an object, or leave it out`);
  return {};
}

/**
 * Reads the scalar options of one group: what was given where it is usable, the default elsewhere.
 * Unknown keys and unusable values are reported. Structured options keep their default here.
 */
export function readGroup<G extends GroupName>(
  group: G,
  value: unknown,
  findings: Findings,
): Defaults[G] {
  const given = readObject(group, value, findings);
  const rows = rowsOf(group);
  checkKeys(
    given,
    group,
    rows.map((row) => keyOf(row.path)),
    findings,
  );
  const complete: Record<string, unknown> = { ...DEFAULTS[group] };
  for (const row of rows) {
    const key = keyOf(row.path);
    if (row.rule.kind === 'scalar') complete[key] = readScalar(row, given[key], findings);
  }
  // Every member was checked by the rule of its row, which is what its type says.
  return complete as unknown as Defaults[G];
}

/** A scalar option: the value when it is usable, else its default, the fault being reported. */
export function readScalar(row: OptionRow, value: unknown, findings: Findings): unknown {
  if (value === undefined) return defaultOf(row.path);
  if (row.rule.accepts(value)) return value;
  const shown = row.rule.isSecret ? HIDDEN : value;
  findings.refuse(row.path, shown, `must be ${row.rule.expects}`, remedyFor(row, value));
  return defaultOf(row.path);
}

/** Reports the keys of an object that are no options, with the option that was probably meant. */
export function checkKeys(
  given: Given,
  group: string,
  known: readonly string[],
  findings: Findings,
): void {
  for (const key of Object.keys(given).filter((name) => !known.includes(name))) {
    const path = group === '' ? key : `${group}.${key}`;
    // The value of a mistyped name may be a secret: `pasword`.
    findings.refuse(path, HIDDEN, 'is not an option', suggestion(key, group, known));
  }
}

function suggestion(key: string, group: string, known: readonly string[]): string {
  const sameName = OPTION_TABLE.find(
    ({ path }) => keyOf(path).toLowerCase() === key.toLowerCase() && groupOf(path) !== group,
  );
  const sibling = nearestName(key, known);
  const siblingPath = sibling === undefined || group === '' ? sibling : `${group}.${sibling}`;
  const exactSibling = sibling?.toLowerCase() === key.toLowerCase() ? siblingPath : undefined;
  const meant = exactSibling ?? sameName?.path ?? siblingPath;
  return meant === undefined
    ? `Remove it; known here: ${known.join(', ')}`
    : `Did you mean ${meant}?`;
}

function remedyFor(row: OptionRow, value: unknown): string {
  if (typeof value === 'string' && row.rule.fromText(value) !== undefined) {
    const read = row.rule.fromText(value);
    if (typeof read !== 'string' && row.rule.accepts(read)) {
      return `Write it without quotes: ${String(read)}`;
    }
  }
  const fallback = defaultOf(row.path);
  return fallback === undefined || fallback === null
    ? 'Correct it, or leave it out'
    : `Correct it, or leave it out for the default, ${JSON.stringify(fallback)}`;
}

/** The user's name of an option that is set by one of several variables: its first variable. */
export function usualVariable(path: string): string {
  return rowOf(path)?.env[0] ?? path;
}
