import { ConfigInvalidError, type Problem } from '../base/errors/index.js';

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

/** The same with every default filled in. */
export type ResolvedHealthOptions = Required<HealthOptions>;

const DEFAULTS: ResolvedHealthOptions = {
  required: false,
  needs: 'reads',
  graceMs: 10_000,
  recoverMs: 1_000,
  startupMs: 5_000,
  drainMs: 0,
  deadlineMs: 200,
};

const DAY_MS = 86_400_000;
const RANGES = {
  graceMs: [0, DAY_MS],
  recoverMs: [0, DAY_MS],
  startupMs: [0, DAY_MS],
  drainMs: [0, 600_000],
  deadlineMs: [1, 60_000],
} as const;

/**
 * Fills in the defaults.
 * @throws ConfigInvalidError that lists every problem at once.
 */
export function resolveHealthOptions(given: HealthOptions): ResolvedHealthOptions {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  const resolved = { ...DEFAULTS, ...(Object.fromEntries(set) as HealthOptions) };
  const problems = [...unknownOptions(resolved), ...problemsOf(resolved)];
  if (problems.length > 0) throw new ConfigInvalidError(problems);
  return Object.freeze(resolved);
}

/** Where the routes of a connection are, without slashes around it; empty for the root. */
export function resolvePath(path: unknown, fallback: string): string {
  const given = path ?? fallback;
  if (typeof given === 'string' && /^\/?$|^\/?[\w.~-]+(\/[\w.~-]+)*\/?$/.test(given)) {
    return given.replace(/^\/|\/$/g, '');
  }
  throw new ConfigInvalidError([
    {
      field: 'health.path',
      value: given,
      message: 'must be a path of letters, digits and - _ . ~ between slashes',
      remedy: "For example 'internal', for /internal/health; or false for no routes",
    },
  ]);
}

function unknownOptions(options: object): Problem[] {
  return Object.keys(options)
    .filter((name) => !(name in DEFAULTS))
    .map((name) => ({
      field: `health.${name}`,
      value: '(hidden)',
      message: 'is not an option',
      remedy: 'Leave it out, or look its name up in docs/health.md',
    }));
}

function problemsOf(options: ResolvedHealthOptions): Problem[] {
  const problems: Problem[] = [];
  if (typeof options.required !== 'boolean') {
    problems.push(problem('required', options.required, 'must be true or false'));
  }
  if (!['reads', 'writes'].includes(options.needs)) {
    problems.push(problem('needs', options.needs, "must be 'reads' or 'writes'"));
  }
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = options[name as keyof typeof RANGES];
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    problems.push(problem(name, value, `must be a whole number from ${least} to ${most}`));
  }
  return problems;
}

function problem(name: string, value: unknown, message: string): Problem {
  const remedy = 'Leave it out for the default, or look it up in docs/health.md';
  return { field: `health.${name}`, value, message, remedy };
}
