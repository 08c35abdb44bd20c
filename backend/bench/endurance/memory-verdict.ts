import { finding, type Finding } from '../common/finding.js';
import { median } from '../../src/cli/measure/statistics.js';
import type { Holdings } from './client-process.js';

const MIB = 1 << 20;
/** The heap breathes by this much without anything being kept. */
const ALLOWANCE = MIB;

/** Whether the heap after garbage collection stays where it is: the last third against the second. */
export function memoryVerdict(samples: readonly Holdings[]): Finding {
  const third = Math.max(1, Math.floor(samples.length / 3));
  const heap = samples.map(({ heapUsed }) => heapUsed);
  // The first third is left out: code is still being compiled, buffers find their size.
  const before = median(heap.slice(-2 * third, -third));
  const after = median(heap.slice(-third));
  const grown = (after - before) / MIB;
  return finding(
    after - before <= ALLOWANCE,
    `heap of the last third against the one before: ${grown >= 0 ? '+' : ''}${grown.toFixed(2)} MiB`,
  );
}
