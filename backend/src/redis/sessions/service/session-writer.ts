import { RedisHaError, SessionUnavailableError } from '../../base/errors/index.js';
import {
  laterThan,
  type Stamp,
  stampDigits,
  stampOfDigits,
  type WriteReceipt,
} from '../../keyspace/index.js';
import { toForeignJson } from '../record/session-data.js';
import {
  draftOf,
  type SessionRecord,
  stampOfChange,
  stampOfSlide,
} from '../record/session-record.js';
import { groupOfUser } from '../record/session-token.js';
import { reportFailedWrite, type SessionDeps } from './session-reader.js';

const MAX_BIRTHS = 4;
// The calendars of two processes may differ while Redis, whose calendar they follow, is away.
const CALENDARS_MS = 60_000;

/** What has refused a write. */
export type Superseded = Extract<WriteReceipt, { outcome: 'superseded' }>;

/** How long sessions live, and whether the archive must have them. */
interface WriterOptions {
  readonly archiveRequired: boolean;
  readonly maxAbsoluteMs: number;
}

/** Writes records to Redis and to the archive. */
export class SessionWriter {
  readonly #deps: SessionDeps;
  readonly #options: WriterOptions;

  constructor(deps: SessionDeps, options: WriterOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Milliseconds of the calendar. */
  get now(): number {
    return Math.floor(this.#deps.clock.wallTime());
  }

  /**
   * Stores a session that is not based on another: first in the archive, then in Redis. Where all sessions of
   * its user were ended a moment ago, it is born after that.
   */
  async insert(fresh: Omit<SessionRecord, 'revision' | 'birth'>): Promise<SessionRecord> {
    const { keyspace } = this.#deps;
    let birth = keyspace.birth();
    for (let tries = 1; tries <= MAX_BIRTHS; tries++) {
      const revision = stampDigits(keyspace.stamp());
      const record = { ...fresh, revision, birth: stampDigits(birth) };
      const receipt = await this.#begin(record, tries === 1);
      if (receipt === null || !isSuperseded(receipt)) return record;
      birth = this.bornAfter(receipt);
    }
    await this.#removeQuietly(fresh.id);
    throw new SessionUnavailableError('All sessions of the user are being ended; try again');
  }

  /**
   * Stores a session that replaces another. Stores nothing when the sessions of the user were ended since
   * that one was born: the receipt tells by what.
   */
  async insertSuccessor(record: SessionRecord): Promise<WriteReceipt> {
    await this.#archive(() => this.#deps.desk?.insert(record));
    try {
      const receipt = await this.#put(record);
      if (isSuperseded(receipt)) await this.#removeQuietly(record.id);
      return receipt;
    } catch (error) {
      await this.#removeQuietly(record.id);
      throw error;
    }
  }

  /**
   * The birth of a session after the end of all others that has refused it: as close after it as can be, so
   * that the next end of all is later.
   */
  bornAfter({ by }: Superseded): Stamp {
    const birth = this.#deps.keyspace.birth();
    return by === undefined ? birth : laterThan(birth, by);
  }

  /**
   * Writes changed data, to Redis first. Returns what was written; `null` when `before` is not what Redis has:
   * another change was first, or the session was ended.
   */
  async change(before: SessionRecord, data: unknown): Promise<SessionRecord | null> {
    const stamp = stampOfChange(stampOfDigits(before.revision), this.#deps.keyspace.stamp());
    const after = this.used({ ...before, data, revision: stampDigits(stamp) });
    if (isSuperseded(await this.#put(after, before))) return null;
    await this.#archive(() => this.#deps.desk?.update(after));
    return after;
  }

  /** Extends a session; returns `null` like {@link SessionWriter.change}. Only Redis must accept it. */
  async slide(before: SessionRecord): Promise<SessionRecord | null> {
    const stamp = stampOfSlide(stampOfDigits(before.revision), this.#deps.keyspace.stamp());
    const slid = this.used({ ...before, revision: stampDigits(stamp) });
    if (isSuperseded(await this.#put(slid, before))) return null;
    await this.#deps.desk?.update(slid).catch((error: unknown) => {
      reportFailedWrite(this.#deps, error);
    });
    return slid;
  }

  /** The record as it is when it is used now. */
  used(record: SessionRecord): SessionRecord {
    return { ...record, lastSeenAt: Math.max(record.lastSeenAt, this.now) };
  }

  /**
   * Ends a session in both places; if one of them refuses, it throws.
   *
   * @param leftMs - how long it could live at most; `null` when nobody knows
   */
  async end(id: string, leftMs: number | null): Promise<void> {
    const { keyspace, desk } = this.#deps;
    const options = { isFinal: true, keepMs: this.#keepMs(leftMs) };
    await allOf([keyspace.delete(id, options), desk?.remove(id) ?? Promise.resolve()]);
  }

  /**
   * Ends in Redis a session that another one has replaced, if it is as it was then. What has refused that is in the
   * receipt: a change, or an end; neither where it is not there.
   */
  endReplaced({ id, endsAt, revision }: SessionRecord): Promise<WriteReceipt> {
    const keepMs = this.#keepMs(endsAt - this.now);
    const replaces = stampOfDigits(revision);
    return this.#deps.keyspace.delete(id, { isFinal: true, keepMs, replaces });
  }

  /** Ends all sessions of a user, also those that only other processes know, but for one. */
  async endAllOf(userId: string, kept: SessionRecord | null): Promise<void> {
    const { keyspace, desk } = this.#deps;
    const removing = desk?.removeAllOf(userId, kept?.id ?? null) ?? Promise.resolve();
    const dropping = keyspace.dropGroup(groupOfUser(userId), {
      isFinal: true,
      keepMs: this.#keepMs(null),
      except: kept === null ? [] : [kept.id],
    });
    await allOf([removing, dropping]);
  }

  /** Ends a session whose token nobody has. If that fails, the session expires by itself. */
  async discard({ id, endsAt }: SessionRecord): Promise<void> {
    await this.end(id, endsAt - this.now).catch((error: unknown) => {
      reportFailedWrite(this.#deps, error);
    });
  }

  /** Returns `null` when only the archive has it. */
  async #begin(record: SessionRecord, isNew: boolean): Promise<WriteReceipt | null> {
    const { desk } = this.#deps;
    const isArchived = await this.#archive(() =>
      isNew ? desk?.insert(record) : desk?.update(record),
    );
    try {
      return await this.#put(record);
    } catch (error) {
      // The archive has it, so it exists; Redis gets it at the first read.
      if (!isArchived || !isOfRedis(error)) throw error;
      reportFailedWrite(this.#deps, error);
      return null;
    }
  }

  /** Writes to Redis, or to memory and the journal. It is superseded when something else is there. */
  #put(record: SessionRecord, before?: SessionRecord): Promise<WriteReceipt> {
    const dataJson = toForeignJson(record.data, Infinity);
    const draft = draftOf(record, dataJson, this.now, this.#deps);
    return this.#deps.keyspace.write(record.id, draft, {
      stamp: stampOfDigits(record.revision),
      birth: stampOfDigits(record.birth),
      ...(before !== undefined && { replaces: stampOfDigits(before.revision) }),
    });
  }

  #keepMs(leftMs: number | null): number {
    return Math.max(0, leftMs ?? this.#options.maxAbsoluteMs) + CALENDARS_MS;
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
      if (this.#options.archiveRequired) throw error;
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

/** Whether something else is there. */
export function isSuperseded(receipt: WriteReceipt): receipt is Superseded {
  return receipt.outcome === 'superseded';
}

// Redis away with a full journal, out of memory, shutting down: not a programming error.
function isOfRedis(error: unknown): boolean {
  return RedisHaError.is(error) && error.code !== 'INVALID_ARGUMENT';
}
