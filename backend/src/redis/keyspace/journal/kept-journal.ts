import type { ResolvedRedisOptions } from '../../config/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import type { JournalFileStatus } from './disk/file-status.js';
import { fingerprintOf } from './disk/journal-fingerprint.js';
import { JournalFolder, type AdoptionListener } from './disk/journal-folder.js';
import { NO_LOG, type JournalLog, type JournalRecord } from './disk/journal-log.js';
import type { SkipReason } from './disk/orphans.js';

const FSYNC_INTERVAL_MS = 100;

/** The journals that earlier processes left behind, and the log of this process. */
export interface KeptJournal {
  readonly log: JournalLog;
  readonly records: readonly JournalRecord[];
  /** How many bytes of their files were unreadable. */
  readonly damagedBytes: number;
  /** Returns how the file of this process is. Absent where the journal is in memory only. */
  fileStatus?(): JournalFileStatus;
  /**
   * Calls back with the records of a process that is gone, whenever one is found. Its file is removed when
   * the promise has resolved. There is one listener.
   */
  onAdopted?(listener: AdoptionListener): Stop;
}

/** What is reported of the files. */
interface FileListener {
  /** Called once each time the disk starts to refuse writes, or does not answer. */
  onFailure(reason: string): void;
  /** Called when the disk takes writes again. */
  onRecovery(failedMs: number): void;
  /** Called once for each file that is left alone, with its name. */
  onSkipped(file: string, reason: SkipReason): void;
}

/** No file: the journal lives as long as this process. */
export const NOTHING_KEPT: KeptJournal = { log: NO_LOG, records: [], damagedBytes: 0 };

/**
 * Opens the folder of `journal.dir`, if that option is set.
 *
 * @throws {@link JournalFileError} (`JOURNAL_FILE_FAILED`) when it cannot be used.
 */
export async function openKeptJournal(
  options: ResolvedRedisOptions,
  clock: Clock,
  listener: FileListener,
): Promise<KeptJournal> {
  const { dir, fsync, keys } = options.journal;
  if (dir === null || options.mode === 'memory') return NOTHING_KEPT;
  const seal = { ring: keys, fingerprint: fingerprintOf(options) };
  const settings = { dir, fsync, intervalMs: FSYNC_INTERVAL_MS, seal, ...listener };
  const folder = await JournalFolder.open(settings, clock);
  return {
    log: folder,
    records: folder.records,
    damagedBytes: folder.damagedBytes,
    fileStatus: () => folder.fileStatus,
    onAdopted: (adopt) => folder.onAdopted(adopt),
  };
}
