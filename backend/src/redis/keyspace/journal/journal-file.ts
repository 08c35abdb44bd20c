import * as disk from 'node:fs/promises';
import { ClosedError, codeOf, type JournalFileError } from '../../base/errors/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import {
  newFileError,
  PRIVATE_MODE,
  syncDirectory,
  toFileError,
  UNKNOWN,
  writeAll,
  type Disk,
} from './journal-disk.js';
import { encodeFrame, readFrames, type LogContents, type LogLine } from './journal-frames.js';
import { stampOfRecord, targetOf, type JournalLog, type JournalRecord } from './journal-log.js';
import { lockFile } from './journal-lock.js';

/** Where and how a journal is kept on disk. */
export interface JournalFileOptions {
  readonly path: string;
  /** When a record counts as kept: when it is on the disk, or when the system has it. */
  readonly fsync: 'always' | 'interval' | 'never';
  /** With `interval`: how long the system may hold data before it goes to the disk. @defaultValue 1000 */
  readonly intervalMs?: number;
  /** Called once each time the disk starts to refuse writes. */
  readonly onFailure?: (reason: string) => void;
}

/** Whether the file accepts records. `isDoubtful`: an fsync failed, so the content of the file is uncertain. */
type FileState =
  | { readonly kind: 'sound' }
  | { readonly kind: 'failed'; readonly error: JournalFileError; readonly isDoubtful: boolean };

/** Work for the file. Without a line: sync what the system holds to the disk. */
interface Job {
  readonly line: LogLine | null;
  readonly end: (error: JournalFileError | null) => void;
}

// 'RHJL', the version of the format (2 bytes), and two reserved bytes. Frames follow (journal-frames.ts).
const HEADER = Buffer.from([0x52, 0x48, 0x4a, 0x4c, 0, 1, 0, 0]);
const MAGIC_BYTES = 4;
const VERSION_END = 6;
const MAX_COMMIT_BYTES = 4_194_304;
const MIN_TO_COMPACT = 1_048_576;
const INTERVAL_MS = 1_000;
const RETRY_MS = 1_000;
const COMPACT_AGAIN_MS = 30_000;
const NOTHING = Buffer.alloc(0);
const SOUND: FileState = { kind: 'sound' };

/**
 * A journal on disk: records are appended, and those that come while the disk is busy go to it
 * together. What needs no replay any more is dropped when the file is rewritten. One process, one file.
 */
export class JournalFile implements JournalLog {
  /** How many bytes at the end of the file could not be read and were cut off. */
  readonly damagedBytes: number;
  readonly #options: JournalFileOptions;
  readonly #clock: Clock;
  readonly #disk: Disk;
  readonly #unlock: () => Promise<void>;
  readonly #contents: LogContents;
  #handle: disk.FileHandle;
  #end: number;
  #state: FileState = SOUND;
  #queue: Job[] = [];
  #working: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #isUnsynced = false;
  #stopTimer: Stop | null = null;
  #compactFrom = 0;

  private constructor(
    options: JournalFileOptions,
    tools: { readonly clock: Clock; readonly disk: Disk; readonly unlock: () => Promise<void> },
    found: Found,
  ) {
    this.#options = options;
    this.#clock = tools.clock;
    this.#disk = tools.disk;
    this.#unlock = tools.unlock;
    this.#handle = found.handle;
    this.#contents = found.contents;
    this.#end = found.end;
    this.damagedBytes = found.damagedBytes;
  }

  /**
   * Opens a file, or creates it.
   *
   * @throws {@link JournalFileError} (`JOURNAL_FILE_FAILED`) when another process uses it, when it is not a
   * journal that this version can read, or when the disk refuses it.
   */
  static async open(
    options: JournalFileOptions,
    clock: Clock,
    files: Disk = disk,
  ): Promise<JournalFile> {
    // When the file is rewritten, it must take the place of the file and not of a link to it.
    const path = await disk.realpath(options.path).catch(() => options.path);
    let unlock = (): Promise<void> => Promise.resolve();
    try {
      unlock = await lockFile(path, clock);
      const found = await read(path, files);
      return new JournalFile({ ...options, path }, { clock, disk: files, unlock }, found);
    } catch (error) {
      await unlock();
      throw toFileError(path, error);
    }
  }

