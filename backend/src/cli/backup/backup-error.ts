import { CliError, EXIT } from '../frame/index.js';

/**
 * Why a backup was not taken, not read or not restored:
 * - `SETTINGS_INVALID`: what was asked for cannot be done
 * - `NO_SOURCE`, `NODE_REFUSED`: there is no node to take it from, or it refuses; a connection to one ends with errors of its own
 * - `DISK_FULL`, `DISK_HUNG`: there is no room for it, or the disk does not answer
 * - `NOT_A_BACKUP`, `DAMAGED`, `TRUNCATED`, `KEY_UNKNOWN`: the file is not what was written, or not readable here
 * - `FOREIGN`: it belongs to another cluster
 * - `NEWER`: it needs a newer server, or a newer version of this program
 * - `UNSUPPORTED`: it holds what this program cannot put back
 * - `TARGET_UNFIT`: the Redis to restore into is no primary, not empty, or too small
 * - `ENDS_MISSING`: nobody knows which sessions were ended since
 */
export type BackupCode =
  | 'SETTINGS_INVALID'
  | 'NO_SOURCE'
  | 'NODE_REFUSED'
  | 'DISK_FULL'
  | 'DISK_HUNG'
  | 'NOT_A_BACKUP'
  | 'DAMAGED'
  | 'TRUNCATED'
  | 'KEY_UNKNOWN'
  | 'FOREIGN'
  | 'NEWER'
  | 'UNSUPPORTED'
  | 'TARGET_UNFIT'
  | 'ENDS_MISSING';

/** What went wrong with a backup, and what to do about it. It never holds a password, a key or a value. */
export class BackupError extends CliError {
  override readonly name = 'BackupError';
  override readonly code: BackupCode;

  constructor(code: BackupCode, message: string, remedy: string) {
    super(message, remedy, code === 'SETTINGS_INVALID' ? EXIT.misused : EXIT.failed);
    this.code = code;
  }
}
