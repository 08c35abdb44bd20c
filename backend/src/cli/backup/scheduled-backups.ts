import type { Clock } from '../../redis/base/timing/index.js';
import { CliError } from '../frame/index.js';
import type { Pruned } from './backup-folder.js';
import type { Source } from './source/find-source.js';
import type { KeepRule } from './retention.js';
import { type BackupHome, type TakenBackup, takeFrom } from './take-backup.js';

/** What one that takes backups on a schedule tells. */
export type ScheduleEvent =
  | { readonly kind: 'took'; readonly backup: TakenBackup }
  | { readonly kind: 'pruned'; readonly pruned: Pruned }
  | { readonly kind: 'failed'; readonly error: CliError };

/** How backups are taken on a schedule. */
export interface ScheduleOptions {
  /** How old the latest backup may become, in ms. */
  readonly everyMs: number;
  readonly keep: KeepRule;
  /** Connects to a replica. */
  readonly open: () => Promise<Source>;
  readonly report: (event: ScheduleEvent) => void;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** The time of the calendar. */
  readonly now: () => number;
}

/** Others may take one meanwhile, and a clock may be set: it is looked again so often. */
const LOOK_MS = 60_000;

/**
 * Takes a backup whenever the latest one is old enough, whoever took that, and removes what is not kept, until the signal
 * fires. What fails is told, and tried again a minute later.
 */
export async function takeOnSchedule(home: BackupHome, options: ScheduleOptions): Promise<void> {
  const { signal, clock } = options;
  while (!signal.aborted) {
    const waitMs = await untilDue(home, options);
    if (waitMs > 0) await clock.sleep(Math.min(waitMs, LOOK_MS), signal);
    else if (!(await takeOne(home, options))) await clock.sleep(LOOK_MS, signal);
  }
}

async function untilDue(
  { folder, cluster }: BackupHome,
  { everyMs, now }: ScheduleOptions,
): Promise<number> {
  const [latest] = await folder.filesOf(cluster, 'snapshot');
  return latest === undefined ? 0 : latest.header.takenAt + everyMs - now();
}

/** Resolves with whether there is a new one. */
async function takeOne(home: BackupHome, options: ScheduleOptions): Promise<boolean> {
  const { open, report, signal, keep, now } = options;
  try {
    const backup = await takeFrom(open, home);
    report({ kind: 'took', backup });
    const pruned = await home.folder.prune(home.cluster, keep, now());
    if (pruned.removed.length > 0) report({ kind: 'pruned', pruned });
    return true;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    if (!signal.aborted) report({ kind: 'failed', error });
    return false;
  }
}
