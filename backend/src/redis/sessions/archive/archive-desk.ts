import { RedisHaError, SessionUnavailableError } from '../../base/errors/index.js';
import { answerWithin, atDeadline, type Clock } from '../../base/timing/index.js';
import { ArchiveTurns } from './archive-turns.js';
import { Remembered } from './remembered.js';
import type { SessionArchive } from './session-archive.js';
import type { DecodedRecord, SessionRecord } from '../record/session-record.js';
import type { SessionSeal } from '../record/session-seal.js';
import { fromArchive, toArchive } from './archived-record.js';

/** Options for calls to the archive. */
interface ArchiveDeskOptions {
  readonly archiveTimeoutMs: number;
  readonly archiveRememberMs: number;
  readonly archiveConcurrency: number;
  /** Seals what the archive gets. */
  readonly seal: SessionSeal;
}

const MAX_WAITING = 1000;
const MAX_ABSENT = 10_000;

/**
 * Calls the archive. Each call ends in time, few lookups run at once, and an id that it does not
 * know is not looked up again at once. Every failure is a `SESSION_UNAVAILABLE` with its cause.
 */
export class ArchiveDesk {
  readonly #archive: SessionArchive;
  readonly #seal: SessionSeal;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #turns: ArchiveTurns;
  readonly #absent: Remembered<true>;

  constructor(archive: SessionArchive, options: ArchiveDeskOptions, clock: Clock) {
    this.#archive = archive;
    this.#seal = options.seal;
    this.#timeoutMs = options.archiveTimeoutMs;
    this.#clock = clock;
    this.#turns = new ArchiveTurns(options.archiveConcurrency, MAX_WAITING);
    this.#absent = new Remembered(clock, options.archiveRememberMs, MAX_ABSENT);
  }

  /** Returns what the archive has under this id; `null` when there is nothing. */
  async find(id: string): Promise<DecodedRecord | null> {
    if (this.#absent.get(id) === true) return null;
    const found: unknown = await this.#ask((signal) =>
      this.#turns.run(signal, () => this.#archive.find(id, signal)),
    );
    if (found !== null && found !== undefined) return this.#readAs(id, found);
    this.#absent.set(id, true);
    return null;
  }

  /** Stores a new record. */
  async insert(record: SessionRecord): Promise<void> {
    await this.#ask((signal) => this.#save(record, 'insert', signal));
    this.#absent.delete(record.id);
  }

  /** Changes an existing record. */
  update(record: SessionRecord): Promise<void> {
    return this.#ask((signal) => this.#save(record, 'update', signal));
  }

  /** Removes a record. */
  remove(id: string): Promise<void> {
    return this.#ask((signal) => this.#archive.remove(id, signal));
  }

  /** Removes all records of a user but one. */
  removeAllOf(userId: string, exceptId: string | null): Promise<void> {
    return this.#ask((signal) => this.#archive.removeAllOf(userId, exceptId, signal));
  }

  /** Returns what the archive has of a user. */
  async listOf(userId: string): Promise<readonly DecodedRecord[]> {
    const found: unknown = await this.#ask((signal) => this.#archive.listOf(userId, signal));
    const records: readonly unknown[] = Array.isArray(found) ? found : [];
    return records.map((record) => fromArchive(record, this.#seal));
  }

  #save(record: SessionRecord, how: 'insert' | 'update', signal: AbortSignal): Promise<void> {
    return this.#archive.save(toArchive(record, this.#seal), how, signal);
  }

  #readAs(id: string, found: unknown): DecodedRecord {
    const decoded = fromArchive(found, this.#seal);
    return decoded.ok && decoded.value.id !== id ? { ok: false, fault: 'corrupt' } : decoded;
  }

  async #ask<R>(call: (signal: AbortSignal) => Promise<R>): Promise<R> {
    const controller = new AbortController();
    const timeoutMs = this.#timeoutMs;
    const giveUp = (): SessionUnavailableError => {
      controller.abort();
      return new SessionUnavailableError(
        `The archive of sessions did not answer within ${timeoutMs} ms`,
        { timeoutMs },
      );
    };
    // In a function of its own, so that an archive that throws at once fails like one that rejects.
    const asked = (async () => call(controller.signal))();
    try {
      return await answerWithin(asked, atDeadline(this.#clock, timeoutMs, giveUp));
    } catch (error) {
      throw unavailable(error);
    }
  }
}

function unavailable(cause: unknown): SessionUnavailableError {
  if (RedisHaError.is(cause) && cause instanceof SessionUnavailableError) return cause;
  return new SessionUnavailableError('The archive of sessions failed', {}, { cause });
}
