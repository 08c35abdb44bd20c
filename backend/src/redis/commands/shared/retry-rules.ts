import type { FailureKind } from '../../base/errors/index.js';

/** How an attempt at a command failed. */
export interface FailedAttempt {
  readonly failure: FailureKind;
  /** Whether the command changes something. */
  readonly changes: boolean;
  /** Whether running it twice is harmless, and the application allows it. */
  readonly isRepeatable: boolean;
}

/**
 * What to do next:
 * - `again`: send it again as soon as a node takes it
 * - `look-again`: the same, and find out who the primary is
 * - `uncertain`: reject with `COMMAND_UNCERTAIN`
 * - `reject`: reject with the error of Redis
 */
export type NextStep = 'again' | 'look-again' | 'uncertain' | 'reject';

/** The retries on shared connections. What was not executed is sent again, the rest only if that is harmless. */
export function nextStep({ failure, changes, isRepeatable }: FailedAttempt): NextStep {
  switch (failure) {
    case 'not-sent':
    case 'not-ready':
    case 'unblocked':
      return 'again';
    case 'not-primary':
      return 'look-again';
    case 'unknown':
      return !changes || isRepeatable ? 'again' : 'uncertain';
    case 'rejected':
      return 'reject';
  }
}
