import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { KeyRing } from '../../src/redis/index.js';
import { BackupFolder } from '../../src/cli/backup/backup-folder.js';
import type { BackupHeader } from '../../src/cli/backup/file/backup-header.js';
import { Crc64 } from '../../src/cli/backup/rdb/crc64.js';
import { rawOfText } from '../../src/cli/backup/restore/dump-payload.js';
import { type TakenBackup, writeSnapshot } from '../../src/cli/backup/take-backup.js';

/** A snapshot of Redis with these keys, all of them strings. */
export function snapshotOf(
  values: Readonly<Record<string, string | Buffer>>,
  version = '0011',
): Buffer {
  const text = (value: string | Buffer): Buffer => rawOfText(Buffer.from(value as string));
  const keys = Object.entries(values).flatMap(([key, value]) => [
    Buffer.from([0]),
    text(key),
    text(value),
  ]);
  const body = Buffer.concat([
    Buffer.from(`REDIS${version}`),
    Buffer.from([0xfa]),
    text('repl-stream-db'),
    text('0'),
    Buffer.from([0xfe, 0, 0xfb, keys.length / 3, 0]),
    ...keys,
    Buffer.from([0xff]),
  ]);
  return Buffer.concat([body, new Crc64().add(body).digest()]);
}

/** Makes backups without a cluster. */
export class BackupMaker {
  readonly folder: BackupFolder;
  readonly #keys: readonly string[];

  /** @param keys - the newest first */
  constructor(dir: string, keys: readonly string[]) {
    this.folder = new BackupFolder(dir);
    this.#keys = keys;
  }

  /** Makes one of a snapshot that comes in pieces of some size. */
  make(snapshot: Buffer, about: Partial<BackupHeader> = {}): Promise<TakenBackup> {
    const facts = {
      takenAt: 1_795_000_000_000,
      node: '127.0.0.1:6379',
      redisVersion: '7.2.0',
      previous: '',
      usedBytes: 1,
    };
    const { cluster = 'mymaster', history = 'a'.repeat(40), offset = 100, ...others } = about;
    const ring = ringOf(this.#keys);
    return writeSnapshot(
      { kind: 'snapshot', place: { history, offset }, pieces: piecesOf(snapshot, 1_000) },
      { ...facts, ...others },
      { folder: this.folder, ring, cluster },
    );
  }
}

/** The ring of some keys. */
export function ringOf(keys: readonly string[]): KeyRing {
  const ring = KeyRing.of(keys);
  if (ring === null) throw new TypeError('these are no keys');
  return ring;
}

/** Bytes that nothing can be guessed of, as text. */
export function noise(bytes: number): string {
  return randomBytes(bytes).toString('latin1');
}

/** The bytes of a file. */
export const bytesOf = (path: string): Promise<Buffer> => readFile(path);

async function* piecesOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size)
    yield Promise.resolve(bytes.subarray(at, at + size));
}
