import { waitUntil } from '../../src/redis/testing/index.js';
import type { Load } from './load.js';

/** Resolves when this many further writes of the load were acknowledged. */
export async function untilWritten(load: Load, more: number): Promise<void> {
  const goal = load.writesAcknowledged + more;
  await waitUntil(() => load.writesAcknowledged >= goal, {
    what: `${String(more)} further writes are acknowledged`,
    timeoutMs: 30_000,
    explain: () => [
      `The load has ${String(load.writesAcknowledged)} acknowledged writes and these errors:`,
      ...load.errors
        .slice(-5)
        .map(({ command, code, message }) => `  ${command} ${code} ${message}`),
    ],
  });
}

/** The same for reads. */
export async function untilRead(load: Load, more: number): Promise<void> {
  const goal = load.readsServed + more;
  await waitUntil(() => load.readsServed >= goal, {
    what: `${String(more)} further reads are answered`,
    timeoutMs: 30_000,
  });
}
