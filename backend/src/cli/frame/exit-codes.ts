/** What the program ends with. */
export const EXIT = {
  /** It was done, or everything is well. */
  done: 0,
  /** It was looked at, and something is not well: degraded, a finding, a limit that does not hold. */
  unwell: 1,
  /** It could not be done, or nothing works. */
  failed: 2,
  /** It could hurt, and nobody confirmed it. */
  unconfirmed: 3,
  /** What was typed is wrong. */
  misused: 64,
  /** Somebody ended it. */
  interrupted: 130,
} as const;

/** One of the codes that the program ends with. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each code means, for the help. */
export const EXIT_MEANINGS: readonly (readonly [ExitCode, string])[] = [
  [EXIT.done, 'done, or everything is well'],
  [EXIT.unwell, 'something is not well: degraded, a finding, a limit that does not hold'],
  [EXIT.failed, 'it could not be done, or nothing works'],
  [EXIT.unconfirmed, 'it could hurt, and nobody confirmed it'],
  [EXIT.misused, 'what was typed is wrong'],
  [EXIT.interrupted, 'somebody ended it'],
];
