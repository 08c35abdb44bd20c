import { randomBytes } from 'node:crypto';
import * as disk from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../../../base/errors/index.js';
import {
  answerWithin,
  atDeadline,
  endsWithin,
  type Clock,
  type Stop,
} from '../../../base/timing/index.js';
import type { JournalFileStatus } from './file-status.js';
import { newFileError, prepareFolder, toFileError, type Disk } from './journal-disk.js';
import { DISK_TIMEOUT_MS, JournalFile, type JournalFileOptions } from './journal-file.js';
import type { JournalLog, JournalRecord } from './journal-log.js';
import { Orphans, type Orphan, type SkipReason } from './orphans.js';

/** Where and how journals are kept on disk. */
export interface JournalFolderOptions extends Omit<JournalFileOptions, 'path'> {
  readonly dir: string;
  /** Called once for each file that is left alone. */
  readonly onSkipped?: (file: string, reason: SkipReason) => void;
}

/** Hears of the records of another process that is gone. When it resolves, they are this process's. */
export type AdoptionListener = (
  records: readonly JournalRecord[],
  damagedBytes: number,
) => Promise<void>;

/** An orphan whose records are on their way into the own file. */
interface Adoption {
  readonly orphan: Orphan;
  isAppended: boolean;
  isHeard: boolean;
}

/** How often a process shows that it lives. */
const BEAT_MS = 2_000;
/** How often it looks for files whose process is gone. */
export const LOOK_MS = 15_000;

const OPEN_TIMEOUT_MS = 10_000;
const ID_BYTES = 8;
const MAX_HOST = 40;

/**
 * A folder of journals. Each process writes a file of its own, so none is in the way of another. The file of a
 * process that is gone is adopted by one of the others: its records go into the own file, and then it is removed.
 */
export class JournalFolder implements JournalLog {
  readonly #own: JournalFile;
  readonly #path: string;
  readonly #stem: string;
  readonly #orphans: Orphans;
  readonly #clock: Clock;
  readonly #skipped: (readonly [string, SkipReason])[];
  readonly #onSkipped: (file: string, reason: SkipReason) => void;
  readonly #adoptions = new Set<Adoption>();
  readonly #stopBeats: Stop;
  #damagedBytes = 0;
  #listener: AdoptionListener | null = null;
  #stopLooks: Stop | null = null;
  #looking: Promise<void> | null = null;
  #isBeating = false;
  #isClosed = false;

