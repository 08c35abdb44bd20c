import type { CommandIntent } from '../table/command-intent.js';

/**
 * How long a node may be busy with a read: `fast` is what Redis itself calls so, `slow` grows with one
 * value, `heavy` may take any time.
 */
export type ReadCost = 'fast' | 'slow' | 'heavy';

const HEAVY = new Set(['keys', 'sort_ro', 'lcs', 'memory|usage']);

/** Returns how long a node may be busy with a read. */
export function costOf({ name, isFast, isOpaque }: CommandIntent): ReadCost {
  if (isOpaque || HEAVY.has(name)) return 'heavy';
  return isFast ? 'fast' : 'slow';
}
