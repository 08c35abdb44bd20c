import {
  Findings,
  flag,
  isGiven,
  option,
  OptionSet,
  required,
  rule,
  text,
  type Resolved,
  type RowsOf,
} from '../base/options/index.js';
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

const check = rule<AnyCheck>(
  'a function that returns the result of a Terminus indicator',
  (value) => typeof value === 'function' || (isGiven(value) && 'then' in value),
  { remedy: 'For example () => indicator.check(…); or { check: () => …, key, readiness }' },
);

/** The rows of a check with options. */
export const CHECK_ROWS = {
  check: required(check),
  key: option(text('text that is not empty', /./), null),
  readiness: option(flag, false),
} satisfies RowsOf<Exclude<ApplicationCheck<AnyCheck>, AnyCheck>>;

/**
 * Makes the checks of the application ready to be asked.
 * @throws ConfigInvalidError (`CONFIG_INVALID`) that lists everything that is not a check.
 */
export function planChecks(
  given: unknown,
  options: { readonly deadlineMs: number; readonly clock: Clock },
): PlannedCheck[] {
  const findings = new Findings();
  const list: readonly unknown[] = Array.isArray(given) ? given : [];
  if (!Array.isArray(given)) {
    findings.refuse('health.checks', given, 'must be a list of checks', 'For example: [() => …]');
  }
  const described = list.map((one, i) => describe(one, `health.checks[${i}]`, findings));
  findings.throwProblems();
  return described.map(({ check: asked, key, readiness }, i) => ({
    check: new SharedCheck(key, i + 1, asked, options),
    isForReadiness: readiness,
  }));
}

function describe(given: unknown, path: string, findings: Findings): Resolved<typeof CHECK_ROWS> {
  const set = new OptionSet(CHECK_ROWS, { path });
  if (isGiven(given) && 'check' in given) return set.read(given, findings);
  if (!check.accepts(given)) {
    findings.refuse(path, given, `must be ${check.expects}`, String(check.remedy));
  }
  return { ...set.defaults, check: given as AnyCheck };
}
