/** How the journal file of a process is. No paths: its folder is in the options. */
export interface JournalFileStatus {
  /** `failed`: the disk refuses writes; `hung`: it owes an answer. Meanwhile the journal is in memory only. */
  readonly state: 'sound' | 'failed' | 'hung';
  /** The error code of the system, such as `ENOSPC`; `null` while it is sound. */
  readonly reason: string | null;
  /** Since when it takes no writes, in calendar milliseconds of this machine; `null` while it is sound. */
  readonly since: number | null;
  /** The size of the file. */
  readonly bytes: number;
  /** About how many bytes wait in memory for the disk. */
  readonly queuedBytes: number;
  /** How often the disk began to refuse writes, or not to answer. */
  readonly failures: number;
}
