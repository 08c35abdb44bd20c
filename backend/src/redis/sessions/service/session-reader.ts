import { SingleFlight } from '../../base/collections/index.js';
import { codeOf, SessionInvalidError, SessionUnavailableError } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import {
  type EntryFault,
  type Keyspace,
  type Reading,
  stampOfDigits,
} from '../../keyspace/index.js';
import type { Clock } from '../../base/timing/index.js';
import type { ArchiveDesk } from '../archive/archive-desk.js';
import { Remembered } from '../archive/remembered.js';
import { toForeignJson } from '../record/session-data.js';
import {
  decodeRecord,
  draftOf,
  expiryOf,
  isRecord,
  type SessionRecord,
} from '../record/session-record.js';

/** What the classes of this room share. */
export interface SessionDeps {
  readonly keyspace: Keyspace;
  /** The archive, where there is one. */
  readonly desk: ArchiveDesk | null;
  readonly clock: Clock;
  readonly bus: EventBus;
}

/** Why a token is refused: for the program that asked, not for the user. */
export type InvalidReason = 'malformed' | 'missing' | 'deleted' | 'expired' | 'unreadable';

/** Why Redis does not know a session. */
type Unknown = 'missing' | 'unreadable' | 'unknown' | 'newer';

/** What follows from a reading. `ask`: Redis does not know the session, the archive may. */
type Verdict =
  | { readonly kind: 'valid'; readonly record: SessionRecord }
  | { readonly kind: 'invalid'; readonly reason: InvalidReason }
  | { readonly kind: 'ask'; readonly why: Unknown };

// Ending all sessions but one deletes that one too and writes it again at once.
const JUST_NOW_MS = 1000;
const SECOND_LOOK_MS = 50;
const MAX_PRESENT = 1000;
const MAX_PRESENT_BYTES = 16_384;

/** Finds a session: in Redis, in memory, or in the archive. */
export class SessionReader {
  readonly #deps: SessionDeps;
  readonly #flights: SingleFlight<SessionRecord>;
  readonly #present: Remembered<SessionRecord>;

  /** @param rememberMs - how long a result of the archive is used while Redis is away */
  constructor(deps: SessionDeps, rememberMs: number) {
    this.#deps = deps;
    this.#flights = new SingleFlight(deps.clock);
    this.#present = new Remembered(deps.clock, rememberMs, MAX_PRESENT);
  }

  /**
   * Returns the record of a valid session.
   * @throws SessionInvalidError when there is none.
   * @throws SessionUnavailableError when neither Redis nor memory nor the archive can tell.
   */
  async load(id: string): Promise<SessionRecord> {
    const verdict = await this.#look(id);
    if (verdict.kind === 'valid') return verdict.record;
    if (verdict.kind === 'invalid') throw invalid(verdict.reason);
    if (this.#deps.desk === null) throw withoutArchive(verdict.why);
    return this.#askOnce(id, verdict.why);
  }

  /** Returns the record in a reading of the keyspace, if it is that of a valid session. */
  recordIn(id: string, reading: Reading): SessionRecord | null {
    const verdict = this.#judge(id, reading);
    return verdict.kind === 'valid' ? verdict.record : null;
  }

  async #look(id: string): Promise<Verdict> {
    const { keyspace, clock } = this.#deps;
    const first = await keyspace.read(id, { confirm: true });
    if (first.state !== 'deleted') return this.#judge(id, first);
    if (Math.abs(clock.wallTime() - first.stamp.wallMs) > JUST_NOW_MS) return DELETED;
    await clock.sleep(SECOND_LOOK_MS);
    return this.#judge(id, await keyspace.read(id, { confirm: true }));
  }

