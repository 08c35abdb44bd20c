import { randomBytes } from 'node:crypto';
import { formatAddress } from '../../redis/base/address/index.js';
import type { KeyRing } from '../../redis/base/crypto/index.js';
import { BackupError } from './backup-error.js';
import { type BackupHeader, FORMAT } from './file/backup-header.js';
import type { BackupFolder } from './backup-folder.js';
import { KeyCounter } from './file/entry-kinds.js';
import { verifyBackup } from './file/read-backup.js';
import { PART_SUFFIX, SealedFileWriter } from './file/sealed-file.js';
import { followNode, type Following } from './source/follow-node.js';
import type { Source } from './source/find-source.js';
import { type RdbItem, RdbReader } from './rdb/rdb-reader.js';

/** A backup that lies in its folder, verified. */
export interface TakenBackup {
  readonly path: string;
  readonly header: BackupHeader;
}

/** Where backups go, and how they are sealed. */
export interface BackupHome {
  readonly folder: BackupFolder;
  readonly ring: KeyRing;
  /** The name of the cluster. */
  readonly cluster: string;
}

type Snapshot = Extract<Following, { kind: 'snapshot' }>;
type Facts = Pick<BackupHeader, 'takenAt' | 'node' | 'previous' | 'redisVersion' | 'usedBytes'>;

/**
 * Takes a backup of a node. It has its name when it is complete, on the disk, and was read again.
 * @throws {@link BackupError} with the reason; then nothing is left behind.
 */
async function takeBackup(source: Source, home: BackupHome): Promise<TakenBackup> {
  const { link } = source;
  const facts = await factsOf(source, home.folder);
  // Of what is written meanwhile nothing is wanted. Servers before version 7 do not know it: they are left in time.
  await link.tell('REPLCONF', 'rdb-only', '1');
  const following = await followNode(link, null);
  if (following.kind === 'snapshot') return writeSnapshot(following, facts, home);
  throw new BackupError('NODE_REFUSED', 'the node sends no snapshot', 'Name another with --from');
}

/** Opens a node, takes a backup of it, and leaves it. */
export async function takeFrom(
  open: () => Promise<Source>,
  home: BackupHome,
): Promise<TakenBackup> {
  const source = await open();
  try {
    return await takeBackup(source, home);
  } finally {
    source.link.close();
  }
}

/** What is known of a node before it is asked for its data. @throws {@link BackupError} `DISK_FULL` where that cannot fit. */
export async function factsOf({ link, previous }: Source, folder: BackupFolder): Promise<Facts> {
  const info = await link.info('server', 'memory');
  const usedBytes = Number(info.get('used_memory_dataset') ?? info.get('used_memory') ?? 0);
  const freeBytes = await folder.freeBytes();
  if (freeBytes < usedBytes) {
    throw new BackupError(
      'DISK_FULL',
      `the data takes ${String(usedBytes)} bytes of memory, and the disk of ${folder.named} has ${String(freeBytes)} left`,
      'Free some, keep fewer backups (BACKUP_KEEP), or name another folder (BACKUP_DIR)',
    );
  }
  return {
    takenAt: await link.time(),
    previous,
    node: formatAddress(link.address),
    redisVersion: info.get('valkey_version') ?? info.get('redis_version') ?? '',
    usedBytes,
  };
}

/** Writes a snapshot that a node sends. */
export async function writeSnapshot(
  { place, pieces }: Snapshot,
  facts: Facts,
  { folder, ring, cluster }: BackupHome,
): Promise<TakenBackup> {
  const id = randomBytes(16).toString('hex');
  const path = folder.pathOf({ kind: 'snapshot', takenAt: facts.takenAt, id });
  const file = await SealedFileWriter.create(path, ring, id);
  try {
    const found = await copy(pieces, file);
    const [keyId = ''] = ring.ids;
    const header: BackupHeader = {
      ...{ kind: 'snapshot', format: FORMAT, id, cluster, keyId },
      ...found,
      ...facts,
      ...place,
    };
    await file.finish(header);
    // What lies there now, not what was meant: a disk may have written something else.
    await verifyBackup(`${path}${PART_SUFFIX}`, ring);
    await file.publish();
    return { path, header };
  } catch (error) {
    await file.abandon();
    throw error;
  }
}

async function copy(
  pieces: AsyncIterable<Buffer>,
  file: SealedFileWriter,
): Promise<Pick<BackupHeader, 'counts' | 'rdbVersion' | 'streamDb'>> {
  const reader = new RdbReader();
  const counter = new KeyCounter();
  let [rdbVersion, streamDb] = [0, 0];
  const look = (items: ReturnType<RdbReader['finish']>): void => {
    for (const item of items) {
      if (item.kind === 'key') counter.add(item);
      else if (item.kind === 'begin') rdbVersion = item.version;
      else if (isStreamDb(item)) streamDb = Number(item.value);
    }
  };
  for await (const piece of pieces) {
    look(reader.read(piece));
    await file.add(piece);
  }
  look(reader.finish());
  return { counts: counter.counts, rdbVersion, streamDb };
}

function isStreamDb(item: RdbItem): item is Extract<RdbItem, { kind: 'about' }> {
  return item.kind === 'about' && item.name === 'repl-stream-db';
}
