import type { Stats } from 'node:fs';
import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../redis/base/errors/index.js';
import { makeFolder } from '../../redis/base/files/index.js';
import { BackupError } from './backup-error.js';
import type { BackupHeader } from './file/backup-header.js';
import { onDisk } from './file/disk-error.js';
import { PART_SUFFIX, readHeader, syncFolder } from './file/sealed-file.js';
import { type KeepRule, timesToKeep } from './retention.js';

/** A file in the folder: what its head says, which is not verified, or why that cannot be read. */
export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  readonly header: BackupHeader | null;
  readonly fault: string | null;
}

/** A listed file whose head can be read. */
export type KnownFile = ListedFile & { readonly header: BackupHeader };

/** What was removed, and what is left. */
export interface Pruned {
  readonly removed: readonly string[];
  readonly kept: readonly string[];
}

const SUFFIXES = { snapshot: '.rhbackup', ends: '.rhends' } as const;
const DAY_MS = 86_400_000;
const KEPT_HISTORIES = 5;

/** The folder that backups lie in. Files of several clusters may lie there together. */
export class BackupFolder {
  readonly path: string;
  /** As people are told of it: with what has named it. */
  readonly named: string;

  constructor(path: string, by: 'BACKUP_DIR' | '--dir' = 'BACKUP_DIR') {
    this.path = path;
    this.named = `${path} (${by})`;
  }

  /** Makes it, for this user alone, unless it is there. */
  async prepare(): Promise<this> {
    const make = (): Promise<void> =>
      makeFolder(this.path, 0o700).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error;
        const remedy = 'Name a folder on a disk';
        throw new BackupError('SETTINGS_INVALID', `${this.named} cannot be made: ENOENT`, remedy);
      });
    await this.#onDisk(make);
    return this;
  }

  /** How many bytes this user may still write there. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await this.#onDisk(() => statfs(this.path));
    return bavail * bsize;
  }

  /** Where a file belongs. By name they are in the order of time. */
  pathOf({ kind, takenAt, id }: Pick<BackupHeader, 'kind' | 'takenAt' | 'id'>): string {
    const at = new Date(takenAt).toISOString().replace(/[:.]/g, '-');
    return join(this.path, `${at}-${id.slice(0, 8)}${SUFFIXES[kind]}`);
  }

  /** The files in it, the latest first. Nothing is decrypted. */
  async list(): Promise<readonly ListedFile[]> {
    const names = await this.#onDisk(() => readdir(this.path));
    const ours = names.filter((name) => Object.values(SUFFIXES).some((end) => name.endsWith(end)));
    const files = await Promise.all(ours.map((name) => look(join(this.path, name))));
    return files
      .filter((file) => file !== null)
      .sort((a, b) => (b.header?.takenAt ?? 0) - (a.header?.takenAt ?? 0));
  }

  /** The files of one kind of one cluster, the latest first. */
  async filesOf(cluster: string, kind: BackupHeader['kind']): Promise<readonly KnownFile[]> {
    const files = await this.list();
    return files.filter(
      (file): file is KnownFile => file.header?.cluster === cluster && file.header.kind === kind,
    );
  }

  /**
   * Removes what the rule does not keep, but for the last backup of each of the last five histories: backups, lists of ends that are older than all that are kept, and what was left
   * half written a day ago. What cannot be read stays.
   */
  async prune(cluster: string, rule: KeepRule, now: number): Promise<Pruned> {
    const backups = await this.filesOf(cluster, 'snapshot');
    const keep = timesToKeep(
      backups.map(({ header }) => header.takenAt),
      rule,
    );
    // A cluster that came back empty begins another history: what was there before must not make room for that.
    const lastOfEach = new Map([...backups].reverse().map((file) => [file.header.history, file]));
    const last = [...lastOfEach.values()].sort((a, b) => b.header.takenAt - a.header.takenAt);
    const isKept = (file: KnownFile): boolean =>
      keep.has(file.header.takenAt) || last.slice(0, KEPT_HISTORIES).includes(file);
    const kept = backups.filter(isKept);
    const removed = backups.filter((file) => !kept.includes(file)).map(({ path }) => path);
    removed.push(...(await this.#oldEnds(cluster, kept)), ...(await this.#oldParts(now)));
    for (const path of removed) await onDisk(path, () => rm(path, { force: true }));
    if (removed.length > 0) await this.#onDisk(() => syncFolder(this.path));
    return { removed, kept: kept.map(({ path }) => path) };
  }

  // A list goes on until the next one begins.
  async #oldEnds(cluster: string, kept: readonly KnownFile[]): Promise<string[]> {
    const oldest = Math.min(...kept.map(({ header }) => header.takenAt));
    const lists = await this.filesOf(cluster, 'ends');
    return lists
      .filter((_, at) => (lists[at - 1]?.header.takenAt ?? Infinity) < oldest)
      .map(({ path }) => path);
  }

  async #oldParts(now: number): Promise<string[]> {
    const names = await this.#onDisk(() => readdir(this.path));
    const parts = names.filter((name) => name.endsWith(PART_SUFFIX));
    const paths = parts.map((name) => join(this.path, name));
    const found = await Promise.all(paths.map(statsOf));
    return paths.filter((_, at) => now - (found[at]?.mtimeMs ?? now) > DAY_MS);
  }

  #onDisk<T>(work: () => Promise<T>): Promise<T> {
    return onDisk(this.named, work);
  }
}

/** `null` for one that another process has removed a moment ago. */
async function look(path: string): Promise<ListedFile | null> {
  const stats = await statsOf(path);
  if (stats === null) return null;
  const { size: bytes } = stats;
  try {
    return { path, bytes, header: await readHeader(path), fault: null };
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    return { path, bytes, header: null, fault: error.message };
  }
}

function statsOf(path: string): Promise<Stats | null> {
  const stats = (): Promise<Stats | null> =>
    stat(path).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    });
  return onDisk(path, stats);
}