  /** The records that were not settled. Right after opening: those of an earlier process. */
  get records(): JournalRecord[] {
    return this.#contents.records;
  }

  /** The size of the file, in bytes. */
  get size(): number {
    return this.#end;
  }

  append(record: JournalRecord): Promise<void> {
    return this.#add(record);
  }

  settle(record: JournalRecord): void {
    const stamp = stampOfRecord(record);
    // If this is lost, the record is replayed once more after a restart, which changes nothing.
    this.#add({ kind: 'settled', target: targetOf(record), stamp }).catch(() => undefined);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#enqueue(null).catch(() => undefined);
    await this.#working;
    this.#stopTimer?.();
    await this.#handle.close().catch(() => undefined);
    await this.#unlock();
  }

  #add(line: LogLine): Promise<void> {
    if (this.#closing !== null) return Promise.reject(new ClosedError('The journal is closed'));
    return this.#enqueue(line);
  }

  #enqueue(line: LogLine | null): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (error: JournalFileError | null): void => {
        if (error === null) resolve();
        else reject(error);
      };
      this.#queue.push({ line, end });
      this.#working ??= this.#work();
    });
  }

  async #work(): Promise<void> {
    // Records that are appended in one turn are written together.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#commitNext();
    this.#working = null;
  }

  async #commitNext(): Promise<void> {
    const frames: Buffer[] = [];
    for (let bytes = 0; bytes < MAX_COMMIT_BYTES; bytes += frames.at(-1)?.length ?? 0) {
      const job = this.#queue[frames.length];
      if (job === undefined) break;
      frames.push(job.line === null ? NOTHING : encodeFrame(job.line));
    }
    const jobs = this.#queue.splice(0, frames.length);
    const error = await this.#commit(jobs, Buffer.concat(frames));
    for (const [i, job] of jobs.entries()) this.#conclude(job, frames[i] ?? NOTHING, error);
    if (error === null) await this.#tidy();
  }

  #conclude({ line, end }: Job, frame: Buffer, error: JournalFileError | null): void {
    const counts = line !== null && (error === null || line.kind === 'settled');
    if (counts) this.#contents.add(line, frame.length);
    end(error);
  }

  async #commit(jobs: readonly Job[], bytes: Buffer): Promise<JournalFileError | null> {
    const isFlush = jobs.some(({ line }) => line === null);
    // While the disk refuses, only the timer retries, so that no caller waits for it.
    if (this.#state.kind === 'failed' && !isFlush) return this.#state.error;
    let isWritten = false;
    try {
      await this.#repair();
      await writeAll(this.#handle, bytes);
      isWritten = true;
      this.#isUnsynced ||= bytes.length > 0;
      await this.#syncAsAsked(jobs, isFlush);
      this.#end += bytes.length;
      return null;
    } catch (error) {
      return this.#fail(error, isWritten);
    }
  }

  async #syncAsAsked(jobs: readonly Job[], isFlush: boolean): Promise<void> {
    const { fsync, intervalMs = INTERVAL_MS } = this.#options;
    if (fsync === 'never' || !this.#isUnsynced) return;
    const isNow = fsync === 'always' && jobs.some(({ line }) => line?.kind !== 'settled');
    if (isNow || isFlush) {
      await this.#handle.datasync();
      this.#isUnsynced = false;
    } else if (fsync === 'interval') this.#stopTimer ??= this.#flushAfter(intervalMs);
  }

  #flushAfter(ms: number): Stop {
    return this.#clock.hold(ms, () => {
      this.#stopTimer = null;
      this.#enqueue(null).catch(() => undefined);
    });
  }

  // After a failed fsync the system may have lost what it could not write to the disk.
  async #repair(): Promise<void> {
    if (this.#state.kind === 'sound') return;
    if (this.#state.isDoubtful) await this.#rewrite();
    else await this.#handle.truncate(this.#end);
    this.#state = SOUND;
  }

  #fail(cause: unknown, isDoubtful: boolean): JournalFileError {
    const before = this.#state;
    const error = toFileError(this.#options.path, cause);
    const wasDoubtful = before.kind === 'failed' && before.isDoubtful;
    this.#state = { kind: 'failed', error, isDoubtful: isDoubtful || wasDoubtful };
    if (before.kind === 'sound') this.#options.onFailure?.(codeOf(cause) ?? UNKNOWN);
    this.#stopTimer?.();
    this.#stopTimer = this.#flushAfter(RETRY_MS);
    return error;
  }

  // An empty journal keeps only its header. In a larger file, settled records take at most half of the space.
  async #tidy(): Promise<void> {
    const handle = this.#handle;
    const { size, bytes } = this.#contents;
    const isLarge = this.#end > MIN_TO_COMPACT && this.#end > 2 * bytes;
    try {
      if (size === 0 && this.#end > HEADER.length) {
        await handle.truncate(HEADER.length);
        this.#end = HEADER.length;
      } else if (isLarge && this.#clock.now() >= this.#compactFrom) await this.#rewrite();
    } catch (error) {
      this.#compactFrom = this.#clock.now() + COMPACT_AGAIN_MS;
      // The old file is still valid. A new file that the directory may not list is not.
      if (this.#handle !== handle) this.#fail(error, true);
      else this.#options.onFailure?.(codeOf(error) ?? UNKNOWN);
    }
  }

  async #rewrite(): Promise<void> {
    const { path } = this.#options;
    const fresh = await this.#disk.open(await this.#cleared(`${path}.tmp`), 'ax+', PRIVATE_MODE);
    let end: number;
    try {
      end = await writeRecords(fresh, this.#contents.records);
      await fresh.sync();
      await this.#disk.rename(`${path}.tmp`, path);
    } catch (error) {
      await fresh.close().catch(() => undefined);
      await this.#cleared(`${path}.tmp`).catch(() => undefined);
      throw error;
    }
    await this.#handle.close().catch(() => undefined);
    this.#handle = fresh;
    this.#end = end;
    this.#isUnsynced = false;
    await syncDirectory(path, this.#disk);
  }

  async #cleared(path: string): Promise<string> {
    await this.#disk.rm(path, { force: true });
    return path;
  }
}

/** The contents of a file when it was opened. */
interface Found {
  readonly handle: disk.FileHandle;
  readonly contents: LogContents;
  readonly end: number;
  readonly damagedBytes: number;
}

async function read(path: string, files: Disk): Promise<Found> {
  const handle = await files.open(path, 'a+', PRIVATE_MODE);
  try {
    await handle.chmod(PRIVATE_MODE);
    const bytes = await handle.readFile();
    // A process may have ended before it had written the whole header.
    const isNew = bytes.length < HEADER.length && HEADER.indexOf(bytes) === 0;
    if (!isNew) checkHeader(path, bytes);
    const { contents, end } = readFrames(bytes, HEADER.length);
    if (isNew || end < bytes.length) {
      await handle.truncate(isNew ? 0 : end);
      await writeAll(handle, isNew ? HEADER : NOTHING);
      await handle.sync();
      await syncDirectory(path, files);
    }
    return { handle, contents, end, damagedBytes: isNew ? 0 : bytes.length - end };
  } catch (error) {
    await handle.close().catch(() => undefined);
    throw error;
  }
}

function checkHeader(path: string, bytes: Buffer): void {
  if (bytes.length < HEADER.length || HEADER.compare(bytes, 0, MAGIC_BYTES, 0, MAGIC_BYTES) !== 0) {
    throw newFileError(path, 'is not a journal', 'Name another file, or remove this one');
  }
  if (HEADER.compare(bytes, 0, VERSION_END, 0, VERSION_END) === 0) return;
  throw newFileError(
    path,
    `has the format ${String(bytes.readUInt16BE(MAGIC_BYTES))}, which this version does not know`,
    'Run the version that wrote it until it is empty, or name another file',
  );
}

async function writeRecords(
  handle: disk.FileHandle,
  records: readonly JournalRecord[],
): Promise<number> {
  let end = 0;
  let chunk: Buffer[] = [HEADER];
  let bytes = HEADER.length;
  const flush = async (): Promise<void> => {
    await writeAll(handle, Buffer.concat(chunk, bytes));
    end += bytes;
    chunk = [];
    bytes = 0;
  };
  for (const record of records) {
    const frame = encodeFrame(record);
    chunk.push(frame);
    bytes += frame.length;
    if (bytes >= MAX_COMMIT_BYTES) await flush();
  }
  await flush();
  return end;
}
