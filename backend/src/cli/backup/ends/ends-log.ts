import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KeyRing } from '../../../redis/base/crypto/index.js';
import { BackupError } from '../backup-error.js';
import type { BackupFolder } from '../backup-folder.js';
import {
  type BackupHeader,
  decodeHeader,
  encodeHeader,
  FORMAT,
  HEADER_BYTES,
  type HistoryPlace,
} from '../file/backup-header.js';
import { MOVES_DATA, onDisk } from '../file/disk-error.js';
import { damagedAt, FrameCutter, openFrame, sealFrame } from '../file/sealed-frames.js';
import { PART_SUFFIX, readPieces, syncFolder } from '../file/sealed-file.js';

const PIECE_BYTES = 2 ** 20;

/** Something that was ended: what keeps a key from coming back, or a whole group of them. */
export interface End {
  readonly db: number;
  readonly key: Buffer;
  /** The tombstone or the mark. */
  readonly value: Buffer;
  /** Calendar milliseconds; `null` for never. */
  readonly expiresAt: number | null;
}

/** How far the writes of a cluster were heard. */
export interface HeardPlace extends HistoryPlace {
  /** The database that the next write is in, unless it says another. */
  readonly db: number;
}

/** The ends of some time, and how far that goes. */
interface Portion extends HeardPlace {
  /** Calendar milliseconds, by the node. */
  readonly at: number;
  readonly ends: readonly (readonly [
    db: number,
    key: string,
    value: string,
    expiresAt: number | null,
  ])[];
}

/** What a list says. */
export interface EndsList {
  readonly header: BackupHeader;
  readonly ends: readonly End[];
  /** All ends up to here are in it. */
  readonly until: HeardPlace & { readonly at: number };
  /** The ids of the history that it goes through. */
  readonly histories: ReadonlySet<string>;
}

/** What a list is begun with. */
interface ListHome {
  readonly folder: BackupFolder;
  readonly ring: KeyRing;
  readonly cluster: string;
}

/** Writes a list of ends. What was added is on the disk when that resolves. */
export class EndsLogWriter {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #ring: KeyRing;
  readonly #fileId: string;
  #index = 0;
  #bytes = 0;

