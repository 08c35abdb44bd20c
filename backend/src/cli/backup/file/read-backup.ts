import type { KeyRing } from '../../../redis/base/crypto/index.js';
import { BackupError } from '../backup-error.js';
import { type RdbItem, RdbReader } from '../rdb/rdb-reader.js';
import type { BackupHeader } from './backup-header.js';
import { KeyCounter } from './entry-kinds.js';
import { readHeader, readSealed } from './sealed-file.js';

/** What is in a backup, in its order. That it is complete is known at the end. */
export async function* itemsOf(path: string, ring: KeyRing): AsyncGenerator<RdbItem> {
  const reader = new RdbReader();
  for await (const piece of readSealed(path, ring)) yield* reader.read(piece);
  yield* reader.finish();
}

/**
 * Reads a whole backup, without restoring anything.
 * @throws {@link BackupError} with the reason when it is not what was written.
 */
export async function verifyBackup(path: string, ring: KeyRing): Promise<BackupHeader> {
  const header = await readHeader(path);
  if (header.kind !== 'snapshot') {
    throw new BackupError(
      'NOT_A_BACKUP',
      'it is a list of what was ended, and no snapshot',
      'Give a file that ends with .rhbackup; the lists beside it are found by themselves',
    );
  }
  const counter = new KeyCounter();
  for await (const item of itemsOf(path, ring)) if (item.kind === 'key') counter.add(item);
  const { counts } = counter;
  if (JSON.stringify(counts) === JSON.stringify(header.counts)) return header;
  throw new BackupError(
    'DAMAGED',
    `it says that it holds ${String(header.counts.keys)} keys, and it holds ${String(counts.keys)}`,
    'Restore another backup',
  );
}
