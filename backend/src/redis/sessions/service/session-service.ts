import {
  InvalidArgumentError,
  SessionInvalidError,
  SessionUnavailableError,
} from '../../base/errors/index.js';
import { EventBus } from '../../base/events/index.js';
import { isWellFormed } from '../../base/json/index.js';
import {
  anything,
  lifetime,
  option,
  OptionSet,
  required,
  rule,
  type RowsOf,
} from '../../base/options/index.js';
import type { Keyspace } from '../../keyspace/index.js';
import { SystemClock, type Clock } from '../../base/timing/index.js';
import { ArchiveDesk } from '../archive/archive-desk.js';
import { KeyedTurns } from './keyed-turns.js';
import { fromJson, toJson } from '../record/session-data.js';
import { recordDecoder, type SessionRecord } from '../record/session-record.js';
import { SessionSeal, type SealOptions } from '../record/session-seal.js';
import { idOf, isSessionId, isToken, newToken } from '../record/session-token.js';
import {
  type IssuedSession,
  type NewSession,
  type Session,
  type SessionList,
  toSession,
} from '../record/session.js';
import { SessionLister } from './session-lister.js';
import {
  type ResolvedSessionOptions,
  resolveSessionOptions,
  type SessionOptions,
} from './session-options.js';
import { invalid, SessionReader, type SessionDeps } from './session-reader.js';
import { SessionRotation } from './session-rotation.js';
import { SessionSlider } from './session-slider.js';
import { SessionCounters, type SessionStats } from './session-stats.js';
import { SessionWriter } from './session-writer.js';
import { watchedSessionCall } from './watched-session-calls.js';

/** What is injected besides the keyspace. */
export interface SessionServiceDeps {
  readonly clock?: Clock;
  readonly bus?: EventBus;
}

/** What a store beside the sessions needs of them. */
export type SharedDeps = Required<SessionServiceDeps> & SealOptions;

const MAX_ATTEMPTS = 5;
const PAUSE_MS = 10;
const MAX_USER_ID = 1024;

const whatever = rule<unknown>('anything', () => true);
const NEW_SESSION = new OptionSet(
  {
    userId: required(anything<string>()),
    data: option(whatever, null),
    idleMs: option(lifetime, null),
    absoluteMs: option(lifetime, null),
  } satisfies RowsOf<NewSession<unknown>>,
  { path: '', example: "{ userId: '17', data: {} }" },
);
// Whatever is given is looked up, and what is no token is of no session.
const DESTROY = new OptionSet({ except: option(whatever, null) }, { path: '' });

/**
 * Sessions that outlive an outage of Redis. Each is opened by a token that only its user has; the
 * service keeps no token, only its hash. A session that nobody can look up right now is
 * `SESSION_UNAVAILABLE`, never `SESSION_INVALID`: an outage logs nobody out.
 */
export class SessionService<T = Record<string, unknown>> {
  /** Where the sessions are kept. */
  readonly keyspace: Keyspace;
  /** Its other deps, and its keys, for a store beside it. */
  readonly deps: SharedDeps;
  readonly #options: ResolvedSessionOptions;
  readonly #deps: SessionDeps;
  readonly #reader: SessionReader;
  readonly #writer: SessionWriter;
  readonly #rotation: SessionRotation<T>;
  readonly #slider: SessionSlider;
  readonly #lister: SessionLister;
  readonly #line = new KeyedTurns();
  readonly #counters = new SessionCounters();

