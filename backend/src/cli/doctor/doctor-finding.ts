import { FINDING_CODES, SEVERITIES, type FindingCode, type Severity } from './finding-codes.js';

/** What was seen at one server, or of the group. */
export interface Evidence {
  /** The server, as it is announced, or the name of the group. */
  readonly at: string;
  /** What was seen there, with figures. Never holds a password. */
  readonly seen: string;
}

/** One thing that is not as it should be. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly evidence: readonly Evidence[];
  /** What to do, or to type. */
  readonly remedy: string;
  /** Whether a failover or a restart looks like this for some seconds: it counts only when it stays. */
  readonly mayPass: boolean;
}

/** What a finding says that its code does not. */
export interface FoundOptions {
  /** @defaultValue that of the code */
  readonly severity?: Severity;
  readonly mayPass?: boolean;
}

/** Makes a finding of what was seen; none where nothing was. */
export function found(
  code: FindingCode,
  evidence: readonly Evidence[],
  remedy: string,
  { severity = FINDING_CODES[code].severity, mayPass = false }: FoundOptions = {},
): Finding[] {
  return evidence.length === 0 ? [] : [{ code, severity, evidence, remedy, mayPass }];
}

/** Sorts findings, the worst first. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  const rank = ({ severity }: Finding): number => SEVERITIES.indexOf(severity);
  return [...findings].sort((a, b) => rank(a) - rank(b) || a.code.localeCompare(b.code));
}
