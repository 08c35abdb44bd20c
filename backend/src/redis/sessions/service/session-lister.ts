import { portionsOf } from '../../base/collections/index.js';
import { reportUnreadable, type SessionDeps, type SessionReader } from './session-reader.js';
import { type DecodedRecord, expiryOf, type SessionRecord } from '../record/session-record.js';
import { groupOfUser, isSessionId } from '../record/session-token.js';

const READ_AT_A_TIME = 200;

/** The records of a user, and whether they are complete. */
interface FoundRecords {
  readonly records: readonly SessionRecord[];
  readonly isComplete: boolean;
}

/** Finds the sessions of a user: those that Redis or memory list, and those that the archive has. */
export class SessionLister {
  readonly #deps: SessionDeps;
  readonly #reader: SessionReader;
  readonly #archiveRequired: boolean;

  constructor(deps: SessionDeps, reader: SessionReader, archiveRequired: boolean) {
    this.#deps = deps;
    this.#reader = reader;
    this.#archiveRequired = archiveRequired;
  }

  /** Returns the valid sessions of a user, the last used one first. Fails only when nobody could be asked. */
  async recordsOf(userId: string): Promise<FoundRecords> {
    const [members, archived] = await Promise.all([
      this.#deps.keyspace.members(groupOfUser(userId)),
      this.#archived(userId),
    ]);
    const records = new Map(archived?.records.map((record) => [record.id, record]));
    const ids = new Set([...members.keys.filter(isSessionId), ...records.keys()]);
    const areAllReadable = await this.#readInto(records, [...ids]);
    const now = this.#deps.clock.wallTime();
    const valid = [...records.values()].filter(
      (record) => record.userId === userId && expiryOf(record) > now,
    );
    valid.sort((a, b) => b.lastSeenAt - a.lastSeenAt);
    const isComplete = this.#isComplete(members.isComplete, archived?.isComplete ?? false);
    return { records: valid, isComplete: isComplete && areAllReadable };
  }

  /**
   * Redis wins over the archive: it has the later `lastSeenAt`, and the tombstones. Returns false when there is one
   * that cannot be read, neither there nor here.
   */
  async #readInto(records: Map<string, SessionRecord>, ids: readonly string[]): Promise<boolean> {
    let areAllReadable = true;
    for (const some of portionsOf(ids, READ_AT_A_TIME)) {
      const readings = await this.#deps.keyspace.readMany(some);
      for (const [i, reading] of readings.entries()) {
        const id = some[i] ?? '';
        const record = this.#reader.recordIn(reading);
        if (reading.state === 'deleted') records.delete(id);
        else if (record === 'unreadable') areAllReadable &&= records.has(id);
        else if (record !== null && !isNewer(records.get(id), record)) records.set(id, record);
      }
    }
    return areAllReadable;
  }

  /** Returns what can be read of what the archive lists; `null` when there is none, or when it failed. */
  async #archived(userId: string): Promise<FoundRecords | null> {
    try {
      const found = await this.#deps.desk?.listOf(userId);
      return found === undefined ? null : this.#readable(found);
    } catch {
      // The list is then marked as incomplete.
      return null;
    }
  }

  #readable(found: readonly DecodedRecord[]): FoundRecords {
    const records: SessionRecord[] = [];
    for (const decoded of found) {
      if (decoded.ok) records.push(decoded.value);
      else reportUnreadable(this.#deps, decoded);
    }
    return { records, isComplete: records.length === found.length };
  }

  #isComplete(redisAnswered: boolean, archiveAnswered: boolean): boolean {
    if (this.#deps.desk === null) return redisAnswered;
    return archiveAnswered && (this.#archiveRequired || redisAnswered);
  }
}

function isNewer(a: SessionRecord | undefined, b: SessionRecord): boolean {
  return a !== undefined && a.revision > b.revision;
}
