import { constants, type BigIntStats, type Stats } from 'node:fs';
import * as disk from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, JournalFileError } from '../../../base/errors/index.js';
import { makeFolder } from '../../../base/files/index.js';

/** What the journal needs of the file system. */
export type Disk = Pick<typeof disk, 'open' | 'rename' | 'rm'>;

/** Only the user of this process may read what is journaled. */
const PRIVATE_MODE = 0o600;
const PRIVATE_FOLDER = 0o700;
const OTHERS_MAY_WRITE = 0o002;

// Windows has neither. Without O_NONBLOCK a named pipe would hold the process until somebody writes to it.
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = constants;

// Error codes of systems that cannot do this for a directory.
const NO_DIRECTORY_SYNC = new Set(['EINVAL', 'EISDIR', 'EPERM', 'EACCES', 'ENOTSUP']);

/** Creates a file that was not there before. */
export function createPrivate(path: string, files: Disk): Promise<disk.FileHandle> {
  return files.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, PRIVATE_MODE);
}

/** Opens a file of this user for reading; `null` when it is something else, such as a link. Nothing is changed. */
export async function openOwn(path: string, files: Disk): Promise<disk.FileHandle | null> {
  let handle: disk.FileHandle;
  try {
    handle = await files.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    // What a link ends with, and on some systems a socket.
    if (['ELOOP', 'EMLINK', 'ENXIO'].includes(codeOf(error) ?? '')) return null;
    throw error;
  }
  let isUsable = false;
  try {
    const stats = await handle.stat();
    isUsable = stats.isFile() && isOwn(stats);
  } finally {
    if (!isUsable) await handle.close();
  }
  return isUsable ? handle : null;
}

/** Returns whether a file is there. It is opened: network file systems answer everything else from memory. */
export async function isThere(path: string, files: Disk): Promise<boolean> {
  try {
    const handle = await files.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    await handle.close();
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Writes all of it at a place, even if the system needs several writes. */
export async function writeAll(
  handle: disk.FileHandle,
  bytes: Buffer,
  position: number,
): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const left = bytes.length - written;
    written += (await handle.write(bytes, written, left, position + written)).bytesWritten;
  }
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

/**
 * Makes a folder ready for journals: creates it if it is not there, and checks that it is this user's.
 *
 * @throws {@link JournalFileError} (`JOURNAL_FILE_FAILED`) when it cannot be used.
 */
export async function prepareFolder(path: string): Promise<void> {
  let stats: Stats;
  try {
    await makeFolder(path, PRIVATE_FOLDER);
    stats = await disk.lstat(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw toFileError(path, error);
    throw newFileError(path, 'cannot be made: ENOENT', 'Name a folder on a disk', error);
  }
  // Whoever can put files there could put sessions there.
  if (stats.isSymbolicLink()) throw newFileError(path, 'is a link', 'Name the folder itself');
  if (!isOwn(stats)) {
    const remedy = 'Name a folder inside it: it is created, and belongs to this process';
    throw newFileError(path, 'belongs to another user', remedy);
  }
  if ((stats.mode & OTHERS_MAY_WRITE) !== 0) {
    const remedy = 'Take that right away (chmod o-w), or name a folder inside it';
    throw newFileError(path, 'can be written by everybody', remedy);
  }
}

function isOwn({ uid }: Stats | BigIntStats): boolean {
  return process.getuid === undefined || Number(uid) === process.getuid();
}

/** The reason where the system gives none. */
export const UNKNOWN = 'unknown';

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'Let this process read and write it',
  EEXIST: 'Name a folder, not a file',
  ENOTDIR: 'Name a folder, not a file',
  EROFS: 'Name a folder on a disk that can be written',
  ENOSPC: 'Make room on the disk',
};

/** The journal cannot be kept there, and what to do. */
export function newFileError(
  path: string,
  message: string,
  remedy: string,
  cause?: unknown,
): JournalFileError {
  const field = 'journal.dir';
  return new JournalFileError(
    `${field}: ${JSON.stringify(path)} ${message}. ${remedy}`,
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
