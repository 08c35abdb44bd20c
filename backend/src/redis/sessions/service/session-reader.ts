import { SingleFlight } from '../../base/collections/index.js';
import { codeOf, SessionInvalidError, SessionUnavailableError } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import { noteOutcome } from '../../base/operations/index.js';
import {
  type Found,
  isOfOthers,
  type Keyspace,
  type Reading,
  type ReadOptions,
  stampOfDigits,
  type Unreadable,
} from '../../keyspace/index.js';
import type { Clock } from '../../base/timing/index.js';
import type { ArchiveDesk } from '../archive/archive-desk.js';
import { withOwnData } from '../archive/archived-record.js';
import { Remembered } from '../archive/remembered.js';
import { toForeignJson } from '../record/session-data.js';
import { draftOf, expiryOf, type SessionRecord } from '../record/session-record.js';
import type { SessionSeal } from '../record/session-seal.js';
import { SeenIds } from './seen-ids.js';

/** What the classes of this room share. */
export interface SessionDeps {
  readonly keyspace: Keyspace<SessionRecord>;
  /** The archive, where there is one. */
  readonly desk: ArchiveDesk | null;
  readonly seal: SessionSeal;
  /** How much longer than it may be idle Redis keeps a session. */
  readonly outageMs: number;
  readonly clock: Clock;
  readonly bus: EventBus;
}

/** Why a token is refused: for the program that asked, not for the user. */
export type InvalidReason = 'malformed' | 'missing' | 'deleted' | 'expired' | 'unreadable';

/** Why Redis does not know a session. `others`: it has one that only other processes can read. */
type Unknown = 'missing' | 'unreadable' | 'unknown' | 'others';

/** What follows from a reading. `ask`: Redis does not know the session, the archive may. */
type Verdict =
  | {
      readonly kind: 'valid';
      readonly record: SessionRecord;
      readonly source: Found<SessionRecord>['source'];
    }
  | { readonly kind: 'invalid'; readonly reason: InvalidReason }
  | { readonly kind: 'ask'; readonly why: Unknown };

const MAX_PRESENT = 1000;
const MAX_PRESENT_BYTES = 16_384;
// Long enough that a client which repeats a wrong token costs little, and short enough that nobody notices
// when a login that was journaled elsewhere arrives.
const REMEMBER_ABSENT_MS = 1000;
const MAX_ABSENT = 10_000;

/** Finds a session: in Redis, in memory, or in the archive. */
export class SessionReader {
  readonly #deps: SessionDeps;
  readonly #flights = new SingleFlight<SessionRecord>();
  readonly #present: Remembered<SessionRecord>;
  readonly #absent: Remembered<true>;
  readonly #seen = new SeenIds();

  /** @param rememberMs - how long a result of the archive is used while Redis is away */
  constructor(deps: SessionDeps, rememberMs: number) {
    this.#deps = deps;
    this.#present = new Remembered(deps.clock, rememberMs, MAX_PRESENT);
    this.#absent = new Remembered(deps.clock, REMEMBER_ABSENT_MS, MAX_ABSENT);
  }

  /**
   * Returns the record of a valid session.
   * @throws SessionInvalidError when there is none.
   * @throws SessionUnavailableError when neither Redis nor memory nor the archive can tell.
   */
  load(id: string): Promise<SessionRecord> {
    return this.loadThen(id, asIs, rethrown);
  }

