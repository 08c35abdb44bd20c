import type { FailureKind } from '../../base/errors/index.js';
import { nextStep, type NextStep } from './retry-rules.js';

describe('nextStep', () => {
  // For a read, a write that may be repeated, and a write that may not.
  const table: [FailureKind, NextStep, NextStep, NextStep][] = [
    ['not-sent', 'again', 'again', 'again'],
    ['not-ready', 'again', 'again', 'again'],
    ['unblocked', 'again', 'again', 'again'],
    ['not-primary', 'look-again', 'look-again', 'look-again'],
    ['unknown', 'again', 'again', 'uncertain'],
    ['rejected', 'reject', 'reject', 'reject'],
  ];

  it.each(table)(
    'after %s: a read %s, a harmless write %s, another write %s',
    (failure, ...steps) => {
      expect([
        nextStep({ failure, changes: false, isRepeatable: true }),
        nextStep({ failure, changes: true, isRepeatable: true }),
        nextStep({ failure, changes: true, isRepeatable: false }),
      ]).toEqual(steps);
    },
  );

  it('never repeats what may have been executed and is not harmless', () => {
    for (const [failure] of table) {
      const step = nextStep({ failure, changes: true, isRepeatable: false });
      expect(failure === 'unknown' && step === 'again').toBe(false);
    }
  });
});
