import type { FailureKind } from '../../base/errors/index.js';

/** What an attempt at a command came to. */
export interface FailedAttempt {
  readonly failure: FailureKind;
  /** The command changes something. */
  readonly changes: boolean;
  /** Running it twice is harmless, and the application allows it. */
  readonly isRepeatable: boolean;
}

/**
 * What to do next:
 * - `again`: send it anew as soon as a node takes it
 * - `look-again`: the same, and find out who the primary is
 * - `uncertain`: tell the caller that nobody knows
 * - `reject`: hand the error to the caller
 */
export type NextStep = 'again' | 'look-again' | 'uncertain' | 'reject';

/** The table of retries on shared connections. What was certainly not executed may be sent again; the rest must be harmless. */
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

const PAUSES_MS = [2, 5, 5, 10];

/** How long to wait, in ms, before a node that refused is asked again. */
export function pauseAfter(refusalsBefore: number): number {
  return PAUSES_MS[Math.min(refusalsBefore, PAUSES_MS.length - 1)] ?? 10;
}