  /**
   * @param keyspace - with the policy `session`
   * @throws ConfigInvalidError that lists all problems of the options.
   */
  constructor(
    keyspace: Keyspace,
    options: SessionOptions = {},
    { clock = new SystemClock(), bus = new EventBus() }: SessionServiceDeps = {},
  ) {
    const resolved = resolveSessionOptions(options);
    const { archive, archiveRequired, keys, plainData, outageMs } = resolved;
    const seal = new SessionSeal(resolved, keyspace.name);
    const desk = archive === null ? null : new ArchiveDesk(archive, { ...resolved, seal }, clock);
    this.keyspace = keyspace;
    this.deps = { clock, bus, keys, plainData };
    this.#options = resolved;
    const decoded = keyspace.decodedBy(recordDecoder(seal));
    this.#deps = { keyspace: decoded, desk, clock, bus, seal, outageMs };
    this.#reader = new SessionReader(this.#deps, resolved.archiveRememberMs);
    this.#writer = new SessionWriter(this.#deps, resolved);
    this.#rotation = new SessionRotation<T>(this.#deps, this.#reader, this.#writer);
    this.#slider = new SessionSlider(this.#deps, this.#writer, resolved.touchEveryMs);
    this.#lister = new SessionLister(this.#deps, this.#reader, archiveRequired);
  }

  /** Stats since the process began. */
  get stats(): SessionStats {
    return this.#counters.stats;
  }

  /** Starts a session. Its token cannot be read again later. */
  @watchedSessionCall
  async create(begin: NewSession<T>): Promise<IssuedSession<T>> {
    NEW_SESSION.check(begin);
    const { userId, data, idleMs = this.#options.idleMs } = begin;
    const { absoluteMs = this.#options.absoluteMs } = begin;
    checkUser(userId);
    this.#checkLife(absoluteMs);
    const now = this.#writer.now;
    const token = newToken();
    const record = await this.#writer.insert({
      id: idOf(token),
      userId,
      data: this.#checked(data),
      createdAt: now,
      lastSeenAt: now,
      idleMs,
      endsAt: now + absoluteMs,
    });
    this.#counters.add('created');
    return { token, session: toSession(record) };
  }

  /**
   * Returns the session of a token, and extends it in the background.
   * @throws SessionInvalidError when there is none.
   * @throws SessionUnavailableError when nobody can tell right now.
   */
  @watchedSessionCall
  read(token: string): Promise<Session<T>> {
    return this.#read(token);
  }

  /** The same with `null` for none. Still fails when nobody can tell. */
  @watchedSessionCall
  async find(token: string): Promise<Session<T> | null> {
    return this.#orNull(this.#read(token));
  }

  /** Extends a session at once, and fails if that cannot be written. */
  @watchedSessionCall
  touch(token: string): Promise<Session<T>> {
    return this.#changing(token, (before) => this.#writer.slide(before));
  }

  /**
   * Replaces the data. A function gets the current data, and is called again when another change was
   * first.
   */
  @watchedSessionCall
  async update(token: string, change: T | ((data: T) => T)): Promise<Session<T>> {
    // What is done to the object after the call is no part of it.
    const given = typeof change === 'function' ? null : { data: this.#checked(change) };
    return this.#changing(token, (before) => {
      const ofPresent = change as (data: T) => T;
      const { data } = given ?? { data: this.#checked(ofPresent(before.data as T)) };
      return this.#writer.change(before, data);
    });
  }

  /**
   * Gives the session a new token; the old one is refused from now on. Use it at each login and each change
   * of rights, so that a token that an attacker planted before becomes useless. The end times stay.
   */
  @watchedSessionCall
  async rotate(token: string): Promise<IssuedSession<T>> {
    const id = idOfToken(token);
    return this.#line.run(id, () => this.#rotation.rotate(id));
  }

  /** Ends a session. Fails when the end could be written nowhere, or the archive still has it: repeat it then. */
  @watchedSessionCall
  async destroy(token: string): Promise<void> {
    if (!isToken(token)) return;
    const id = idOf(token);
    await this.#writer.end(id, await this.#reader.leftMsOf(id));
    this.#counters.add('ended');
  }

  /** Ends a session of a user by its id, as from a list on a page. False when the user has none with it. */
  @watchedSessionCall
  async destroyById(userId: string, sessionId: string): Promise<boolean> {
    checkUser(userId);
    if (!isSessionId(sessionId)) return false;
    const record = await this.#orNull(this.#reader.load(sessionId));
    if (record?.userId !== userId) return false;
    await this.#writer.end(sessionId, record.endsAt - this.#writer.now);
    this.#counters.add('ended');
    return true;
  }

