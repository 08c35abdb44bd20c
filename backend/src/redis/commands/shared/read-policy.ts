import type { ReadPolicy } from '../../config/index.js';

/** The properties of a node that the choice depends on. */
export interface ReadCandidate {
  readonly isPrimary: boolean;
  /** Whether it is connected and not stalled. */
  readonly isThere: boolean;
  /** Whether it is linked to the present primary. Always true for the primary itself. */
  readonly isInStep: boolean;
  /** How old its data is at most, in ms; 0 for the primary, `null` if no bound is known. */
  readonly stalenessMs: number | null;
  readonly rttMs: number;
}

/**
 * Returns the nodes that may answer a read, in groups of equally good ones, best group first. Replicas
 * without a link to the primary come last: if there is no other node, an older answer is better than
 * none.
 */
export function orderCandidates<T extends ReadCandidate>(
  nodes: readonly T[],
  policy: ReadPolicy,
  maxStalenessMs: number | null,
): T[][] {
  const usable = nodes.filter((node) => node.isThere && isFreshEnough(node, maxStalenessMs));
  const primary = usable.filter((node) => node.isPrimary);
  const inStep = usable.filter((node) => !node.isPrimary && node.isInStep);
  const behind = usable.filter((node) => !node.isPrimary && !node.isInStep);
  return groupsFor(policy, { primary, inStep, behind }).filter((group) => group.length > 0);
}

interface Groups<T> {
  readonly primary: T[];
  readonly inStep: T[];
  readonly behind: T[];
}

function groupsFor<T extends ReadCandidate>(policy: ReadPolicy, groups: Groups<T>): T[][] {
  const { primary, inStep, behind } = groups;
  switch (policy) {
    case 'primary':
      return [primary];
    case 'replica':
      return [inStep, behind];
    case 'replica-preferred':
      return [inStep, primary, behind];
    case 'nearest':
      return [...byRoundTrip([...inStep, ...primary]), behind];
  }
}

function isFreshEnough(node: ReadCandidate, maxStalenessMs: number | null): boolean {
  if (maxStalenessMs === null || node.isPrimary) return true;
  return node.stalenessMs !== null && node.stalenessMs <= maxStalenessMs;
}

function byRoundTrip<T extends ReadCandidate>(nodes: readonly T[]): T[][] {
  return [...nodes].sort((a, b) => a.rttMs - b.rttMs).map((node) => [node]);
}
