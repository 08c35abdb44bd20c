import type * as disk from 'node:fs/promises';
import { dirname } from 'node:path';
import { JournalFileError } from '../../base/errors/index.js';

/** The file operations that the journal needs. */
export type Disk = Pick<typeof disk, 'open' | 'rename' | 'rm'>;

/** Only the user of this process may read what is journaled. */
export const PRIVATE_MODE = 0o600;

// Error codes of systems that cannot sync a directory at all.
const NO_DIRECTORY_SYNC = new Set(['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'ENOTSUP']);

/** Writes all bytes, in as many calls as the system needs. */
export async function writeAll(handle: disk.FileHandle, bytes: Buffer): Promise<void> {
  let written = 0;
  while (written < bytes.length) written += (await handle.write(bytes, written)).bytesWritten;
}

/** Syncs the directory of a file. Only then is a new or renamed file found after a power failure. */
export async function syncDirectory(path: string, files: Disk): Promise<void> {
  try {
    const directory = await files.open(dirname(path), 'r');
    await directory.sync().finally(() => directory.close());
  } catch (error) {
    if (!NO_DIRECTORY_SYNC.has(reasonOf(error))) throw error;
  }
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'Create its directory',
  EACCES: 'Let this process read and write it, and its directory',
  EISDIR: 'Name a file, not a directory',
  ENOSPC: 'Make room on the disk',
};

/** Why the system refused, such as `ENOSPC`. */
export function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unknown';
}

/** An error that says why the file cannot be used, and what to do. */
export function newFileError(
  path: string,
  message: string,
  remedy: string,
  cause?: unknown,
): JournalFileError {
  const field = 'journal.file';
  return new JournalFileError(
    `${field} = ${JSON.stringify(path)} ${message}. ${remedy}`,
    { field, reason: cause === undefined ? message : reasonOf(cause), remedy },
    { cause },
  );
}

/** Turns an error of the system into an error of this library. */
export function toFileError(path: string, error: unknown): JournalFileError {
  if (error instanceof JournalFileError) return error;
  const reason = reasonOf(error);
  const remedy = REMEDIES[reason] ?? 'See the cause of this error';
  return newFileError(path, `cannot be used: ${reason}`, remedy, error);
}
