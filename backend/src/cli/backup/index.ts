export { BackupError, type BackupCode } from './backup-error.js';
export { BackupFolder, type KnownFile, type ListedFile, type Pruned } from './backup-folder.js';
export { type CommandIo, runCommand } from './command.js';
export { EndsFollower, type FollowEvent, type FollowOptions } from './ends/follow-ends.js';
export type { BackupHeader, SnapshotCounts } from './file/backup-header.js';
export { verifyBackup } from './file/read-backup.js';
export { openSource, primaryOf, type Source, type SourceOptions } from './link/find-source.js';
export { NodeLink } from './link/node-link.js';
export {
  restoreBackup,
  type RestoreOptions,
  type RestoreReport,
  type SessionChoice,
} from './restore/restore-backup.js';
export { DEFAULT_KEEP, type KeepRule, timesToKeep } from './retention.js';
export { type BackupHome, takeBackup, type TakenBackup } from './take-backup.js';
