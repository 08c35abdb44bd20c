import { ConfigInvalidError, type Problem } from '../base/errors/index.js';
import type { Clock } from '../base/timing/index.js';
import { SharedCheck, type AnyCheck } from './shared-check.js';

/** A check, or a check with its options. */
export type ApplicationCheck<Check> =
  | Check
  | {
      readonly check: Check;
      /** The key under which a result without keys is shown. @defaultValue the key of its last result */
      readonly key?: string;
      /** Whether readiness fails with it too. @defaultValue false */
      readonly readiness?: boolean;
    };

/** A check that can be run, and whether readiness runs it too. */
export interface PlannedCheck {
  readonly check: SharedCheck;
  readonly isForReadiness: boolean;
}

/**
 * Makes the checks of the application ready to be asked.
 * @throws ConfigInvalidError that lists every value that is no check.
 */
export function planChecks(
  given: unknown,
  options: { readonly deadlineMs: number; readonly clock: Clock },
): PlannedCheck[] {
  if (!Array.isArray(given)) throw new ConfigInvalidError([problem('health.checks', given)]);
  const described = given.map(describe);
  const problems = described.flatMap((one, i) =>
    one === null ? [problem(`health.checks[${i}]`, given[i])] : [],
  );
  if (problems.length > 0) throw new ConfigInvalidError(problems);
  return described
    .filter((one) => one !== null)
    .map(({ check, key, readiness }, i) => ({
      check: new SharedCheck(key, i + 1, check, options),
      isForReadiness: readiness,
    }));
}

interface Described {
  readonly check: AnyCheck;
  readonly key: string | null;
  readonly readiness: boolean;
}

function describe(given: unknown): Described | null {
  if (isCheck(given)) return { check: given, key: null, readiness: false };
  if (typeof given !== 'object' || given === null || !('check' in given)) return null;
  const { check, key, readiness } = given as Record<string, unknown>;
  const isFit = isCheck(check) && isOneOf(key, 'string') && isOneOf(readiness, 'boolean');
  if (!isFit) return null;
  return { check, key: (key as string | undefined) ?? null, readiness: readiness === true };
}

function isOneOf(value: unknown, type: 'string' | 'boolean'): boolean {
  return value === undefined || (typeof value === type && value !== '');
}

function isCheck(value: unknown): value is AnyCheck {
  if (typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && 'then' in value;
}

function problem(field: string, value: unknown): Problem {
  return {
    field,
    value: typeof value === 'object' && value !== null ? '(an object)' : value,
    message: 'must be a function that returns what a Terminus indicator returns',
    remedy: 'For example () => indicator.check(…); or { check: () => …, key, readiness }',
  };
}
