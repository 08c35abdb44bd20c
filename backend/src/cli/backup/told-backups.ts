import type { CommandIo } from '../frame/index.js';
import { formatBytes } from '../screen/index.js';
import type { ListedFile, Pruned } from './backup-folder.js';
import type { FollowEvent } from './ends/follow-ends.js';
import type { BackupHeader } from './file/backup-header.js';
import type { RestoreReport } from './restore/restore-backup.js';
import type { ScheduleEvent } from './scheduled-backups.js';
import type { TakenBackup } from './take-backup.js';

/** What a command tells: for people, and for programs. */
export interface Told {
  readonly text: string;
  readonly data: object;
}

/** Tells it to whoever asked. */
export type Tell = (told: Told) => void;

/** Returns what tells people, or programs with `--json`: one object on each line. */
export function teller({ out }: CommandIo, isJson: boolean): Tell {
  return ({ text, data }) => {
    out.line(isJson ? JSON.stringify(data) : text);
  };
}

/** Of a backup that was taken. */
export function toldOfTaken({ path, header }: TakenBackup): Told {
  return { text: `took ${path}: ${contentOf(header)}`, data: { took: path, header } };
}

/** Of one that follows; `null` for what nobody wants to read. */
export function toldOfFollowing(event: FollowEvent): Told | null {
  switch (event.kind) {
    case 'took':
      return toldOfTaken(event.backup);
    case 'follows':
      return { text: `follows ${event.node} from ${String(event.offset)}`, data: event };
    case 'lost': {
      const { code, message } = event.error;
      return { text: `lost: ${code}: ${message}`, data: { kind: 'lost', code, message } };
    }
    // Once a second, and nobody wants to read it.
    case 'wrote':
      return null;
  }
}

/** Of one that takes backups on a schedule. */
export function toldOfSchedule(event: ScheduleEvent): Told {
  switch (event.kind) {
    case 'took':
      return toldOfTaken(event.backup);
    case 'pruned':
      return toldOfPruned(event.pruned);
    case 'failed': {
      const { code, message, remedy } = event.error;
      const text = `failed: ${code}: ${message}. ${remedy}. It is tried again in a minute`;
      return { text, data: { kind: 'failed', code, message, remedy } };
    }
  }
}

/** Of what was removed. */
export function toldOfPruned({ removed, kept }: Pruned): Told {
  const lines = [
    ...removed.map((path) => `removed ${path}`),
    `${String(kept.length)} backups kept, ${String(removed.length)} files removed`,
  ];
  return { text: lines.join('\n'), data: { removed, kept } };
}

/** Of a file in the folder. */
export function toldOfFile({ path, bytes, header, fault }: ListedFile): Told {
  const data = { path, bytes, header, fault };
  if (header === null) return { text: `?        ${path}: ${String(fault)}`, data };
  const what = header.kind === 'ends' ? 'ends since' : `${contentOf(header)}, taken`;
  const text = `${header.kind.padEnd(8)} ${path}: ${header.cluster}, ${formatBytes(bytes)}, ${what} ${dateOf(header.takenAt)}`;
  return { text, data };
}

/** Of a restore. */
export function toldOfRestore(report: RestoreReport, path: string): Told {
  const { restored, kept, ended, expired, left, ends, replicas, ofReplicas } = report;
  const { endsKnownUntil } = report;
  const text = [
    `restored ${String(restored)} keys of ${path}`,
    `  ${String(ended)} had been ended since, ${String(kept)} were there and newer, ${String(expired)} had expired, ${String(left)} were left out`,
    endsKnownUntil === null
      ? '  ends since were not looked for'
      : `  ${String(ends)} ends are known, until ${dateOf(endsKnownUntil)}: what was ended later may be back`,
    `  ${String(replicas)} of ${String(ofReplicas)} replicas have everything`,
  ].join('\n');
  return { text, data: { path, ...report } };
}

/** What is in a backup, in words. */
export function contentOf({ counts, redisVersion, node, keyId }: BackupHeader): string {
  const { keys, sessions, ends, cached } = counts;
  return (
    `${String(keys)} keys (${String(sessions)} sessions, ${String(cached)} cached values, ` +
    `${String(ends)} ends) of ${node}, version ${redisVersion}, key ${keyId}`
  );
}

/** A time of the calendar, for people. */
export function dateOf(at: number): string {
  return new Date(at).toISOString();
}
