import {
  choice,
  flag,
  option,
  OptionSet,
  required,
  text,
  wholeNumber,
  type Resolved,
  type RowsOf,
} from '../base/options/index.js';

/** When the probes report a failure, and how long they wait. */
export interface HealthOptions {
  /** Whether the application cannot work without Redis. @defaultValue false */
  readonly required?: boolean;
  /** Which part of Redis it needs. @defaultValue 'reads' */
  readonly needs?: 'reads' | 'writes';
  /** How long Redis may be away before the application counts as not ready, in ms. @defaultValue 10000 */
  readonly graceMs?: number;
  /** How long Redis must work before it counts as back, in ms. @defaultValue 1000 */
  readonly recoverMs?: number;
  /** How long startup waits for Redis before it goes on without it, in ms. @defaultValue 5000 */
  readonly startupMs?: number;
  /** How long the application is not ready but still serves at a shutdown, so that load balancers notice, in ms. @defaultValue 0 */
  readonly drainMs?: number;
  /** How long a check of the application may take, in ms. @defaultValue 200 */
  readonly deadlineMs?: number;
}

const upToADay = wholeNumber(0, 86_400_000, 'milliseconds');

/** The rows of the options, for what is registered together with them. */
export const HEALTH_ROWS = {
  required: option(flag, false),
  needs: option(choice('reads', 'writes'), 'reads'),
  graceMs: option(upToADay, 10_000),
  recoverMs: option(upToADay, 1_000),
  startupMs: option(upToADay, 5_000),
  drainMs: option(wholeNumber(0, 600_000, 'milliseconds'), 0),
  deadlineMs: option(wholeNumber(1, 60_000, 'milliseconds'), 200),
} satisfies RowsOf<HealthOptions>;

/** The {@link HealthOptions} with their rules and defaults. */
export const HEALTH = new OptionSet(HEALTH_ROWS, { path: 'health' });

/** The options with every default filled in. */
export type ResolvedHealthOptions = Resolved<typeof HEALTH_ROWS>;

/** The path in front of the routes. */
export const routePath = text(
  'a path of letters, digits and - _ . ~ between slashes',
  /^\/?$|^\/?[\w.~-]+(\/[\w.~-]+)*\/?$/,
  "For example 'internal', for /internal/health; or false for no routes",
);
const PATH = new OptionSet({ path: required(routePath) }, { path: 'health' });

/** Where the routes of a connection are, without slashes around it; empty for the root. */
export function resolvePath(path: unknown, usual: string): string {
  return PATH.resolve({ path: path ?? usual }).path.replace(/^\/|\/$/g, '');
}
