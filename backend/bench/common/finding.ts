/** A promise of ours, and whether it was kept. */
export interface Finding {
  readonly isKept: boolean;
  readonly text: string;
  /** A slow machine can break it. What no machine can break decides about the exit code. */
  readonly isAboutTime: boolean;
}

/** A promise about what was answered and kept. */
export function finding(isKept: boolean, text: string): Finding {
  return { isKept, text, isAboutTime: false };
}

/** A promise about how long it took. */
export function timing(isKept: boolean, text: string): Finding {
  return { isKept, text, isAboutTime: true };
}

/** One line for people. */
export function findingLine({ isKept, text }: Finding): string {
  return `  ${isKept ? 'PASS' : 'FAIL'}  ${text}`;
}

/** Whether everything holds that does not depend on the machine. */
export function isCorrect(findings: readonly Finding[]): boolean {
  return findings.every(({ isKept, isAboutTime }) => isKept || isAboutTime);
}
