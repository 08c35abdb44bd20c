import { BackupError } from '../backup-error.js';

/** Runs what touches files, and says what a failure means. */
export async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (error instanceof BackupError || code === null) throw error;
    throw explained(code, path);
  }
}

function explained(code: string, path: string): BackupError {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new BackupError(
        'DISK_FULL',
        `there is no room left on the disk of ${path}`,
        'Free some, keep fewer backups (BACKUP_KEEP), or name another folder (BACKUP_DIR)',
      );
    case 'ENOENT':
      return new BackupError('SETTINGS_INVALID', `there is no ${path}`, 'Name what is there');
    default:
      return new BackupError(
        'SETTINGS_INVALID',
        `${path} cannot be read or written: ${code}`,
        'Let this user read and write there, or name another folder (BACKUP_DIR)',
      );
  }
}

// Told by its form: errors of files may come from another realm than ours.
function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}
