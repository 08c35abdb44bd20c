import { resolve } from 'node:path';
import { BackupError } from './backup-error.js';
import type { BackupSettings } from './settings.js';

/**
 * The file that was named; `latest` is the latest backup of the cluster. To restore a cluster that came back empty, those
 * that were taken since are passed over.
 *
 * @param passedOver - histories of which no backup will do
 */
export async function namedFile(
  settings: BackupSettings,
  file: string,
  passedOver: readonly string[] = [],
): Promise<string> {
  if (file !== 'latest') return resolve(file);
  const backups = await settings.folder.filesOf(settings.cluster, 'snapshot');
  const latest = backups.find(({ header }) => !passedOver.includes(header.history));
  if (latest !== undefined) return latest.path;
  const of = backups.length === 0 ? '' : ' but of what it holds now';
  throw new BackupError(
    'SETTINGS_INVALID',
    `there is no backup of ${settings.cluster} in ${settings.folder.named}${of}`,
    'Name a file, or set BACKUP_CLUSTER to the name that the backups have (see list)',
  );
}
