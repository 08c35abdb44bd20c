import type { KeyRing } from '../../../redis/base/crypto/index.js';
import { BackupError } from '../backup-error.js';
import type { BackupFolder, KnownFile } from '../backup-folder.js';
import {
  type End,
  type EndsList,
  endsSince,
  type KnownEnds,
  latestOf,
  readEnds,
} from '../ends/ends-log.js';
import type { BackupHeader } from '../file/backup-header.js';
import { kindOf } from '../file/entry-kinds.js';
import { itemsOf } from '../file/read-backup.js';

/**
 * What was ended since a backup was taken: by the lists that go on from it, and where these do not reach, by the latest
 * backup after it. That has the end of each session that could still live then, and lists of its own.
 * @throws {@link BackupError} `ENDS_MISSING` when nobody knows, and there are sessions in the backup.
 */
export async function knownEnds(
  backup: BackupHeader,
  folder: BackupFolder,
  ring: KeyRing,
): Promise<KnownEnds | null> {
  const files = await folder.filesOf(backup.cluster, 'ends');
  // A list goes on until the next one begins: earlier ones may be damaged, or sealed with a key that is gone.
  const needed = files.filter(
    (_, at) => (files[at - 1]?.header.takenAt ?? Infinity) >= backup.takenAt,
  );
  const lists = await Promise.all(needed.map(({ path }) => readEnds(path, ring)));
  const own = endsSince(backup, lists);
  const snapshots = await folder.filesOf(backup.cluster, 'snapshot');
  const since = own?.until ?? backup.takenAt;
  const later = continuationsOf(backup, snapshots, lists).filter(
    ({ header }) => header.takenAt > since,
  );
  for (const { path, header } of later) {
    const found = await endsIn(path, ring);
    if (found === null) continue;
    const after = endsSince(header, lists) ?? { ends: [], until: header.takenAt };
    const ends = latestOf([...(own?.ends ?? []), ...found, ...after.ends]);
    return { ends, until: Math.max(header.takenAt, after.until) };
  }
  if (own !== null || backup.counts.sessions === 0) return own;
  throw new BackupError(
    'ENDS_MISSING',
    'no list and no later backup in the folder says what was ended since it was taken: sessions that were ended could come back',
    'Say what becomes of sessions: --sessions drop (all users log in again, or come from the archive) or --sessions keep (as they were then)',
  );
}

/**
 * Later backups, the latest first, of a cluster that has gone on from where this one was taken. One that came back empty
 * knows nothing of what was ended before.
 */
function continuationsOf(
  backup: BackupHeader,
  snapshots: readonly KnownFile[],
  lists: readonly EndsList[],
): readonly KnownFile[] {
  const histories = new Set([backup.history]);
  const found: KnownFile[] = [];
  const learn = (): void => {
    for (const list of lists) {
      if ([...list.histories].some((id) => histories.has(id))) {
        for (const id of list.histories) histories.add(id);
      }
    }
  };
  for (const file of [...snapshots].reverse()) {
    const { takenAt, history, previous } = file.header;
    learn();
    if (takenAt <= backup.takenAt || !(histories.has(history) || histories.has(previous))) continue;
    histories.add(history);
    found.unshift(file);
  }
  return found;
}

/** The ends in a backup; `null` when it cannot be read: then an earlier one may know most of it. */
async function endsIn(path: string, ring: KeyRing): Promise<readonly End[] | null> {
  const ends: End[] = [];
  try {
    for await (const item of itemsOf(path, ring)) {
      if (item.kind !== 'key' || item.text === null || kindOf(item) !== 'end') continue;
      ends.push({ db: item.db, key: item.key, value: item.text, expiresAt: item.expiresAt });
    }
    return ends;
  } catch (error) {
    if (error instanceof BackupError) return null;
    throw error;
  }
}
