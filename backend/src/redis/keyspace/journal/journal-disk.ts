import type * as disk from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, JournalFileError } from '../../base/errors/index.js';

/** What the file needs of the file system. */
export type Disk = Pick<typeof disk, 'open' | 'rename' | 'rm'>;

/** Only the user of this process may read what is journaled. */
export const PRIVATE_MODE = 0o600;

// Error codes of systems that cannot do this for a directory.
const NO_DIRECTORY_SYNC = new Set(['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'ENOTSUP']);

/** Writes all of it, even if the system needs several writes. */
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
    if (!NO_DIRECTORY_SYNC.has(codeOf(error) ?? '')) throw error;
  }
}

/** The reason where the system gives none. */
export const UNKNOWN = 'unknown';

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'Create its directory',
  EACCES: 'Let this process read and write it, and its directory',
  EISDIR: 'Name a file, not a directory',
  ENOSPC: 'Make room on the disk',
};

/** The file cannot be used, and what to do. */
export function newFileError(
  path: string,
  message: string,
  remedy: string,
  cause?: unknown,
): JournalFileError {
  const field = 'journal.file';
  return new JournalFileError(
    `${field} = ${JSON.stringify(path)} ${message}. ${remedy}`,
    { field, reason: cause === undefined ? message : (codeOf(cause) ?? UNKNOWN), remedy },
    { cause },
  );
}

/** Turns an error of the system into one of this library. */
export function toFileError(path: string, error: unknown): JournalFileError {
  if (error instanceof JournalFileError) return error;
  const reason = codeOf(error) ?? UNKNOWN;
  const remedy = REMEDIES[reason] ?? 'See the cause of this error';
  return newFileError(path, `cannot be used: ${reason}`, remedy, error);
}
