import { constants, createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KeyRing } from '../../../redis/base/crypto/index.js';
import { BackupError } from '../backup-error.js';
import {
  type BackupHeader,
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  noBackup,
} from './backup-header.js';
import { MOVES_DATA, onDisk } from './disk-error.js';
import { damagedAt, FrameCutter, openFrame, sealFrame } from './sealed-frames.js';

const FRAME_BYTES = 256 * 1_024;
// A named pipe would hold the process until somebody writes to it. Windows has none.
const { O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
const READ_AT_ONCE = constants.O_RDONLY | O_NONBLOCK;
/** How a file ends that is being written. */
export const PART_SUFFIX = '.part';

/**
 * Writes a file of sealed frames. It has its name only when it is complete and on the disk; the last frame repeats the
 * header, so that nobody can change that either.
 */
export class SealedFileWriter {
  readonly #path: string;
  readonly #ring: KeyRing;
  readonly #fileId: string;
  readonly #file: FileHandle;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #index = 0;

  private constructor(path: string, ring: KeyRing, fileId: string, file: FileHandle) {
    [this.#path, this.#ring, this.#fileId, this.#file] = [path, ring, fileId, file];
  }

  /** Begins a file beside its place. Nobody else may read it. */
  static create(path: string, ring: KeyRing, fileId: string): Promise<SealedFileWriter> {
    return onDisk(path, async () => {
      const file = await open(`${path}${PART_SUFFIX}`, 'wx', 0o600);
      await file.write(Buffer.alloc(HEADER_BYTES));
      return new SealedFileWriter(path, ring, fileId, file);
    });
  }

  /** Adds bytes. */
  async add(bytes: Buffer): Promise<void> {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= FRAME_BYTES) await this.#flush();
  }

  /** Puts everything on the disk, under a name that says it is not verified yet. */
  async finish(header: BackupHeader): Promise<void> {
    await this.#flush();
    const head = encodeHeader(header);
    const write = async (): Promise<void> => {
      await this.#file.write(this.#sealed(head, true));
      await this.#file.write(head, 0, HEADER_BYTES, 0);
      await this.#file.sync();
      await this.#file.close();
    };
    await onDisk(this.#path, write, MOVES_DATA);
  }

  /** Gives the file its name. */
  publish(): Promise<void> {
    return onDisk(this.#path, async () => {
      await rename(`${this.#path}${PART_SUFFIX}`, this.#path);
      await syncFolder(dirname(this.#path));
    });
  }

  /** Leaves nothing behind, if the disk lets it. Never rejects: what came before says what is wrong. */
  async abandon(): Promise<void> {
    const remove = async (): Promise<void> => {
      await this.#file.close().catch(() => undefined);
      await rm(`${this.#path}${PART_SUFFIX}`, { force: true });
    };
    await onDisk(this.#path, remove).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    if (this.#waitingBytes === 0) return;
    const bytes = Buffer.concat(this.#waiting);
    [this.#waiting, this.#waitingBytes] = [[], 0];
    await onDisk(this.#path, () => this.#file.write(this.#sealed(bytes, false)), MOVES_DATA);
  }

  #sealed(bytes: Buffer, isLast: boolean): Buffer {
    const place = { fileId: this.#fileId, index: this.#index++, isLast };
    return sealFrame(this.#ring, bytes, place);
  }
}

/** Puts the names in a folder on the disk. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Reads a file piece by piece, where the disk gives each in time. */
export async function* readPieces(path: string, bytes: number): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: bytes });
  const pieces = file[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const next = await onDisk(path, () => pieces.next(), MOVES_DATA);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    file.destroy();
  }
}

/** The header of a file, not verified: it needs no key. */
export function readHeader(path: string): Promise<BackupHeader> {
  return onDisk(path, async () => {
    const file = await open(path, READ_AT_ONCE);
    try {
      if (!(await file.stat()).isFile()) throw noBackup();
      const head = Buffer.alloc(HEADER_BYTES);
      const { bytesRead } = await file.read(head, 0, HEADER_BYTES, 0);
      if (bytesRead < HEADER_BYTES) throw noBackup();
      return decodeHeader(head);
    } finally {
      await file.close();
    }
  });
}

/**
 * The content of a file, piece by piece. What comes is what was written; that nothing is missing is known at its end.
 * @throws {@link BackupError} with the reason when it was changed, cut off or sealed with another key.
 */
export async function* readSealed(path: string, ring: KeyRing): AsyncGenerator<Buffer> {
  const { id: fileId } = await readHeader(path);
  const cutter = new FrameCutter();
  const head: Buffer[] = [];
  let pending: Buffer | null = null;
  let [headBytes, index] = [0, 0];
  for await (const read of readPieces(path, 2 * FRAME_BYTES)) {
    let piece = read;
    if (headBytes < HEADER_BYTES) {
      const taken = piece.subarray(0, HEADER_BYTES - headBytes);
      head.push(taken);
      headBytes += taken.length;
      piece = piece.subarray(taken.length);
    }
    for (const frame of cutter.cut(piece)) {
      if (pending !== null)
        yield openFrame(ring, pending, { fileId, index: index++, isLast: false });
      pending = frame;
    }
  }
  if (pending === null || cutter.restBytes > 0) throw truncated();
  openLast(ring, pending, { fileId, index, head: Buffer.concat(head) });
}

function openLast(
  ring: KeyRing,
  frame: Buffer,
  { fileId, index, head }: { fileId: string; index: number; head: Buffer },
): void {
  let repeated: Buffer;
  try {
    repeated = openFrame(ring, frame, { fileId, index, isLast: true });
  } catch (error) {
    if (isWhole(ring, frame, { fileId, index })) throw truncated();
    throw error;
  }
  if (!repeated.equals(head)) throw damagedAt('head');
}

function isWhole(ring: KeyRing, frame: Buffer, place: { fileId: string; index: number }): boolean {
  try {
    openFrame(ring, frame, { ...place, isLast: false });
    return true;
  } catch {
    return false;
  }
}

function truncated(): BackupError {
  return new BackupError(
    'TRUNCATED',
    'its end is missing',
    'Copy it again from where it was written, or restore another backup',
  );
}
