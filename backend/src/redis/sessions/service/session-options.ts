import { ConfigInvalidError, type Problem } from '../../base/errors/index.js';
import type { SessionArchive } from '../archive/index.js';

/** How long sessions live, and where they are kept besides Redis. */
export interface SessionOptions {
  /** A session ends when it was not used for this long, in ms. @defaultValue 1800000 (30 min) */
  readonly idleMs?: number;
  /** A session ends this long after its login, used or not, in ms. @defaultValue 43200000 (12 h) */
  readonly absoluteMs?: number;
  /** A session in use is written at most this often, in ms; less than `idleMs`. @defaultValue 60000, or half of `idleMs` if that is less */
  readonly touchEveryMs?: number;
  /** Bytes of JSON that the data of one session may have. @defaultValue 262144 (256 KiB) */
  readonly maxDataBytes?: number;
  /** Keeps sessions for good. @defaultValue none */
  readonly archive?: SessionArchive;
  /** Whether a login, an update and a rotation fail when the archive does not take them. @defaultValue true */
  readonly archiveRequired?: boolean;
  /** Deadline of one call of the archive, in ms. @defaultValue 1000 */
  readonly archiveTimeoutMs?: number;
  /** How long an answer of the archive is remembered where Redis cannot remember it, in ms; 0 for not at all. @defaultValue 5000 */
  readonly archiveRememberMs?: number;
  /** Look-ups in the archive that run at the same time; the others wait. @defaultValue 16 */
  readonly archiveConcurrency?: number;
}

/** The same with every default filled in. */
export interface ResolvedSessionOptions {
  readonly idleMs: number;
  readonly absoluteMs: number;
  readonly touchEveryMs: number;
  readonly maxDataBytes: number;
  readonly archive: SessionArchive | null;
  readonly archiveRequired: boolean;
  readonly archiveTimeoutMs: number;
  readonly archiveRememberMs: number;
  readonly archiveConcurrency: number;
}

/** Ten years: whoever wants more has mistaken the unit. */
export const MAX_MS = 315_360_000_000;
const USUAL_TOUCH_MS = 60_000;
const ARCHIVE_METHODS = ['save', 'find', 'remove', 'removeAllOf', 'listOf'] as const;

const DEFAULTS: Omit<ResolvedSessionOptions, 'touchEveryMs'> = {
  idleMs: 1_800_000,
  absoluteMs: 43_200_000,
  maxDataBytes: 262_144,
  archive: null,
  archiveRequired: true,
  archiveTimeoutMs: 1000,
  archiveRememberMs: 5000,
  archiveConcurrency: 16,
};

/**
 * Fills in the defaults.
 * @throws ConfigInvalidError that lists every problem at once.
 */
export function resolveSessionOptions(given: SessionOptions): ResolvedSessionOptions {
  const base = { ...DEFAULTS, ...withoutUndefined(given) };
  const usualTouchMs = Math.min(USUAL_TOUCH_MS, Math.max(1, Math.ceil(base.idleMs / 2)));
  const resolved = { touchEveryMs: usualTouchMs, ...base };
  const problems = [...unknownOptions(resolved), ...problemsOf(resolved)];
  if (problems.length > 0) throw new ConfigInvalidError(problems);
  return Object.freeze(resolved);
}

/** The options that were given: a program without types may give some as `undefined`. */
export function withoutUndefined<O extends object>(given: O): O {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as O;
}

/** What is wrong with a duration; `null` when nothing is. */
export function durationProblem(field: string, value: unknown): Problem | null {
  return wholeNumberProblem(field, value, [1, MAX_MS]);
}

function problemsOf(options: ResolvedSessionOptions): Problem[] {
  const found = [
    durationProblem('sessions.idleMs', options.idleMs),
    durationProblem('sessions.absoluteMs', options.absoluteMs),
    durationProblem('sessions.touchEveryMs', options.touchEveryMs),
    wholeNumberProblem('sessions.maxDataBytes', options.maxDataBytes, [1, 16_777_216]),
    durationProblem('sessions.archiveTimeoutMs', options.archiveTimeoutMs),
    wholeNumberProblem('sessions.archiveRememberMs', options.archiveRememberMs, [0, MAX_MS]),
    wholeNumberProblem('sessions.archiveConcurrency', options.archiveConcurrency, [1, 1000]),
    flagProblem(options.archiveRequired),
    archiveProblem(options.archive),
    ...touchProblems(options),
  ];
  return found.filter((problem) => problem !== null);
}

function unknownOptions(options: object): Problem[] {
  return Object.keys(options)
    .filter((name) => !(name in DEFAULTS) && name !== 'touchEveryMs')
    .map((name) => ({
      field: `sessions.${name}`,
      value: '(hidden)',
      message: 'is not an option',
      remedy: 'Leave it out, or look its name up in docs/sessions.md',
    }));
}

function touchProblems({ touchEveryMs, idleMs }: ResolvedSessionOptions): Problem[] {
  if (!(touchEveryMs >= idleMs) || idleMs <= 1) return [];
  return [
    {
      field: 'sessions.touchEveryMs',
      value: touchEveryMs,
      message: `must be less than idleMs, which is ${idleMs}`,
      remedy: 'Or a session would end while it is used. A minute, or a tenth of idleMs, is usual',
    },
  ];
}

function flagProblem(value: unknown): Problem | null {
  if (typeof value === 'boolean') return null;
  const remedy = 'Leave it out for the default, or give true or false';
  return { field: 'sessions.archiveRequired', value, message: 'must be true or false', remedy };
}

function archiveProblem(archive: unknown): Problem | null {
  if (archive === null) return null;
  const members = (typeof archive === 'object' ? archive : {}) as Readonly<Record<string, unknown>>;
  const missing = ARCHIVE_METHODS.filter((name) => typeof members[name] !== 'function');
  if (missing.length === 0) return null;
  return {
    field: 'sessions.archive',
    value: '(an archive)',
    message: `has no ${missing.join(', ')}`,
    remedy: 'Give an object with all methods of SessionArchive',
  };
}

function wholeNumberProblem(
  field: string,
  value: unknown,
  [least, most]: readonly [number, number],
): Problem | null {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) {
    return null;
  }
  return {
    field,
    value,
    message: `must be a whole number from ${least} to ${most}`,
    remedy: 'Leave it out for the default, or give a number',
  };
}
