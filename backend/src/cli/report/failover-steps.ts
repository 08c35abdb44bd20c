import type { FailoverRecord } from '../../redis/base/events/index.js';

const STEPS = [
  ['suspectedAt', 'suspected'],
  ['sdownAt', 'sdown'],
  ['odownAt', 'odown'],
  ['electedAt', 'elected'],
  ['promotedAt', 'promoted'],
  ['switchedAt', 'switched'],
  ['firstWriteAt', 'first write'],
] as const satisfies readonly (readonly [keyof FailoverRecord, string])[];

/** A step of a failover, in milliseconds since 1970. */
export interface FailoverStep {
  readonly label: string;
  readonly at: number;
}

/** The steps of a failover that are known, in the order in which they happened. */
export function stepsOf(failover: FailoverRecord): FailoverStep[] {
  return STEPS.flatMap(([field, label]) => {
    const at = failover[field];
    return at === null ? [] : [{ label, at }];
  }).sort((a, b) => a.at - b.at);
}
