import { RedisHaError } from '../../base/errors/index.js';
import { type Stamp, stampDigits, stampOfDigits } from '../../keyspace/index.js';
import { toForeignJson } from '../record/session-data.js';
import { draftOf, restamped, type SessionRecord, stampOfSlide } from '../record/session-record.js';
import { reportFailedWrite, type SessionDeps } from './session-reader.js';

/** Writes records to Redis and to the archive. */
export class SessionWriter {
  readonly #deps: SessionDeps;
  readonly #archiveRequired: boolean;

  constructor(deps: SessionDeps, archiveRequired: boolean) {
    this.#deps = deps;
    this.#archiveRequired = archiveRequired;
  }

  /** Milliseconds of the calendar. */
  get now(): number {
    return Math.floor(this.#deps.clock.wallTime());
  }

  /** The origin of this process in its stamps. */
  get origin(): string {
    return this.#deps.keyspace.stamp().origin;
  }

  /**
   * Stores a session that is not based on another: first in the archive, then in Redis. Only a group drop of a
   * process whose calendar is ahead can have a later stamp: then the session is written as the latest.
   */
  async insert(fresh: Omit<SessionRecord, 'revision'>): Promise<SessionRecord> {
    const { keyspace } = this.#deps;
    const stamp = keyspace.stamp();
    const record = { ...fresh, revision: stampDigits(stamp) };
    const isArchived = await this.#archive(() => this.#deps.desk?.insert(record));
    try {
      const isIn = await this.put(record, stamp);
      if (!isIn) await this.put(record, undefined);
    } catch (error) {
      // The archive has it, so it exists; Redis gets it at the first read.
      if (!isArchived || !isOfRedis(error)) throw error;
      reportFailedWrite(this.#deps, error);
    }
    return record;
  }

  /**
   * Stores a session that replaces another. Returns false, and stores nothing, when the sessions of
   * the user were ended since.
   */
  async insertAfter(record: SessionRecord): Promise<boolean> {
    await this.#archive(() => this.#deps.desk?.insert(record));
    try {
      if (await this.put(record, stampOfDigits(record.revision))) return true;
    } catch (error) {
      await this.#removeQuietly(record.id);
      throw error;
    }
    await this.#removeQuietly(record.id);
    return false;
  }

  /** Writes a change, to Redis first. Returns false when something newer is there. */
  async change(record: SessionRecord): Promise<boolean> {
    const isIn = await this.put(record, stampOfDigits(record.revision));
    if (isIn) await this.#archive(() => this.#deps.desk?.update(record));
    return isIn;
  }

  /** Extends a session. Returns `null` when something newer is there. Only Redis must accept it. */
  async slide(record: SessionRecord): Promise<SessionRecord | null> {
    const stamp = stampOfSlide(stampOfDigits(record.revision), this.origin);
    const lastSeenAt = Math.max(record.lastSeenAt, this.now);
    const slid = restamped({ ...record, lastSeenAt }, stamp);
    if (!(await this.put(slid, stamp))) return null;
    await this.#deps.desk?.update(slid).catch((error: unknown) => {
      reportFailedWrite(this.#deps, error);
    });
    return slid;
  }

  /** Writes to Redis, or to memory and the journal. Returns false when something newer is there. */
  async put(record: SessionRecord, stamp: Stamp | undefined): Promise<boolean> {
    const draft = draftOf(record, toForeignJson(record.data, Infinity), this.now);
    const { outcome } = await this.#deps.keyspace.write(
      record.id,
      draft,
      stamp === undefined ? {} : { stamp },
    );
    return outcome !== 'superseded';
  }

  /** Ends a session in both places; if one of them refuses, it throws. */
  async end(id: string): Promise<void> {
    const { keyspace, desk } = this.#deps;
    await allOf([keyspace.delete(id), desk?.remove(id) ?? Promise.resolve()]);
  }

  /** Ends a session whose token nobody has. If that fails, the session expires by itself. */
  async discard(id: string): Promise<void> {
    await this.end(id).catch((error: unknown) => {
      reportFailedWrite(this.#deps, error);
    });
  }

  async #removeQuietly(id: string): Promise<void> {
    await this.#deps.desk?.remove(id).catch((error: unknown) => {
      reportFailedWrite(this.#deps, error);
    });
  }

  /** Returns whether the archive stored it. Throws when that is required and fails. */
  async #archive(write: () => Promise<void> | undefined): Promise<boolean> {
    try {
      const writing = write();
      await writing;
      return writing !== undefined;
    } catch (error) {
      if (this.#archiveRequired) throw error;
      reportFailedWrite(this.#deps, error);
      return false;
    }
  }
}

/** Waits for all of them, then throws the first failure, if there is one. */
export async function allOf(works: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(works);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

// Redis away with a full journal, out of memory, shutting down: not a programming error.
function isOfRedis(error: unknown): boolean {
  return RedisHaError.is(error) && error.code !== 'INVALID_ARGUMENT';
}
