import { RedisHaError, SessionUnavailableError } from '../../base/errors/index.js';
import { EventBus } from '../../base/events/index.js';
import {
  anything,
  type KeySource,
  keyRing,
  lifetime,
  MAX_LIFE_MS,
  option,
  OptionSet,
  positive,
  type RowsOf,
} from '../../base/options/index.js';
import type {
  Decoded,
  Entry,
  EntryDraft,
  Found,
  Keyspace,
  Unreadable,
  WriteOptions,
} from '../../keyspace/index.js';
import { SystemClock, type Clock } from '../../base/timing/index.js';
import { fromJson, toForeignJson } from '../record/session-data.js';
import { plainData, type PlainData } from '../../config/index.js';
import { SessionSeal } from '../record/session-seal.js';
import { stampOfChange, stampOfSlide } from '../record/session-record.js';
import { idOf } from '../record/session-token.js';
import { outageMs } from '../service/session-options.js';
import { reportFailedWrite, reportUnreadable } from '../service/session-reader.js';
import type { SessionService, SharedDeps } from '../service/session-service.js';

/** How a store for express-session or Fastify behaves. */
export interface SessionStoreOptions {
  /** How long a session lives whose cookie has no end, in ms. @defaultValue 86400000 (a day) */
  readonly defaultMs?: number;
  /** A session that was not changed is written at most this often, in ms. @defaultValue 60000 */
  readonly touchEveryMs?: number;
  /**
   * How much longer than its cookie Redis keeps a session, in ms: an outage of Redis that is not longer ends no
   * session that is in use. 0 saves memory of Redis. @defaultValue 43200000 (12 h)
   */
  readonly outageMs?: number;
  /** Bytes of JSON that one session may have. @defaultValue 262144 (256 KiB) */
  readonly maxDataBytes?: number;
  /** @defaultValue that of the sessions it stands beside, or of the machine */
  readonly clock?: Clock;
  /** Where errors in the background are reported. @defaultValue that of the sessions it stands beside, or nobody */
  readonly bus?: EventBus;
  /** Encrypts the sessions, as `sessions.keys` does. @defaultValue those of the sessions it stands beside, or none */
  readonly keys?: KeySource;
  /** What becomes of sessions that are not encrypted. @defaultValue that of the sessions it stands beside, or 'read' */
  readonly plainData?: PlainData;
}

/** Where the sessions are kept: a keyspace with the policy `session`, or a `SessionService`, which has one. */
export type SessionHome = Keyspace | Pick<SessionService, 'keyspace' | 'deps'>;

/** What is known of the cookie of a session, in either library. */
interface CookieTimes {
  readonly expires?: unknown;
  readonly originalMaxAge?: unknown;
  readonly maxAge?: unknown;
}

/** The codec number of sessions of other libraries: 'E', and 'e' where they are sealed. */
const STORE_CODEC = 0x45;

const MAX_ATTEMPTS = 5;

const ROWS = {
  defaultMs: option(lifetime, 86_400_000),
  touchEveryMs: option(lifetime, 60_000),
  outageMs,
  maxDataBytes: option(positive, 262_144),
  clock: option(anything<Clock>(), null),
  bus: option(anything<EventBus>(), null),
  keys: option(keyRing, null),
  plainData: option(plainData, null),
} satisfies RowsOf<SessionStoreOptions>;

/** The options of a store. */
export const STORE = new OptionSet(ROWS, { path: 'store' });

type StoreOptions = Required<Omit<SessionStoreOptions, 'keys' | 'plainData'>>;

/** Stores sessions of other libraries, as JSON, under the hash of their id. */
export class StoreRecords {
  readonly #keyspace: Keyspace;
  readonly #sessions: Keyspace<object>;
  readonly #options: StoreOptions;
  readonly #seal: SessionSeal;

