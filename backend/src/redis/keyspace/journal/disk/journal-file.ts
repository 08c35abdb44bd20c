import * as disk from 'node:fs/promises';
import { ClosedError, codeOf, type JournalFileError } from '../../../base/errors/index.js';
import type { Clock, Stop } from '../../../base/timing/index.js';
import { DiskTrouble, type TroubleListener } from './disk-trouble.js';
import { FileOnDisk } from './file-on-disk.js';
import type { JournalFileStatus } from './file-status.js';
import { newFileError, toFileError, UNKNOWN, type Disk } from './journal-disk.js';
import type { JournalSeal } from './journal-format.js';
import { LogContents, type LogLine } from './journal-lines.js';
import { stampOfRecord, targetOf, type JournalLog, type JournalRecord } from './journal-log.js';
import { LineQueue, type Batch, type Waiter } from './line-queue.js';

/** Where and how the journal of one process is kept on disk. */
export interface JournalFileOptions extends TroubleListener {
  readonly path: string;
  /** When a record counts as kept: when it is on the disk, or when the system has it. */
  readonly fsync: 'always' | 'interval' | 'never';
  /** With `interval`: how long the system may hold data before it goes to the disk. @defaultValue 1000 */
  readonly intervalMs?: number;
  readonly seal: JournalSeal;
}

/**
 * Whether the file accepts records. `hung`: the disk owes an answer. `isDoubtful`: an fsync failed, so the
 * content of the file is uncertain.
 */
type FileState =
  | { readonly kind: 'sound' }
  | {
      readonly kind: 'failed' | 'hung';
      readonly error: JournalFileError;
      readonly isDoubtful: boolean;
    };

/** So long a record waits for the disk at most, in ms. */
export const DISK_TIMEOUT_MS = 1_000;

const MAX_COMMIT_BYTES = 4_194_304;
const MIN_TO_COMPACT = 1_048_576;
const INTERVAL_MS = 1_000;
const RETRY_MS = 1_000;
const COMPACT_AGAIN_MS = 30_000;
const TIMED_OUT = 'ETIMEDOUT';
const SOUND: FileState = { kind: 'sound' };

/**
 * The journal of one process on disk: records are appended, and those that come while the disk is busy go to it
 * together. What needs no replay any more is dropped when the file is rewritten.
 *
 * A record that the disk did not take in time is refused, and written all the same as soon as the disk takes
 * it: it is in the journal in memory, and would be missing after a crash.
 */
export class JournalFile implements JournalLog {
  readonly #options: JournalFileOptions;
  readonly #clock: Clock;
  readonly #file: FileOnDisk;
  /** Everything that was appended and not settled, whether the disk has it or not. */
  readonly #contents = new LogContents();
  readonly #queue = new LineQueue();
  /** Ends when the disk has taken something again: a state of `sound` may be a try. */
  readonly #trouble: DiskTrouble;
  #state: FileState = SOUND;
  #inFlight: Batch | null = null;
  #working: Promise<void> | null = null;
  #closing: Promise<void> | null = null;
  #ending: Promise<void> | null = null;
  #isUnsynced = false;
  #isFlushDue = false;
  #stopTimer: Stop | null = null;
  #compactFrom = 0;

  private constructor(options: JournalFileOptions, clock: Clock, file: FileOnDisk) {
    this.#options = options;
    this.#clock = clock;
    this.#file = file;
    this.#trouble = new DiskTrouble(clock, options);
  }

  /**
   * Creates the file, which must not be there yet.
   *
   * @throws {@link JournalFileError} (`JOURNAL_FILE_FAILED`) when the disk refuses it.
   */
  static async create(
    options: JournalFileOptions,
    clock: Clock,
    files: Disk = disk,
  ): Promise<JournalFile> {
    const { path, seal } = options;
    try {
      return new JournalFile(options, clock, await FileOnDisk.create(path, seal, files));
    } catch (error) {
      throw toFileError(path, error);
    }
  }

  /** The records that were not settled. */
  get records(): JournalRecord[] {
    return this.#contents.records;
  }

  /** The size of the file, in bytes. */
  get size(): number {
    return this.#file.size;
  }

  /** About how many bytes wait in memory for the disk, with those that it has not answered for. */
  get queuedBytes(): number {
    return this.#queue.bytes + (this.#inFlight?.bytes ?? 0);
  }

