import type { ResolvedRedisOptions } from '../../config/index.js';
import type { Clock } from '../../base/timing/index.js';
import { JournalFile } from './journal-file.js';
import { NO_LOG, type JournalLog, type JournalRecord } from './journal-log.js';

const FSYNC_INTERVAL_MS = 100;

/** The journal that an earlier process left behind, and the log of this process. */
export interface KeptJournal {
  readonly log: JournalLog;
  readonly records: readonly JournalRecord[];
  /** How many bytes at the end of the file were unreadable. */
  readonly damagedBytes: number;
}

/** No file: the journal lives as long as this process. */
export const NOTHING_KEPT: KeptJournal = { log: NO_LOG, records: [], damagedBytes: 0 };

/**
 * Opens the file of `journal.file`, if that option is set.
 *
 * @param onFailure - called once each time the disk starts to refuse writes
 * @throws {@link JournalFileError} (`JOURNAL_FILE_FAILED`) when it cannot be used.
 */
export async function openKeptJournal(
  { mode, journal }: ResolvedRedisOptions,
  clock: Clock,
  onFailure: (reason: string) => void,
): Promise<KeptJournal> {
  const { file: path, fsync } = journal;
  if (path === null || mode === 'memory') return NOTHING_KEPT;
  const options = { path, fsync, intervalMs: FSYNC_INTERVAL_MS, onFailure };
  const file = await JournalFile.open(options, clock);
  return { log: file, records: file.records, damagedBytes: file.damagedBytes };
}
