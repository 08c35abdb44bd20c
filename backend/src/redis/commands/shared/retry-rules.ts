import type { FailureKind } from '../../base/errors/index.js';

/** What the next step is decided from: how an attempt at a command failed. */
export interface RetryQuestion {
  readonly failure: FailureKind;
  /** Whether the command changes something. */
  readonly changes: boolean;
  /** Whether running it twice is harmless, and the application allows it. */
  readonly isRepeatable: boolean;
  /** Whether an earlier attempt may have been executed. @defaultValue false */
  readonly mayHaveRun?: boolean;
  /** Whether its caller, its deadline or the shutdown has ended it. @defaultValue false */
  readonly isEnded?: boolean;
  /** Whether there is a connection for it; `false` where its own is lost for good. @defaultValue true */
  readonly hasConnection?: boolean;
}

/**
 * What to do next:
 * - `again`: send it again as soon as a node takes it
 * - `look-again`: the same, and find out who the primary is
 * - `uncertain`: reject with `COMMAND_UNCERTAIN`
 * - `reject`: reject with the error of Redis
 * - `end`: reject with the error of what ended it; nothing was changed
 * - `lost`: reject because its connection is lost; nothing was changed
 */
export type NextStep = 'again' | 'look-again' | 'uncertain' | 'reject' | 'end' | 'lost';

/**
 * The retries of all calls, on shared connections and on their own. What was not executed is sent
 * again, the rest only if that is harmless.
 */
export function nextStep(attempt: RetryQuestion): NextStep {
  const { failure, isRepeatable } = attempt;
  const isInDoubt = failure === 'unknown' && attempt.changes;
  const mayHaveRun = isInDoubt || attempt.mayHaveRun === true;
  if (failure === 'rejected') return mayHaveRun ? 'uncertain' : 'reject';
  const obstacle = whyNotAgain(attempt);
  if (obstacle !== null) return mayHaveRun ? 'uncertain' : obstacle;
  if (isInDoubt && !isRepeatable) return 'uncertain';
  return failure === 'not-primary' ? 'look-again' : 'again';
}

function whyNotAgain({ isEnded, hasConnection }: RetryQuestion): 'end' | 'lost' | null {
  if (isEnded === true) return 'end';
  return hasConnection === false ? 'lost' : null;
}