  private constructor(
    own: { readonly file: JournalFile; readonly path: string; readonly stem: string },
    orphans: Orphans,
    clock: Clock,
    told: {
      readonly skipped: (readonly [string, SkipReason])[];
      readonly onSkipped: (file: string, reason: SkipReason) => void;
    },
  ) {
    this.#own = own.file;
    this.#path = own.path;
    this.#stem = own.stem;
    this.#orphans = orphans;
    this.#clock = clock;
    this.#skipped = told.skipped;
    this.#onSkipped = told.onSkipped;
    this.#stopBeats = clock.every(BEAT_MS, () => {
      this.#beat();
    });
  }

  /**
   * Creates the file of this process in a folder, and adopts those that belong to nobody.
   *
   * @throws {@link JournalFileError} (`JOURNAL_FILE_FAILED`) when the folder cannot be used, or the disk does
   * not answer: an application that never starts tells nobody why.
   */
  static open(
    options: JournalFolderOptions,
    clock: Clock,
    files: Disk = disk,
  ): Promise<JournalFolder> {
    const opening = JournalFolder.#open(options, clock, files);
    let isLate = false;
    const limit = atDeadline(clock, OPEN_TIMEOUT_MS, () => {
      isLate = true;
      const message = `has not answered for ${String(OPEN_TIMEOUT_MS)} ms`;
      return newFileError(options.dir, message, 'See what is wrong with the disk');
    });
    opening.then(
      (folder) => (isLate ? folder.close() : undefined),
      () => undefined,
    );
    return answerWithin(opening, limit);
  }

  static async #open(
    options: JournalFolderOptions,
    clock: Clock,
    files: Disk,
  ): Promise<JournalFolder> {
    const { dir, seal, onSkipped = () => undefined } = options;
    await prepareFolder(dir);
    const stem = newStem();
    const path = join(dir, `${stem}.journal`);
    const file = await JournalFile.create({ ...options, path }, clock, files);
    const skipped: (readonly [string, SkipReason])[] = [];
    const tell = (name: string, reason: SkipReason): void => {
      if (folder.#listener === null) skipped.push([name, reason]);
      else onSkipped(name, reason);
    };
    const orphans = await Orphans.in({ dir, stem }, seal, { clock, disk: files }, tell);
    const folder = new JournalFolder({ file, path, stem }, orphans, clock, { skipped, onSkipped });
    try {
      await folder.look();
    } catch (error) {
      await folder.close();
      throw toFileError(dir, error);
    }
    return folder;
  }

  /** The records that were not settled. Right after opening: those of other processes that are gone. */
  get records(): JournalRecord[] {
    return this.#own.records;
  }

  /** How many bytes of adopted files could not be read, when the folder was opened. */
  get damagedBytes(): number {
    return this.#damagedBytes;
  }

  /** The file of this process. */
  get path(): string {
    return this.#path;
  }

  /** How the file of this process is now. */
  get fileStatus(): JournalFileStatus {
    return this.#own.status;
  }

  append(record: JournalRecord): Promise<void> {
    return this.#own.append(record);
  }

  settle(record: JournalRecord): void {
    this.#own.settle(record);
  }

  /**
   * From now on looks for files whose process is gone, and tells of their records. A file is removed when the
   * listener has resolved and the records are in the own file.
   */
  onAdopted(listener: AdoptionListener): Stop {
    this.#listener = listener;
    for (const [file, reason] of this.#skipped.splice(0)) this.#onSkipped(file, reason);
    this.#stopLooks = this.#clock.every(LOOK_MS, () => {
      // The disk refuses: a later look may succeed, and the own file tells of it.
      this.look().catch(() => undefined);
    });
    return () => {
      this.#stopLooks?.();
    };
  }

  /** Looks now for files whose process is gone. While a look is under way, returns that one. */
  look(): Promise<void> {
    if (this.#own.isHung) return Promise.resolve();
    return (this.#looking ??= this.#adoptAll().finally(() => {
      this.#looking = null;
    }));
  }

  /** Finishes what was appended. Does not wait for a disk that hangs: what is left to do is done when it answers. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopLooks?.();
    this.#stopBeats();
    const looked = this.#looking?.catch(() => undefined) ?? Promise.resolve();
    const hasLooked = await this.#endsInTime(looked);
    await this.#own.close();
    const released = looked.then(() => this.#releaseAll());
    if (hasLooked && !this.#own.isHung) await released;
  }

  async #endsInTime(work: Promise<void>): Promise<boolean> {
    if (this.#own.isHung) return false;
    return endsWithin(work, atDeadline(this.#clock, DISK_TIMEOUT_MS));
  }

  async #releaseAll(): Promise<void> {
    await this.#own.closeFully();
    for (const { orphan } of this.#adoptions) {
      await this.#orphans.release(orphan.path, orphan.stem).catch(() => undefined);
    }
    // The process may live on, and must not be taken for the owner.
    if (this.records.length > 0) {
      await this.#orphans.release(this.#path, this.#stem).catch(() => undefined);
    }
  }

  async #adoptAll(): Promise<void> {
    for (const orphan of await this.#orphans.look()) {
      // Those that are found at opening are told with all other records.
      const isHeard = this.#listener === null;
      if (isHeard) this.#damagedBytes += orphan.damagedBytes;
      this.#adoptions.add({ orphan, isAppended: false, isHeard });
    }
    for (const adoption of this.#adoptions) await this.#adopt(adoption).catch(() => undefined);
  }

  // What fails is tried again at the next look.
  async #adopt(adoption: Adoption): Promise<void> {
    if (this.#isClosed) return;
    const { records, damagedBytes } = adoption.orphan;
    if (!adoption.isAppended) {
      // Should the disk refuse them, the file keeps them, and writes them when it can.
      for (const record of records) this.#own.append(record).catch(() => undefined);
      adoption.isAppended = true;
    }
    if (!adoption.isHeard && (records.length > 0 || damagedBytes > 0)) {
      await this.#listener?.(records, damagedBytes);
      adoption.isHeard = true;
    }
    await this.#own.flush();
    await this.#orphans.remove(adoption.orphan);
    this.#adoptions.delete(adoption);
  }

  #beat(): void {
    // One at a time: on a disk that hangs they would pile up.
    if (this.#own.isHung || this.#isBeating) return;
    this.#isBeating = true;
    void this.#touchAll().finally(() => {
      this.#isBeating = false;
    });
  }

  async #touchAll(): Promise<void> {
    const now = this.#clock.wallTime() / 1_000;
    for (const path of [this.#path, ...this.#orphans.taken]) {
      const code = await disk.lutimes(path, now, now).then(() => null, codeOf);
      // This process was frozen for so long that another has adopted its file: it begins a new one.
      const isLost = path === this.#path && code === 'ENOENT' && this.records.length > 0;
      if (isLost) await this.#own.flush().catch(() => undefined);
    }
  }
}

function newStem(): string {
  const host = hostname()
    .replace(/[^\w-]/g, '-')
    .slice(0, MAX_HOST);
  return `${host}-${randomBytes(ID_BYTES).toString('hex')}`;
}
