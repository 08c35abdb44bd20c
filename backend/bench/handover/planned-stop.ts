import { now, within } from '../common/clock.js';
import { waitUntil } from '../../src/redis/testing/index.js';
import type { Case } from './cases.js';
import type { ScriptCluster } from './script-cluster.js';
import type { ScriptProcess } from './script-process.js';
import { Writer, WRITER_KINDS, type WriterKind } from './writer.js';

/** What one client saw of a planned stop. */
export interface Seen {
  readonly acknowledged: number;
  readonly lost: number;
  /** Of those, how many were acknowledged after the script had said that writes are paused. */
  readonly lostWhilePaused: number;
  /** The longest time without an acknowledged write until the successor had taken one. */
  readonly waitedMs: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** One planned stop of the primary. */
export interface PlannedStop {
  readonly clients: Readonly<Record<WriterKind, Seen>>;
  /** How long the script took to end. */
  readonly tookMs: number;
  /** What the script said from the signal on. */
  readonly said: readonly string[];
  readonly hasHandedOver: boolean;
}

const WARM_UP_WRITES = 20;
const RECOVERY_MS = 30_000;

/** Stops the primary in the state of the case, under writes, and mends the cluster again. */
export async function stopPrimary(
  cluster: ScriptCluster,
  { begin }: Case,
  run: number,
): Promise<PlannedStop> {
  const primary = await cluster.settle();
  const replicas = cluster.nodes.filter((node) => node !== primary);
  const writers = await Promise.all(WRITER_KINDS.map((kind) => Writer.open(kind, cluster)));
  await untilAll(writers, ({ count }) => count >= WARM_UP_WRITES, 'the writers write');
  const undo = await begin({ cluster, primary, replicas, run });
  const stoppedAt = now();
  await primary.stop();
  const tookMs = now() - stoppedAt;
  // Taken with the line that the script wrote, or with its end: what happens later is no matter of the hand-over.
  const decidedAt = primary.wroteAt(/handed over to/) ?? stoppedAt + tookMs;
  const pausedAt = primary.wroteAt(/under way: writes are paused/) ?? Infinity;
  const isWritten = untilAll(
    writers,
    (writer) => writer.firstAfter(decidedAt) !== null,
    'every client writes again',
  ).catch(() => undefined);
  // With one replica alone the successor may refuse writes: that ends when the others are back.
  await within(2000, isWritten, undefined);
  await undo();
  const said = linesSince(primary, stoppedAt);
  await cluster.startMissing();
  await isWritten;
  await Promise.all(writers.map((writer) => writer.close()));
  await cluster.settle();
  const seen = await Promise.all(
    writers.map(async (writer) => {
      const lost = await writer.lost(cluster);
      return {
        acknowledged: writer.count,
        lost: lost.length,
        lostWhilePaused: lost.filter(({ at }) => at > pausedAt).length,
        waitedMs: writer.longestWaitMs(decidedAt),
        errors: Object.fromEntries(writer.errors),
      };
    }),
  );
  await (await cluster.primary()).command('FLUSHALL');
  return {
    clients: { ours: seen[0]!, plain: seen[1]! },
    tookMs,
    said,
    hasHandedOver: said.some((line) => line.includes('handed over to')),
  };
}

function linesSince(node: ScriptProcess, at: number): string[] {
  return node.lines
    .filter((line) => line.at >= at && line.text.includes('Z ['))
    .map(({ text }) => text);
}

function untilAll(
  writers: readonly Writer[],
  isSo: (writer: Writer) => boolean,
  what: string,
): Promise<boolean> {
  return waitUntil(() => writers.every(isSo), { what, timeoutMs: RECOVERY_MS });
}