  /**
   * The same, and answers with what is made of the record, or of the failure. Each request of an application comes this
   * way, so nothing is awaited where Redis has the session.
   */
  loadThen<R>(
    id: string,
    make: (record: SessionRecord) => R,
    fail: (error: unknown) => R | Promise<R>,
  ): Promise<R> {
    const { keyspace } = this.#deps;
    if (this.#absent.get(id) === true) {
      keyspace.hits.hit();
      return Promise.reject(invalid('missing')).then(make, fail);
    }
    // A replica is asked for what it is sure to have: for anything else the primary, and only it.
    if (!this.#seen.has(id)) return this.#loadUnseen(id).then(make, fail);
    return keyspace.read(id, CONFIRMED).then(
      (reading) => {
        const verdict = this.#judge(reading);
        this.#count(verdict);
        if (verdict.kind !== 'valid') return this.#settleRead(id, verdict).then(make, fail);
        if (this.#isOfMemory(verdict)) noteOutcome('stale');
        return make(verdict.record);
      },
      (error: unknown) => {
        keyspace.hits.miss();
        return fail(error);
      },
    );
  }

  async #loadUnseen(id: string): Promise<SessionRecord> {
    const verdict = await this.#look(id, ON_PRIMARY).catch((error: unknown) => {
      this.#deps.keyspace.hits.miss();
      throw error;
    });
    this.#count(verdict);
    const record = await this.#settleRead(id, verdict);
    this.#seen.add(id);
    return record;
  }

  /** The same as `#settle`, and tells those who watch when it was not Redis that knew the session. */
  async #settleRead(id: string, verdict: Verdict): Promise<SessionRecord> {
    const isRemembered = this.#isOfMemory(verdict) || this.#present.get(id) !== undefined;
    const record = await this.#settle(id, verdict);
    if (isRemembered) noteOutcome('stale');
    else if (verdict.kind === 'ask') noteOutcome('loaded');
    return record;
  }

  #isOfMemory(verdict: Verdict): boolean {
    return verdict.kind === 'valid' && verdict.source !== 'redis' && this.#deps.keyspace.hasRedis;
  }

  /**
   * Returns the record that a change is based on: that of the primary, or what is known while it is away.
   * Fails like {@link SessionReader.load}.
   */
  async loadForChange(id: string): Promise<SessionRecord> {
    return this.#settle(id, await this.#look(id, ON_PRIMARY));
  }

  /** How long a session lives at most from now on, as far as anybody can tell; `null` when nobody knows it. */
  async leftMsOf(id: string): Promise<number | null> {
    try {
      const reading = await this.#deps.keyspace.read(id, CONFIRMED);
      return reading.state === 'found' ? reading.value.endsAt - this.#now : null;
    } catch {
      // The end must be written although nothing can be read.
      return null;
    }
  }

  /**
   * Returns the record in a reading of the keyspace, if it is that of a valid session, or that it cannot be read.
   */
  recordIn(reading: Reading<SessionRecord>): SessionRecord | 'unreadable' | null {
    const verdict = this.#judge(reading);
    if (verdict.kind === 'valid') return verdict.record;
    const mayBeThere = verdict.kind === 'ask' && verdict.why !== 'missing';
    return mayBeThere ? 'unreadable' : null;
  }

  async #settle(id: string, verdict: Verdict): Promise<SessionRecord> {
    if (verdict.kind === 'valid') return verdict.record;
    if (verdict.kind === 'invalid') throw invalid(verdict.reason);
    try {
      if (this.#deps.desk === null) throw withoutArchive(verdict.why);
      return await this.#askOnce(id, verdict.why);
    } catch (error) {
      if (verdict.why === 'missing' && isMissing(error)) this.#absent.set(id, true);
      throw error;
    }
  }

  // Redis, or memory in its place, knows the session or its end: otherwise it is a miss, whoever knows it then.
  #count(verdict: Verdict): void {
    const { hits } = this.#deps.keyspace;
    if (verdict.kind === 'ask') hits.miss();
    else hits.hit();
  }

  async #look(id: string, options: ReadOptions): Promise<Verdict> {
    const { keyspace } = this.#deps;
    const reading = await keyspace.read(id, options);
    const isTold = reading.state !== 'unknown' || options.onPrimary !== true;
    // Without a primary a replica may still know it.
    return this.#judge(isTold ? reading : await keyspace.read(id, CONFIRMED));
  }

  #judge(reading: Reading<SessionRecord>): Verdict {
    switch (reading.state) {
      case 'found':
        return this.#judgeFound(reading);
      case 'deleted':
        return DELETED;
      case 'missing':
      case 'unknown':
        return { kind: 'ask', why: reading.state };
      case 'unreadable':
        reportUnreadable(this.#deps, reading);
        return { kind: 'ask', why: isOfOthers(reading.fault) ? 'others' : 'unreadable' };
    }
  }

  #judgeFound({ value: record, source }: Found<SessionRecord>): Verdict {
    if (!this.#hasExpired(record)) return { kind: 'valid', record, source };
    // While Redis is away, other processes may have extended the session since.
    const isCertain = source === 'redis' || record.endsAt <= this.#now;
    return isCertain ? { kind: 'invalid', reason: 'expired' } : { kind: 'ask', why: 'unknown' };
  }

  async #askOnce(id: string, why: Unknown): Promise<SessionRecord> {
    const known = why === 'unknown' ? this.#present.get(id) : undefined;
    if (known !== undefined && !this.#hasExpired(known)) return withOwnData(known);
    return withOwnData(await this.#flights.run(id, () => this.#ask(id, why)));
  }

  async #ask(id: string, why: Unknown): Promise<SessionRecord> {
    const archived = (await this.#deps.desk?.find(id)) ?? null;
    if (archived === null) throw invalid('missing');
    if (!archived.ok) {
      reportUnreadable(this.#deps, archived);
      throw invalid('unreadable');
    }
    const found = archived.value;
    if (this.#hasExpired(found)) throw invalid('expired');
    // Redis cannot be written while it is away, and the journal is only for changes.
    if (why === 'unknown') this.#remember(found);
    // What a newer version of this library, or a key that is not here, has written stays for those that can read it.
    if (why === 'missing' || why === 'unreadable') return this.#refill(found);
    return found;
  }

  /** Writes the record to Redis with its old stamps: if it was ended meanwhile, the end wins. */
  async #refill(record: SessionRecord): Promise<SessionRecord> {
    const { keyspace } = this.#deps;
    const dataJson = toForeignJson(record.data, Infinity);
    const draft = draftOf(record, dataJson, this.#now, this.#deps);
    try {
      const { outcome } = await keyspace.write(record.id, draft, {
        stamp: stampOfDigits(record.revision),
        birth: stampOfDigits(record.birth),
      });
      if (outcome !== 'superseded') return record;
    } catch (error) {
      reportFailedWrite(this.#deps, error);
      return record;
    }
    const verdict = this.#judge(await keyspace.read(record.id, ON_PRIMARY));
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
}

function asIs<T>(value: T): T {
  return value;
}

function rethrown(error: unknown): never {
  throw error;
}

const CONFIRMED: ReadOptions = { confirm: true };
const ON_PRIMARY: ReadOptions = { onPrimary: true };

function isMissing(error: unknown): boolean {
  return error instanceof SessionInvalidError && error.details['reason'] === 'missing';
}

/** The refusal of a token. All reasons look the same to a user. */
export function invalid(reason: InvalidReason): SessionInvalidError {
  return new SessionInvalidError('The token belongs to no session', { reason });
}

/** Where events of sessions are reported. */
interface Teller {
  readonly bus: EventBus;
  readonly keyspace: Pick<Keyspace, 'name'>;
}

/** Tells that a session could not be written, with no more of the failure than its code. */
export function reportFailedWrite({ bus, keyspace }: Teller, error: unknown): void {
  const reason = codeOf(error) ?? 'unknown error';
  bus.emit({ type: 'value.write-failed', keyspace: keyspace.name, reason });
}

/** Tells that a record cannot be read, and why. */
export function reportUnreadable(
  { bus, keyspace }: Teller,
  { fault, keyId }: Pick<Unreadable, 'fault' | 'keyId'>,
): void {
  const ofKey = keyId === undefined ? {} : { keyId };
  bus.emit({ type: 'value.rejected', keyspace: keyspace.name, fault, ...ofKey });
}

const DELETED: Verdict = { kind: 'invalid', reason: 'deleted' };

function withoutArchive(why: Unknown): Error {
  if (why === 'missing') return invalid('missing');
  if (why !== 'unknown') return invalid('unreadable');
  return new SessionUnavailableError(
    'Redis is away and memory does not know the session; try again later',
  );
}