  /** @throws ConfigInvalidError for options that cannot be used. */
  constructor(home: SessionHome, options: SessionStoreOptions = {}) {
    const deps = depsOf(home);
    const {
      defaultMs,
      touchEveryMs,
      outageMs: keepMs,
      maxDataBytes,
      ...own
    } = STORE.resolve(options);
    const [clock, bus] = [own.clock ?? deps.clock, own.bus ?? deps.bus];
    this.#keyspace = 'keyspace' in home ? home.keyspace : home;
    this.#options = { defaultMs, touchEveryMs, outageMs: keepMs, maxDataBytes, clock, bus };
    this.#seal = new SessionSeal(
      { keys: own.keys ?? deps.keys, plainData: own.plainData ?? deps.plainData },
      this.#keyspace.name,
    );
    this.#sessions = this.#keyspace.decodedBy({ decode: (id, entry) => this.#decode(id, entry) });
  }

  /** The session, or `null` when there is none. Fails when nobody can tell. */
  get(sid: string): Promise<object | null> {
    return withStatus(async () => {
      const { hits } = this.#keyspace;
      try {
        const found = await this.#read(idOf(sid));
        if (found === null) hits.miss();
        else hits.hit();
        return found?.value ?? null;
      } catch (error) {
        hits.miss();
        throw error;
      }
    });
  }

  /**
   * Stores a session for as long as its cookie says. Nothing is stored when it was ended meanwhile: the id is
   * never used again.
   */
  set(sid: string, session: object): Promise<void> {
    return withStatus(async () => {
      const json = toForeignJson(session, this.#options.maxDataBytes);
      const lifeMs = this.#lifeOf(session);
      const id = idOf(sid);
      if (lifeMs > 0) await this.#store(id, this.#draftOf(id, json, lifeMs));
      else await this.#end(id);
    });
  }

  /** Ends a session. */
  destroy(sid: string): Promise<void> {
    return withStatus(() => this.#end(idOf(sid)));
  }

  /** Extends a session to the end in its cookie. Never fails: at worst the session ends earlier. */
  async touch(sid: string, session: object): Promise<void> {
    try {
      await this.#touch(idOf(sid), session);
    } catch (error) {
      reportFailedWrite({ bus: this.#options.bus, keyspace: this.#keyspace }, error);
    }
  }

  /** Reports that a callback threw. */
  reportFailedCallback(error: unknown): void {
    this.#options.bus.emit({ type: 'listener.failed', event: 'session-store.callback', error });
  }

  async #touch(id: string, session: object): Promise<void> {
    const found = await this.#read(id);
    const lifeMs = this.#lifeOf(session);
    if (found === null || lifeMs <= 0) return;
    const gainedMs = this.#options.clock.wallTime() + lifeMs - found.entry.freshUntil;
    if (gainedMs < this.#paceOf(lifeMs)) return;
    // The stored session, not that of the caller, which may be older than another request's change.
    const touched = { ...found.value, cookie: cookieOf(session) };
    const { stamp: replaces, birth } = found.entry;
    const stamp = stampOfSlide(replaces, this.#keyspace.stamp());
    const draft = this.#draftOf(id, toForeignJson(touched, this.#options.maxDataBytes), lifeMs);
    await this.#keyspace.write(id, draft, { stamp, birth, replaces });
  }

  // The libraries do not say on what a change is based: of two the later one stays. But a change of what was
  // ended meanwhile must not begin it again.
  async #store(id: string, draft: EntryDraft): Promise<void> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const reading = await this.#keyspace.read(id, { onPrimary: true });
      if (reading.state === 'deleted') return;
      const options = reading.state === 'found' ? this.#overwrite(reading.entry) : {};
      const { outcome } = await this.#keyspace.write(id, draft, options);
      if (outcome !== 'superseded') return;
    }
    throw new SessionUnavailableError('Others changed the session all the time; try again', {
      attempts: MAX_ATTEMPTS,
    });
  }

  #overwrite({ stamp: replaces, birth }: Entry): WriteOptions {
    return { stamp: stampOfChange(replaces, this.#keyspace.stamp()), birth, replaces };
  }

  async #end(id: string): Promise<void> {
    const leftMs = Math.max(await this.#leftMsOf(id), this.#options.defaultMs);
    await this.#keyspace.delete(id, { isFinal: true, keepMs: leftMs });
  }

  async #leftMsOf(id: string): Promise<number> {
    try {
      const reading = await this.#keyspace.read(id, { confirm: true });
      if (reading.state !== 'found') return 0;
      return reading.entry.freshUntil - this.#options.clock.wallTime();
    } catch {
      // The end must be written although nothing can be read.
      return 0;
    }
  }

  #paceOf(lifeMs: number): number {
    // Each write takes a place in the journal while Redis is away.
    const half = Math.ceil(lifeMs / 2);
    return this.#keyspace.isAway ? half : Math.min(this.#options.touchEveryMs, half);
  }

  // From the primary while there is one: the library writes all of what it was given, so what a replica still has
  // would undo the change before.
  async #read(id: string): Promise<Found<object> | null> {
    const reading = await this.#sessions.read(id, { confirm: true, onPrimary: true });
    switch (reading.state) {
      case 'found':
        return reading;
      case 'deleted':
      case 'missing':
        return null;
      case 'unreadable':
        reportUnreadable({ bus: this.#options.bus, keyspace: this.#keyspace }, reading);
        return null;
      case 'unknown':
        throw new SessionUnavailableError(
          'Redis is away and memory does not know the session; try again later',
        );
    }
  }

  #draftOf(id: string, json: string, lifeMs: number): EntryDraft {
    const sealed = this.#seal.sealBody({ codec: STORE_CODEC, body: Buffer.from(json) }, id);
    const shape = { kind: 'value', isCompressed: false, groups: [] } as const;
    return { ...shape, ...sealed, freshMs: lifeMs, staleMs: this.#options.outageMs };
  }

  #decode(id: string, entry: Entry): Decoded<object> {
    if (entry.kind !== 'value' || entry.isCompressed) return CORRUPT;
    const opened = this.#seal.openBody(entry, STORE_CODEC, id);
    return opened.ok ? parseSession(opened.bytes) : opened;
  }

  #lifeOf(session: object): number {
    const { expires, maxAge, originalMaxAge } = cookieOf(session) as CookieTimes;
    const endsAt = expires instanceof Date ? expires.getTime() : Date.parse(String(expires));
    const left = Number.isFinite(endsAt) ? endsAt - this.#options.clock.wallTime() : undefined;
    const life = [left, maxAge, originalMaxAge].find((ms) => Number.isFinite(ms));
    return Math.min(
      MAX_LIFE_MS,
      Math.floor((life as number | undefined) ?? this.#options.defaultMs),
    );
  }
}

const CORRUPT: Unreadable = { ok: false, fault: 'corrupt' };

function depsOf(home: SessionHome): SharedDeps {
  if ('keyspace' in home) return home.deps;
  return { clock: new SystemClock(), bus: new EventBus(), keys: null, plainData: 'read' };
}

function parseSession(bytes: Buffer): Decoded<object> {
  try {
    const session = fromJson(bytes.toString());
    // Without a cookie express-session would fail in the middle of a request.
    const isWhole = isObject(session) && 'cookie' in session && isObject(session.cookie);
    return isWhole ? { ok: true, value: session } : CORRUPT;
  } catch {
    return CORRUPT;
  }
}

function cookieOf(session: object): unknown {
  return 'cookie' in session && isObject(session.cookie) ? session.cookie : {};
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Both libraries hand errors to the error handler of their framework, which answers with this status.
async function withStatus<R>(work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    const isAbsence = RedisHaError.is(error) && (error.retryable || error.code === 'CLOSED');
    if (isAbsence) Object.assign(error, { status: 503, statusCode: 503 });
    throw error;
  }
}