  /** How the file is now. */
  get status(): JournalFileStatus {
    const { size: bytes, queuedBytes } = this;
    const { failures, present } = this.#trouble;
    if (present === null) {
      return { state: 'sound', reason: null, since: null, bytes, queuedBytes, failures };
    }
    const { reason, since } = present;
    return { state: this.isHung ? 'hung' : 'failed', reason, since, bytes, queuedBytes, failures };
  }

  /** Whether the disk owes an answer for too long: then nothing more is asked of it. */
  get isHung(): boolean {
    return this.#state.kind === 'hung';
  }

  append(record: JournalRecord): Promise<void> {
    if (this.#closing !== null) return Promise.reject(newClosedError());
    this.#contents.add(record);
    return this.#wait((waiter) => {
      this.#queue.add(record, waiter);
    });
  }

  settle(record: JournalRecord): void {
    if (this.#closing !== null) return;
    const target = targetOf(record);
    const line: LogLine = { kind: 'settled', target, stamp: stampOfRecord(record) };
    this.#contents.add(line);
    this.#queue.settle(target, line.stamp);
    // A newer record stays, and what the disk does not have needs no note. If a note is lost, the record is
    // replayed once more after a restart, which changes nothing.
    const isOnDisk = this.#file.holds(target) || this.#inFlight?.holds(target) === true;
    if (!isOnDisk || this.#contents.has(target)) return;
    this.#queue.add(line);
    if (this.#state.kind === 'sound') this.#work();
  }

  /** Resolves when the disk has all that was appended until now, in a file that is this process's. */
  flush(): Promise<void> {
    if (this.#closing !== null) return Promise.reject(newClosedError());
    return this.#flush();
  }

  /**
   * Writes what waits for the disk, and closes the file. One that holds no records is removed. Never rejects, and
   * does not wait for a disk that hangs: {@link JournalFile.closeFully} does.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** Closes it as well, and waits until the disk has given its last answer, however long that takes. */
  async closeFully(): Promise<void> {
    await this.close();
    await this.#ending;
  }

  #flush(): Promise<void> {
    return this.#wait((waiter) => {
      this.#isFlushDue = true;
      this.#queue.afterAll(waiter);
    });
  }

  async #close(): Promise<void> {
    this.#stopTimer?.();
    if (this.#state.kind === 'failed') this.#work();
    await this.#flush().catch(() => undefined);
    this.#stopTimer?.();
    this.#ending = this.#end();
    // If the process ends before the disk answers, another one finds the file as it is.
    if (!this.isHung) await this.#ending;
  }

  async #end(): Promise<void> {
    await this.#working;
    await this.#file.close().catch(() => undefined);
    if (this.#contents.size === 0) await this.#file.remove().catch(() => undefined);
  }

  #wait(join: (waiter: Waiter) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      join((error) => {
        if (error === null) resolve();
        else reject(error);
      });
      if (this.#state.kind === 'sound') this.#work();
      // While the disk refuses, only the timer retries, so that no caller waits for it.
      else if (this.#working === null || this.isHung) this.#queue.refuse(this.#state.error);
    });
  }

  #work(): void {
    this.#working ??= this.#commitAll();
  }

  async #commitAll(): Promise<void> {
    // Records that are appended in one turn are written together.
    await Promise.resolve();
    do await this.#commitNext();
    while (this.#state.kind === 'sound' && (this.#queue.size > 0 || this.#isFlushDue));
    this.#working = null;
  }

  async #commitNext(): Promise<void> {
    const isFlush = this.#isFlushDue;
    this.#isFlushDue = false;
    const batch = this.#queue.take(MAX_COMMIT_BYTES, (line) => this.#file.encode(line));
    this.#inFlight = batch;
    const stop = this.#clock.hold(DISK_TIMEOUT_MS, () => {
      this.#hang(batch);
    });
    const error = await this.#commit(batch, isFlush);
    batch.end(error);
    if (error === null) await this.#tidy();
    stop();
    this.#inFlight = null;
    // It has answered after all.
    if (this.#state.kind === 'hung') this.#state = SOUND;
    if (this.#state.kind === 'sound') this.#trouble.end();
  }

  async #commit(batch: Batch, isFlush: boolean): Promise<JournalFileError | null> {
    let isWritten = false;
    try {
      await this.#repair();
      await this.#file.write(batch);
      isWritten = true;
      this.#isUnsynced ||= batch.lines.length > 0;
      await this.#syncAsAsked(batch, isFlush);
      this.#file.accept(batch);
      // A process that adopted the file before this moment may have read it before these lines were in it.
      if ((batch.hasRecords || isFlush) && !(await this.#file.hasName())) await this.#rewrite();
      return null;
    } catch (error) {
      this.#queue.putBack(batch);
      return this.#fail(error, isWritten);
    }
  }

  async #syncAsAsked(batch: Batch, isFlush: boolean): Promise<void> {
    const { fsync, intervalMs = INTERVAL_MS } = this.#options;
    if (fsync === 'never' || !this.#isUnsynced) return;
    if (isFlush || (fsync === 'always' && batch.hasRecords)) {
      await this.#file.sync();
      this.#isUnsynced = false;
    } else if (fsync === 'interval') this.#stopTimer ??= this.#flushAfter(intervalMs);
  }

  #flushAfter(ms: number): Stop {
    return this.#clock.hold(ms, () => {
      this.#stopTimer = null;
      this.#isFlushDue = true;
      this.#work();
    });
  }

  // After a failed fsync the system may have lost what it could not write to the disk. And a process that was
  // frozen for long was taken for dead: its file was adopted under another name, and is not its own to cut.
  async #repair(): Promise<void> {
    if (this.#state.kind === 'sound') return;
    if (this.#state.isDoubtful || !(await this.#file.hasName())) await this.#rewrite();
    else await this.#file.cutTorn();
    this.#state = SOUND;
  }

  #hang(batch: Batch): void {
    const message = `has not answered for ${String(DISK_TIMEOUT_MS)} ms`;
    const error = newFileError(this.#options.path, message, 'See what is wrong with the disk');
    const before = this.#state;
    this.#trouble.note(TIMED_OUT);
    if (before.kind === 'sound') this.#trouble.tell(TIMED_OUT);
    const isDoubtful = before.kind !== 'sound' && before.isDoubtful;
    this.#state = { kind: 'hung', error, isDoubtful };
    batch.end(error);
    this.#queue.refuse(error);
  }

  #fail(cause: unknown, isDoubtful: boolean): JournalFileError {
    const before = this.#state;
    const error = toFileError(this.#options.path, cause);
    const wasDoubtful = before.kind !== 'sound' && before.isDoubtful;
    this.#state = { kind: 'failed', error, isDoubtful: isDoubtful || wasDoubtful };
    this.#trouble.note(codeOf(cause) ?? UNKNOWN);
    if (before.kind === 'sound') this.#trouble.tell(codeOf(cause) ?? UNKNOWN);
    this.#queue.refuse(error);
    this.#stopTimer?.();
    if (this.#closing === null) this.#stopTimer = this.#flushAfter(RETRY_MS);
    return error;
  }

  // An empty journal keeps only its head. In a larger file, settled records take at most half of the space.
  async #tidy(): Promise<void> {
    const { rewrites } = this.#file;
    try {
      if (this.#contents.size === 0 && this.#queue.size === 0) await this.#empty();
      else if (this.#isWorthRewriting) await this.#rewrite();
    } catch (error) {
      this.#compactFrom = this.#clock.now() + COMPACT_AGAIN_MS;
      // The old file is still valid. A new file that the directory may not list is not.
      if (this.#file.rewrites > rewrites) this.#fail(error, true);
      else this.#trouble.tell(codeOf(error) ?? UNKNOWN);
    }
  }

  get #isWorthRewriting(): boolean {
    const { size, recordBytes } = this.#file;
    const isLarge = size > MIN_TO_COMPACT && size > 2 * recordBytes;
    return isLarge && this.#clock.now() >= this.#compactFrom;
  }

  async #empty(): Promise<void> {
    if (!this.#file.isEmpty && (await this.#file.hasName())) await this.#file.empty();
  }

  async #rewrite(): Promise<void> {
    await this.#file.rewrite(this.#contents.records);
    this.#isUnsynced = false;
  }
}

function newClosedError(): ClosedError {
  return new ClosedError('The journal is closed');
}
