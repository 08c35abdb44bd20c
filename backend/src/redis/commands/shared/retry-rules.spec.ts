import type { FailureKind } from '../../base/errors/index.js';
import { nextStep, type RetryQuestion, type NextStep } from './retry-rules.js';

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

  it('calls a repeat that is rejected uncertain, because the attempt before may have been executed', () => {
    const attempt = { changes: true, isRepeatable: true, mayHaveRun: true };
    expect(nextStep({ ...attempt, failure: 'rejected' })).toBe('uncertain');
  });

  // For a read, a write that may be repeated, and a write that may not; then one that was repeated before.
  const cutShort: [FailureKind, NextStep, NextStep, NextStep, NextStep][] = [
    ['not-sent', 'end', 'end', 'end', 'uncertain'],
    ['not-ready', 'end', 'end', 'end', 'uncertain'],
    ['unblocked', 'end', 'end', 'end', 'uncertain'],
    ['not-primary', 'end', 'end', 'end', 'uncertain'],
    ['unknown', 'end', 'uncertain', 'uncertain', 'uncertain'],
    ['rejected', 'reject', 'reject', 'reject', 'uncertain'],
  ];
  const stepsOf = (failure: FailureKind, why: Partial<RetryQuestion>): NextStep[] => [
    nextStep({ failure, changes: false, isRepeatable: true, ...why }),
    nextStep({ failure, changes: true, isRepeatable: true, ...why }),
    nextStep({ failure, changes: true, isRepeatable: false, ...why }),
    nextStep({ failure, changes: true, isRepeatable: true, mayHaveRun: true, ...why }),
  ];

  it.each(cutShort)('when it was ended, and %s: %s, %s, %s; %s', (failure, ...steps) => {
    expect(stepsOf(failure, { isEnded: true })).toEqual(steps);
  });

  it.each(cutShort)(
    'when its own connection is lost, and %s: as when it was ended',
    (failure, ...steps) => {
      const lost = steps.map((step) => (step === 'end' ? 'lost' : step));
      expect(stepsOf(failure, { hasConnection: false })).toEqual(lost);
    },
  );
});
