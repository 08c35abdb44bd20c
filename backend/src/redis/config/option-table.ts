import type { AnyRow } from '../base/options/index.js';
import { everyRow } from './redis-options.js';

/** One option of a connection, with its path. */
export interface OptionRow extends AnyRow {
  /** Path in `RedisHaOptions`, such as `node.db`. */
  readonly path: string;
}

/** Every option. The environment is read by this table, and a spec compares the documentation with it. */
export const OPTION_TABLE: readonly OptionRow[] = Object.freeze(
  everyRow().map(([path, row]) => Object.freeze({ path, ...row })),
);

/** Every environment variable that is read. */
export const ENV_VARIABLES: readonly string[] = Object.freeze(
  OPTION_TABLE.flatMap(({ env }) => env),
);

/** `node` for `node.db`, `''` for `host`. */
export function groupOf(path: string): string {
  return path.includes('.') ? path.slice(0, path.indexOf('.')) : '';
}

/** `db` for `node.db`, `host` for `host`. */
export function keyOf(path: string): string {
  return path.slice(path.indexOf('.') + 1);
}

/** The variable that usually sets an option. */
export function usualVariable(path: string): string {
  return OPTION_TABLE.find((row) => row.path === path)?.env[0] ?? path;
}