  #judge(id: string, reading: Reading): Verdict {
    switch (reading.state) {
      case 'found':
        return this.#judgeFound(id, reading);
      case 'deleted':
        return DELETED;
      case 'missing':
      case 'unknown':
        return { kind: 'ask', why: reading.state };
      case 'unreadable':
        return this.#reject(reading.fault);
    }
  }

  #judgeFound(id: string, reading: Extract<Reading, { state: 'found' }>): Verdict {
    const decoded = decodeRecord(id, reading.entry);
    if (!decoded.ok) return this.#reject(decoded.fault);
    const { record } = decoded;
    if (!this.#hasExpired(record)) return { kind: 'valid', record };
    // While Redis is away, other processes may have extended the session since.
    const isCertain = reading.source === 'redis' || record.endsAt <= this.#now;
    return isCertain ? { kind: 'invalid', reason: 'expired' } : { kind: 'ask', why: 'unknown' };
  }

  #askOnce(id: string, why: Unknown): Promise<SessionRecord> {
    const known = why === 'unknown' ? this.#present.get(id) : undefined;
    if (known !== undefined && !this.#hasExpired(known)) return Promise.resolve(known);
    const flight = this.#flights.get(id) ?? this.#flights.start(id, () => this.#ask(id, why));
    return flight.answer;
  }

  async #ask(id: string, why: Unknown): Promise<SessionRecord> {
    const found = await this.#deps.desk?.find(id);
    if (found === null || found === undefined) throw invalid('missing');
    if (!isRecord(found) || found.id !== id) {
      this.#reject('corrupt');
      throw invalid('unreadable');
    }
    if (this.#hasExpired(found)) throw invalid('expired');
    // Redis cannot be written while it is away, and the journal is only for changes.
    if (why === 'unknown') this.#remember(found);
    // An entry of a newer version of this library stays, for processes that can read it.
    if (why === 'missing' || why === 'unreadable') return this.#refill(found);
    return found;
  }

  /** Writes the record to Redis with its old stamp: if it was deleted meanwhile, the delete is newer. */
  async #refill(record: SessionRecord): Promise<SessionRecord> {
    const { keyspace } = this.#deps;
    const draft = draftOf(record, toForeignJson(record.data, Infinity), this.#now);
    try {
      const { outcome } = await keyspace.write(record.id, draft, {
        stamp: stampOfDigits(record.revision),
      });
      if (outcome !== 'superseded') return record;
    } catch (error) {
      reportFailedWrite(this.#deps, error);
      return record;
    }
    const verdict = this.#judge(record.id, await keyspace.read(record.id, { confirm: true }));
    if (verdict.kind === 'valid') return verdict.record;
    throw invalid(verdict.kind === 'invalid' ? verdict.reason : 'deleted');
  }

  #remember(record: SessionRecord): void {
    const isSmall = JSON.stringify(record).length <= MAX_PRESENT_BYTES;
    if (isSmall) this.#present.set(record.id, record);
  }

  #hasExpired(record: SessionRecord): boolean {
    return expiryOf(record) <= this.#now;
  }

  get #now(): number {
    return Math.floor(this.#deps.clock.wallTime());
  }

  #reject(fault: EntryFault): Verdict {
    const { keyspace, bus } = this.#deps;
    bus.emit({ type: 'cache.entry-rejected', keyspace: keyspace.name, fault });
    return { kind: 'ask', why: fault === 'newer-format' ? 'newer' : 'unreadable' };
  }
}

/** The refusal of a token. All reasons look the same to a user. */
export function invalid(reason: InvalidReason): SessionInvalidError {
  return new SessionInvalidError('The token belongs to no session', { reason });
}

/** Tells that a session could not be written, with no more of the failure than its code. */
export function reportFailedWrite(
  { bus, keyspace }: Pick<SessionDeps, 'bus' | 'keyspace'>,
  error: unknown,
): void {
  const reason = codeOf(error) ?? 'unknown error';
  bus.emit({ type: 'cache.write-failed', keyspace: keyspace.name, reason });
}

const DELETED: Verdict = { kind: 'invalid', reason: 'deleted' };

function withoutArchive(why: Unknown): Error {
  if (why === 'missing') return invalid('missing');
  if (why !== 'unknown') return invalid('unreadable');
  return new SessionUnavailableError(
    'Redis is away and memory does not know the session; try again later',
  );
}
