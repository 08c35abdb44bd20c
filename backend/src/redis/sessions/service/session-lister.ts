import { portionsOf } from '../../base/collections/index.js';
import type { SessionDeps, SessionReader } from './session-reader.js';
import { expiryOf, type SessionRecord } from '../record/session-record.js';
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
    const records = new Map(archived?.map((record) => [record.id, record]));
    const ids = new Set([...members.keys.filter(isSessionId), ...records.keys()]);
    await this.#readInto(records, [...ids]);
    const now = this.#deps.clock.wallTime();
    const valid = [...records.values()].filter(
      (record) => record.userId === userId && expiryOf(record) > now,
    );
    valid.sort((a, b) => b.lastSeenAt - a.lastSeenAt);
    return { records: valid, isComplete: this.#isComplete(members.isComplete, archived !== null) };
  }

  /** Redis wins over the archive: it has the later `lastSeenAt`, and the tombstones. */
  async #readInto(records: Map<string, SessionRecord>, ids: readonly string[]): Promise<void> {
    for (const some of portionsOf(ids, READ_AT_A_TIME)) {
      const readings = await this.#deps.keyspace.readMany(some);
      for (const [i, reading] of readings.entries()) {
        const id = some[i] ?? '';
        const record = this.#reader.recordIn(id, reading);
        if (reading.state === 'deleted') records.delete(id);
        else if (record !== null && !isNewer(records.get(id), record)) records.set(id, record);
      }
    }
  }

  /** Returns what the archive lists; `null` when there is none, or when it failed. */
  async #archived(userId: string): Promise<readonly SessionRecord[] | null> {
    try {
      return (await this.#deps.desk?.listOf(userId)) ?? null;
    } catch {
      // The list is then marked as incomplete.
      return null;
    }
  }

  #isComplete(redisAnswered: boolean, archiveAnswered: boolean): boolean {
    if (this.#deps.desk === null) return redisAnswered;
    return archiveAnswered && (this.#archiveRequired || redisAnswered);
  }
}

function isNewer(a: SessionRecord | undefined, b: SessionRecord): boolean {
  return a !== undefined && a.revision > b.revision;
}
