import type { CommandIntent } from '../table/command-intent.js';

/**
 * How long a node may be busy with a read: `fast` is what Redis itself calls so, `slow` grows with one
 * value, `heavy` may take any time.
 */
export type ReadCost = 'fast' | 'slow' | 'heavy';

const HEAVY = new Set(
  (
    'eval_ro evalsha_ro fcall_ro keys sort_ro lcs memory|usage ft.search ft.aggregate ft.profile ' +
    'ft.hybrid ts.mrange ts.mrevrange ts.nrange ts.nrevrange ts.mget ts.queryindex ts.querylabels'
  ).split(' '),
);

/** Returns how long a node may be busy with a read. */
export function costOf({ name, isFast, isDeclared }: CommandIntent): ReadCost {
  // Of what is not known nobody can say how long it takes.
  if (isDeclared === true || HEAVY.has(name)) return 'heavy';
  return isFast ? 'fast' : 'slow';
}
