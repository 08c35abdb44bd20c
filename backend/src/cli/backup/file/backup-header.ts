import { BackupError } from '../backup-error.js';

/** What a file is for. */
export type FileKind = 'snapshot' | 'ends';

/** A place in the history of writes of a cluster: two files of one history can be put in order. */
export interface HistoryPlace {
  /** The id of the history, as in `INFO replication`. A failover gives it another one, and goes on counting. */
  readonly history: string;
  readonly offset: number;
}

/** How much of what is in a snapshot. */
export interface SnapshotCounts {
  readonly keys: number;
  readonly sessions: number;
  /** Sessions that had been ended. */
  readonly ends: number;
  readonly cached: number;
  readonly expiring: number;
}

/** What can be read of a file without its key. It is believed only once the file was verified. */
export interface BackupHeader extends HistoryPlace {
  readonly kind: FileKind;
  readonly format: number;
  /** Hexadecimal digits that no other file has. */
  readonly id: string;
  /** The name of the cluster. */
  readonly cluster: string;
  /** Calendar milliseconds by the node that it was taken from: it has all that was acknowledged and replicated until then. */
  readonly takenAt: number;
  /** The id of the history that this one goes on from, by a failover; empty where nobody knows of one. */
  readonly previous: string;
  /** The database that the writes after it begin in. */
  readonly streamDb: number;
  /** The node that it was taken from. */
  readonly node: string;
  readonly redisVersion: string;
  /** The version of the format of snapshots. */
  readonly rdbVersion: number;
  /** Memory that the data took, in bytes. */
  readonly usedBytes: number;
  /** The id of the key that it was sealed with. */
  readonly keyId: string;
  readonly counts: SnapshotCounts;
}

/** The format that this version writes. */
export const FORMAT = 1;
/** How much of a file its header takes, whatever is in it. */
export const HEADER_BYTES = 4_096;

const MAGIC = 'RHBACKUP\n';
const ID = /^[0-9a-f]{32}$/;

/** The bytes of a header. */
export function encodeHeader(header: BackupHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES, ' ');
  const written = bytes.write(`${MAGIC}${JSON.stringify(header)}`);
  if (written > HEADER_BYTES - 1) {
    throw new BackupError('SETTINGS_INVALID', 'the name of the cluster is too long', 'Shorten it');
  }
  bytes[HEADER_BYTES - 1] = 0x0a;
  return bytes;
}

/** Reads what {@link encodeHeader} wrote. @throws {@link BackupError} when it is something else. */
export function decodeHeader(bytes: Buffer): BackupHeader {
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw noBackup();
  const header = parse(bytes.toString('utf8', MAGIC.length));
  if (header === null) {
    throw new BackupError('DAMAGED', 'its head cannot be read', 'Restore another backup');
  }
  if (header.format > FORMAT) {
    throw new BackupError(
      'NEWER',
      `it has the format ${String(header.format)}, and this program knows the format ${String(FORMAT)}`,
      'Use a newer version of this program',
    );
  }
  return header;
}

function parse(text: string): BackupHeader | null {
  try {
    const value: unknown = JSON.parse(text);
    return isHeader(value) ? value : null;
  } catch {
    return null;
  }
}

const NUMBERS = ['format', 'offset', 'takenAt', 'rdbVersion', 'usedBytes', 'streamDb'] as const;
const TEXTS = ['id', 'cluster', 'history', 'node', 'redisVersion', 'keyId', 'previous'] as const;
const COUNTS = ['keys', 'sessions', 'ends', 'cached', 'expiring'] as const;

function isHeader(value: unknown): value is BackupHeader {
  if (typeof value !== 'object' || value === null) return false;
  const header = value as Record<string, unknown>;
  const counts = header['counts'] as Record<string, unknown> | null | undefined;
  return (
    (header['kind'] === 'snapshot' || header['kind'] === 'ends') &&
    NUMBERS.every((name) => Number.isSafeInteger(header[name])) &&
    TEXTS.every((name) => typeof header[name] === 'string') &&
    ID.test(header['id'] as string) &&
    typeof counts === 'object' &&
    counts !== null &&
    COUNTS.every((name) => Number.isSafeInteger(counts[name]))
  );
}

/** A file that is no backup at all. */
export function noBackup(): BackupError {
  return new BackupError(
    'NOT_A_BACKUP',
    'it does not begin like a backup',
    'Give a file that this program wrote: .rhbackup or .rhends',
  );
}
