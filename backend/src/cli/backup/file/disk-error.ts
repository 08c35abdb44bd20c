import { codeOf } from '../../../redis/base/errors/index.js';
import {
  answerWithin,
  atDeadline,
  type Clock,
  SystemClock,
} from '../../../redis/base/timing/index.js';
import { CliError } from '../../frame/index.js';
import { BackupError } from '../backup-error.js';

/** How long a disk may take to answer. */
export interface DiskPatience {
  readonly ms: number;
  readonly clock: Clock;
}

const clock = new SystemClock();
const ANSWERS: DiskPatience = { ms: 10_000, clock };
/** What moves data may take longer: a disk that is busy writes back gigabytes first. */
export const MOVES_DATA: DiskPatience = { ms: 300_000, clock };

/**
 * Runs what touches files, and says what a failure means; also where the disk does not answer.
 *
 * @param what - the path, as people are told of it
 */
export async function onDisk<T>(
  what: string,
  work: () => Promise<T>,
  patience = ANSWERS,
): Promise<T> {
  const limit = atDeadline(patience.clock, patience.ms, () => hung(what, patience.ms));
  try {
    return await answerWithin(work(), limit);
  } catch (error) {
    const code = codeOf(error);
    if (error instanceof CliError || code === null) throw error;
    throw explained(code, what);
  }
}

function hung(what: string, ms: number): BackupError {
  return new BackupError(
    'DISK_HUNG',
    `the disk of ${what} has not answered for ${String(ms / 1_000)} s`,
    'See what is wrong with it, or name another folder (BACKUP_DIR)',
  );
}

function explained(code: string, what: string): BackupError {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new BackupError(
        'DISK_FULL',
        `there is no room left on the disk of ${what}`,
        'Free some, keep fewer backups (BACKUP_KEEP), or name another folder (BACKUP_DIR)',
      );
    case 'ENOENT':
      return new BackupError('SETTINGS_INVALID', `there is no ${what}`, 'Name what is there');
    default:
      return new BackupError(
        'SETTINGS_INVALID',
        `${what} cannot be read or written: ${code}`,
        'Let this user read and write there, or name another folder (BACKUP_DIR)',
      );
  }
}
