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

/** How strictly the answers judge, and how long they wait. */
export interface HealthOptions {
  /** Whether the application cannot do without Redis. @defaultValue false */
  readonly required?: boolean;
  /** What of Redis it cannot do without. @defaultValue 'reads' */
  readonly needs?: 'reads' | 'writes';
  /** How long Redis may be away before the application counts as not ready, in ms. @defaultValue 10000 */
  readonly graceMs?: number;
  /** How long Redis must be well before it counts as back, in ms. @defaultValue 1000 */
  readonly recoverMs?: number;
  /** How long startup waits for Redis before it goes on without, in ms. @defaultValue 5000 */
  readonly startupMs?: number;
  /** How long a shutdown waits, not ready and still serving, until balancers have noticed, in ms. @defaultValue 0 */
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

/** How probes judge, as {@link HealthOptions} say it. */
export const HEALTH = new OptionSet(HEALTH_ROWS, { path: 'health' });

/** The options with every default filled in. */
export type ResolvedHealthOptions = Resolved<typeof HEALTH_ROWS>;

/** What routes begin with. */
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