  private constructor(file: FileHandle, path: string, ring: KeyRing, fileId: string) {
    [this.#file, this.#path, this.#ring, this.#fileId] = [file, path, ring, fileId];
  }

  /** Begins a list with what is written after a place. */
  static async create(
    { folder, ring, cluster }: ListHome,
    since: HeardPlace & { readonly at: number; readonly node: string },
  ): Promise<EndsLogWriter> {
    const id = randomBytes(16).toString('hex');
    const [keyId = ''] = ring.ids;
    const head = encodeHeader({
      ...{ kind: 'ends', format: FORMAT, id, cluster, keyId, takenAt: since.at, node: since.node },
      ...{ history: since.history, offset: since.offset, streamDb: since.db },
      ...{ redisVersion: '', rdbVersion: 0, usedBytes: 0, previous: '' },
      counts: { keys: 0, sessions: 0, ends: 0, cached: 0, expiring: 0 },
    });
    const path = folder.pathOf({ kind: 'ends', takenAt: since.at, id });
    // It has its name when it can be read: its writer may be ended at any moment.
    const begin = async (): Promise<EndsLogWriter> => {
      const file = await open(`${path}${PART_SUFFIX}`, 'wx', 0o600);
      const writer = new EndsLogWriter(file, path, ring, id);
      await file.write(head);
      await writer.#append(head);
      await writer.add([], since, since.at);
      await rename(`${path}${PART_SUFFIX}`, path);
      await syncFolder(dirname(path));
      return writer;
    };
    return onDisk(path, begin, MOVES_DATA);
  }

  /** Its size, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds what was ended, and how far that goes. */
  add(ends: readonly End[], { history, offset, db }: HeardPlace, at: number): Promise<void> {
    const portion: Portion = {
      ...{ history, offset, db, at },
      ends: ends.map((end) => [end.db, toText(end.key), toText(end.value), end.expiresAt]),
    };
    const bytes = Buffer.from(JSON.stringify(portion));
    return onDisk(this.#path, () => this.#append(bytes), MOVES_DATA);
  }

  close(): Promise<void> {
    return onDisk(this.#path, () => this.#file.close());
  }

  async #append(bytes: Buffer): Promise<void> {
    const place = { fileId: this.#fileId, index: this.#index++, isLast: false };
    const frame = sealFrame(this.#ring, bytes, place);
    this.#bytes += frame.length;
    await this.#file.write(frame);
    await this.#file.datasync();
  }
}

/**
 * Reads a list of ends. It may end in the middle of a portion, where its writer was ended: that is not in it then.
 * @throws {@link BackupError} with the reason when it is not what was written.
 */
export async function readEnds(path: string, ring: KeyRing): Promise<EndsList> {
  const frames = await framesOf(path, ring).catch((error: unknown) => {
    if (!(error instanceof BackupError)) throw error;
    throw new BackupError(error.code, `of the list ${path} ${error.message}`, error.remedy);
  });
  const { header, portions } = frames;
  const last = portions.at(-1);
  if (last === undefined) throw damagedAt(1);
  const { history, offset, db, at } = last;
  return {
    header,
    ends: portions.flatMap(({ ends }) => ends.map(toEnd)),
    until: { history, offset, db, at },
    histories: new Set([header.history, ...portions.map((portion) => portion.history)]),
  };
}

async function framesOf(
  path: string,
  ring: KeyRing,
): Promise<{ header: BackupHeader; portions: Portion[] }> {
  const chunks: Buffer[] = [];
  for await (const piece of readPieces(path, PIECE_BYTES)) chunks.push(piece);
  const all = Buffer.concat(chunks);
  const head = all.subarray(0, HEADER_BYTES);
  const header = decodeHeader(head);
  const { id: fileId } = header;
  const portions: Portion[] = [];
  let index = 0;
  for (const frame of new FrameCutter().cut(all.subarray(HEADER_BYTES))) {
    const bytes = openFrame(ring, frame, { fileId, index, isLast: false });
    if (index++ > 0) portions.push(JSON.parse(bytes.toString()) as Portion);
    else if (!bytes.equals(head)) throw damagedAt('head');
  }
  return { header, portions };
}

/** What is known of what was ended since a snapshot was taken. */
export interface KnownEnds {
  /** The latest of each key. */
  readonly ends: readonly End[];
  /** Calendar milliseconds by the node: what was ended later is not known. */
  readonly until: number;
}

/**
 * The ends since a snapshot was taken, from lists that follow one another; `null` where none of them begins in time.
 *
 * @param lists - in any order
 */
export function endsSince(snapshot: HistoryPlace, lists: readonly EndsList[]): KnownEnds | null {
  const first = lists.find((list) => covers(list, snapshot));
  if (first === undefined) return null;
  const ends: End[] = [];
  const left = new Set(lists);
  let until = first.until.at;
  for (let list: EndsList | undefined = first; list !== undefined; list = nextOf(list, left)) {
    left.delete(list);
    until = Math.max(until, list.until.at);
    ends.push(...list.ends);
  }
  return { ends: latestOf(ends), until };
}

/** The last one of each key. */
export function latestOf(ends: readonly End[]): readonly End[] {
  const latest = new Map<string, End>();
  for (const end of ends) latest.set(`${String(end.db)} ${end.key.toString('latin1')}`, end);
  return [...latest.values()];
}

function nextOf({ until, histories }: EndsList, left: Iterable<EndsList>): EndsList | undefined {
  return [...left].find(
    ({ header }) => header.offset === until.offset && histories.has(header.history),
  );
}

function covers(
  { header, until, histories }: EndsList,
  { history, offset }: HistoryPlace,
): boolean {
  return histories.has(history) && header.offset <= offset && offset <= until.offset;
}

function toEnd([db, key, value, expiresAt]: Portion['ends'][number]): End {
  return { db, key: Buffer.from(key, 'base64'), value: Buffer.from(value, 'base64'), expiresAt };
}

function toText(bytes: Buffer): string {
  return bytes.toString('base64');
}
