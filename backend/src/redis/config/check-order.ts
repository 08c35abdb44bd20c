import type { Findings } from './findings.js';
import { keyOf } from './option-table.js';

/** Pairs of which the first must be smaller than the second, or equal to it where `orEqual` is set. */
const ORDERED = [
  { low: 'node.stallAfterMs', high: 'node.heartbeatTimeoutMs', orEqual: false },
  { low: 'sentinel.fastPollIntervalMs', high: 'sentinel.pollIntervalMs', orEqual: true },
] as const;

/** Reports times of one group that contradict each other. */
export function checkOrder(group: 'node' | 'sentinel', values: object, findings: Findings): void {
  const numbers = values as Readonly<Record<string, unknown>>;
  const pairs = ORDERED.filter(({ low }) => low.startsWith(`${group}.`));
  for (const { low, high, orEqual } of pairs) {
    // Where one was refused its default stands in, and comparing with that would mislead.
    if (findings.isRefused(low) || findings.isRefused(high)) continue;
    const lowValue = Number(numbers[keyOf(low)]);
    const highValue = Number(numbers[keyOf(high)]);
    if (lowValue < highValue || (orEqual && lowValue === highValue)) continue;
    const relation = orEqual ? 'must not be greater than' : 'must be smaller than';
    findings.refuse(
      low,
      lowValue,
      `${relation} ${findings.name(high)}, which is ${String(highValue)}`,
      `Lower ${findings.name(low)} or raise ${findings.name(high)}`,
    );
  }
}