  /**
   * Ends all sessions of a user, also those that this process cannot see. `except` is the token of one
   * that stays, which must be a session of the user.
   */
  @watchedSessionCall
  async destroyAllOf(userId: string, options: { readonly except?: string } = {}): Promise<void> {
    DESTROY.check(options);
    checkUser(userId);
    const { except } = options;
    if (except === undefined) await this.#writer.endAllOf(userId, null);
    else await this.#endAllBut(idOfToken(except), userId);
    this.#counters.add('ended');
  }

  /** The sessions of a user. */
  @watchedSessionCall
  async listOf(userId: string): Promise<SessionList<T>> {
    checkUser(userId);
    const { records, isComplete } = await this.#lister.recordsOf(userId);
    return { sessions: records.map((record) => toSession<T>(record)), isComplete };
  }

  /** Starts no more background work, and resolves when the current work has ended. */
  close(): Promise<void> {
    return this.#slider.close();
  }

  readonly #use = (record: SessionRecord): Session<T> => {
    this.#slider.note(record);
    this.#counters.add('validated');
    return toSession(record);
  };

  // In sequence: changes of one process need not get in each other's way.
  async #changing(
    token: string,
    write: (before: SessionRecord) => Promise<SessionRecord | null>,
  ): Promise<Session<T>> {
    const id = idOfToken(token);
    return this.#line.run(id, async () => {
      for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
        const after = await write(await this.#reader.loadForChange(id));
        if (after !== null) return toSession(after);
        // Another one was first. So that several do not meet again and again, each waits a little longer.
        await this.#deps.clock.sleep(PAUSE_MS * attempt);
      }
      throw new SessionUnavailableError('Others changed the session all the time; try again', {
        attempts: MAX_ATTEMPTS,
      });
    });
  }

  // In sequence with its changes: who rotates it meanwhile would end the one that stays.
  #endAllBut(id: string, userId: string): Promise<void> {
    return this.#line.run(id, async () => {
      const kept = await this.#reader.loadForChange(id);
      if (kept.userId !== userId) throw invalid('missing');
      await this.#writer.endAllOf(userId, kept);
    });
  }

  #read(token: string): Promise<Session<T>> {
    const { failed } = this.#counters;
    if (!isToken(token)) return Promise.reject(invalid('malformed')).catch(failed);
    return this.#reader.loadThen(idOf(token), this.#use, failed);
  }

  async #orNull<R>(found: Promise<R>): Promise<R | null> {
    try {
      return await found;
    } catch (error) {
      if (error instanceof SessionInvalidError) return null;
      throw error;
    }
  }

  // A session that outlives the memory of its end could come back.
  #checkLife(absoluteMs: number): void {
    const { maxAbsoluteMs } = this.#options;
    if (absoluteMs <= maxAbsoluteMs) return;
    throw new InvalidArgumentError({
      field: 'absoluteMs',
      value: absoluteMs,
      message: `must not be greater than sessions.maxAbsoluteMs, which is ${maxAbsoluteMs}`,
      remedy: 'Raise sessions.maxAbsoluteMs in every process, or give the session a shorter life',
    });
  }

  /** A copy of the data, as it will be read. */
  #checked(data: T): unknown {
    return fromJson(toJson(data, this.#options.maxDataBytes));
  }
}

function idOfToken(token: unknown): string {
  if (!isToken(token)) throw invalid('malformed');
  return idOf(token);
}

function checkUser(userId: unknown): void {
  const isText = typeof userId === 'string';
  if (isText && userId !== '' && userId.length <= MAX_USER_ID && isWellFormed(userId)) return;
  throw new InvalidArgumentError({
    field: 'userId',
    value: isText ? `(a text of ${userId.length} characters)` : `(${typeof userId})`,
    message: `must be a well-formed text of 1 to ${MAX_USER_ID} characters`,
    remedy: 'Give an id that never changes, such as the primary key as text',
  });
}
