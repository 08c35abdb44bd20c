import type { AnyRule, Rule } from './rules.js';

/** What the machine needs to know of one option. */
export interface AnyRow {
  readonly rule: AnyRule;
  /** The default; `undefined` when a value must be given. */
  readonly byDefault: unknown;
  /** Environment variables that set it, the usual one first. */
  readonly env: readonly string[];
}

/** One option: what may be given (`T`), and what it is resolved to (`R`). */
export interface Row<T, R> extends AnyRow {
  /** Never set; see {@link Rule}. */
  readonly types?: (takes: T) => readonly [T, R];
}

/** The options of one object, by their names. */
export type Rows = Readonly<Record<string, AnyRow>>;

/** The rows that an options type needs: one for each member, which takes the values of that member. */
export type RowsOf<O> = { readonly [K in keyof O]-?: Row<Exclude<O[K], undefined>, unknown> };

/** An options object with every default filled in. */
export type Resolved<R extends Rows> = {
  readonly [K in keyof R]: NonNullable<R[K] extends { types?: infer F } ? F : never> extends (
    takes: never,
  ) => readonly [unknown, infer G]
    ? G
    : never;
};

/** An option with a default. `null` means none. */
export function option<T, R, const D>(
  rule: Rule<T, R>,
  byDefault: D,
  ...env: readonly string[]
): Row<T, R | D> {
  return Object.freeze({ rule, byDefault, env: Object.freeze(env) });
}

/** An option that must be given. */
export function required<T, R>(rule: Rule<T, R>, ...env: readonly string[]): Row<T, R> {
  return Object.freeze({ rule, byDefault: undefined, env: Object.freeze(env) });
}
