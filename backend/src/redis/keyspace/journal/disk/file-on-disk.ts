import type * as disk from 'node:fs/promises';
import { createPrivate, isThere, syncDirectory, writeAll, type Disk } from './journal-disk.js';
import { frameOf, newHead, type JournalSeal } from './journal-format.js';
import { targetOfLine, type LogLine } from './journal-lines.js';
import { targetOf, type JournalRecord } from './journal-log.js';
import { thisProcess } from './journal-owner.js';

/** Lines and their bytes, in the same order. */
interface Written {
  readonly lines: readonly LogLine[];
  readonly frames: readonly Buffer[];
}

const CHUNK_BYTES = 1_048_576;

/** The bytes of one journal on disk, and which records are among them. One caller at a time. */
export class FileOnDisk {
  readonly #path: string;
  readonly #disk: Disk;
  readonly #seal: JournalSeal;
  readonly #head: ReturnType<typeof newHead>;
  #handle: disk.FileHandle;
  /** Where the next line goes. What is behind it was written in part, and counts for nothing. */
  #end: number;
  /** The records in the file, and their bytes. */
  #records = new Map<string, number>();
  #recordBytes = 0;
  /** The targets of the records that are being written to a new file. */
  readonly #inRewrite = new Set<string>();

  private constructor(
    path: string,
    seal: JournalSeal,
    files: Disk,
    created: { readonly handle: disk.FileHandle; readonly head: ReturnType<typeof newHead> },
  ) {
    this.#path = path;
    this.#seal = seal;
    this.#disk = files;
    this.#handle = created.handle;
    this.#head = created.head;
    this.#end = created.head.bytes.length;
  }

  /** Creates the file, which must not be there yet. */
  static async create(path: string, seal: JournalSeal, files: Disk): Promise<FileOnDisk> {
    const head = newHead({ fingerprint: seal.fingerprint, owner: await thisProcess() });
    const handle = await createPrivate(path, files);
    try {
      await writeAll(handle, head.bytes, 0);
      await handle.sync();
      await syncDirectory(path, files);
    } catch (error) {
      await handle.close().catch(() => undefined);
      await files.rm(path, { force: true }).catch(() => undefined);
      throw error;
    }
    return new FileOnDisk(path, seal, files, { handle, head });
  }

  /** How many bytes it has. */
  get size(): number {
    return this.#end;
  }

  /** How many of them belong to records that count. */
  get recordBytes(): number {
    return this.#recordBytes;
  }

  /** Whether there is nothing in it but its head. */
  get isEmpty(): boolean {
    return this.#end === this.#head.bytes.length;
  }

  /** Counts another new file each time: after a rewrite, what was said of the old one does not hold. */
  rewrites = 0;

  /** Returns whether a record of this target is in it, or is about to be. */
  holds(target: string): boolean {
    return this.#records.has(target) || this.#inRewrite.has(target);
  }

  /** The bytes of a line of this file. */
  encode(line: LogLine): Buffer {
    return frameOf(line, this.#head.mark, this.#seal);
  }

  /** Writes lines. Only {@link FileOnDisk.accept} makes them count. */
  write({ frames }: Written): Promise<void> {
    return writeAll(this.#handle, Buffer.concat(frames), this.#end);
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  /** Lets the lines count that were written last. */
  accept({ lines, frames }: Written): void {
    for (const [i, line] of lines.entries()) {
      const target = targetOfLine(line);
      const bytes = frames[i]?.length ?? 0;
      this.#end += bytes;
      this.#recordBytes -= this.#records.get(target) ?? 0;
      this.#records.delete(target);
      if (line.kind !== 'settled') this.#count(target, bytes);
    }
  }

  /** Takes away what was written in part. */
  cutTorn(): Promise<void> {
    return this.#handle.truncate(this.#end);
  }

  /** Takes away everything but the head. */
  async empty(): Promise<void> {
    await this.#handle.truncate(this.#head.bytes.length);
    this.#reset();
  }

  /** Returns whether it still has its name. A process that adopts a file gives it another. */
  hasName(): Promise<boolean> {
    return isThere(this.#path, this.#disk);
  }

  /** Writes a new file with these records and no others, in the place of the old one. */
  async rewrite(records: readonly JournalRecord[]): Promise<void> {
    const fresh = `${this.#path}.tmp`;
    await this.#disk.rm(fresh, { force: true });
    const handle = await createPrivate(fresh, this.#disk);
    for (const record of records) this.#inRewrite.add(targetOf(record));
    try {
      const sizes = await this.#writeAnew(handle, records);
      await handle.sync();
      await this.#disk.rename(fresh, this.#path);
      await this.#handle.close().catch(() => undefined);
      this.#handle = handle;
      this.#reset();
      for (const [target, bytes] of sizes) this.#count(target, bytes);
      this.#end += this.#recordBytes;
      this.rewrites++;
    } catch (error) {
      await handle.close().catch(() => undefined);
      await this.#disk.rm(fresh, { force: true }).catch(() => undefined);
      throw error;
    } finally {
      this.#inRewrite.clear();
    }
    await syncDirectory(this.#path, this.#disk);
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  /** Removes it. Only this process creates a file of this name: one that was adopted has another. */
  remove(): Promise<void> {
    return this.#disk.rm(this.#path, { force: true });
  }

  async #writeAnew(
    handle: disk.FileHandle,
    records: readonly JournalRecord[],
  ): Promise<ReadonlyMap<string, number>> {
    const sizes = new Map<string, number>();
    let chunk = [this.#head.bytes];
    let bytes = this.#head.bytes.length;
    let end = 0;
    for (const record of records) {
      const frame = this.encode(record);
      sizes.set(targetOf(record), frame.length);
      chunk.push(frame);
      bytes += frame.length;
      if (bytes < CHUNK_BYTES) continue;
      await writeAll(handle, Buffer.concat(chunk, bytes), end);
      end += bytes;
      chunk = [];
      bytes = 0;
    }
    await writeAll(handle, Buffer.concat(chunk, bytes), end);
    return sizes;
  }

  #reset(): void {
    this.#records = new Map();
    this.#recordBytes = 0;
    this.#end = this.#head.bytes.length;
  }

  #count(target: string, bytes: number): void {
    this.#records.set(target, bytes);
    this.#recordBytes += bytes;
  }
}
