import { plainData, type PlainData } from '../../config/index.js';
import {
  flag,
  keyRing,
  type KeySource,
  lifetime,
  MAX_LIFE_MS,
  objectWith,
  option,
  OptionSet,
  wholeNumber,
  type Resolved,
  type RowsOf,
} from '../../base/options/index.js';
import type { SessionArchive } from '../archive/session-archive.js';

/** How long sessions live, and where they are kept besides Redis. */
export interface SessionOptions {
  /** A session ends when it was not used for this long, in ms. @defaultValue 1800000 (30 min) */
  readonly idleMs?: number;
  /** A session ends this long after its login, used or not, in ms. @defaultValue 43200000 (12 h) */
  readonly absoluteMs?: number;
  /**
   * The longest `absoluteMs` that any process gives a session, in ms: for so long is remembered that all sessions
   * of a user were ended. @defaultValue `absoluteMs`
   */
  readonly maxAbsoluteMs?: number;
  /** A session in use is written at most this often, in ms; less than `idleMs`. @defaultValue 60000, or half of `idleMs` if that is less */
  readonly touchEveryMs?: number;
  /**
   * How much longer than it may be idle Redis keeps a session, up to its end, in ms: an outage of Redis that is not
   * longer logs nobody out who is in use. 0 saves memory of Redis. @defaultValue 43200000 (12 h)
   */
  readonly outageMs?: number;
  /** Bytes of JSON that the data of one session may have. @defaultValue 262144 (256 KiB) */
  readonly maxDataBytes?: number;
  /** Your store that keeps sessions besides Redis, such as a database. @defaultValue none */
  readonly archive?: SessionArchive;
  /** Whether a login, an update and a rotation fail when the archive does not store them. @defaultValue true */
  readonly archiveRequired?: boolean;
  /** Deadline of one call of the archive, in ms. @defaultValue 1000 */
  readonly archiveTimeoutMs?: number;
  /** While Redis is away, how long an answer of the archive is remembered, in ms; 0 means not at all. @defaultValue 5000 */
  readonly archiveRememberMs?: number;
  /**
   * Encrypts the data of sessions: keys of 32 bytes in base64, the newest first, or a function that returns them.
   * @defaultValue with `SessionModule` those of the connection, else none
   */
  readonly keys?: KeySource;
  /** What becomes of data that is not encrypted. @defaultValue with `SessionModule` that of the connection, else 'read' */
  readonly plainData?: PlainData;
  /** Look-ups in the archive that run at the same time; the others wait. @defaultValue 16 */
  readonly archiveConcurrency?: number;
}

const archive = objectWith<SessionArchive>(
  'an object with all methods of SessionArchive: save, find, remove, removeAllOf, listOf',
  'save',
  'find',
  'remove',
  'removeAllOf',
  'listOf',
);

/** How much longer than it is valid Redis keeps a session, of any kind. */
export const outageMs = option(wholeNumber(0, MAX_LIFE_MS, 'milliseconds'), 43_200_000);

/** The rows of the options, for what is registered together with them. */
export const SESSION_ROWS = {
  idleMs: option(lifetime, 1_800_000),
  absoluteMs: option(lifetime, 43_200_000),
  maxAbsoluteMs: option(lifetime, 43_200_000),
  touchEveryMs: option(lifetime, 60_000),
  outageMs,
  maxDataBytes: option(wholeNumber(1, 16_777_216, 'bytes'), 262_144),
  archive: option(archive, null),
  archiveRequired: option(flag, true),
  archiveTimeoutMs: option(lifetime, 1_000),
  archiveRememberMs: option(wholeNumber(0, MAX_LIFE_MS, 'milliseconds'), 5_000),
  archiveConcurrency: option(wholeNumber(1, 1_000), 16),
  keys: option(keyRing, null),
  plainData: option(plainData, 'read'),
} satisfies RowsOf<SessionOptions>;

const SESSIONS = new OptionSet(SESSION_ROWS, {
  path: 'sessions',
  // Otherwise a session could end while it is in use.
  ordered: [
    { low: 'touchEveryMs', high: 'idleMs' },
    { low: 'absoluteMs', high: 'maxAbsoluteMs', orEqual: true },
  ],
});

/** The options with every default filled in. */
export type ResolvedSessionOptions = Resolved<typeof SESSION_ROWS>;

/**
 * Fills in the defaults. No session lives longer than `absoluteMs` unless it is said. Without `touchEveryMs` a short session is written when half of it is over.
 *
 * @throws ConfigInvalidError (`CONFIG_INVALID`) that lists every problem at once.
 */
export function resolveSessionOptions(given: SessionOptions): ResolvedSessionOptions {
  const { touchEveryMs } = SESSIONS.defaults;
  const { idleMs = SESSIONS.defaults.idleMs, absoluteMs = SESSIONS.defaults.absoluteMs } = given;
  const half = lifetime.accepts(idleMs) ? Math.ceil(idleMs / 2) : touchEveryMs;
  return SESSIONS.resolve(given, {
    ...SESSIONS.defaults,
    maxAbsoluteMs: lifetime.accepts(absoluteMs) ? absoluteMs : SESSIONS.defaults.maxAbsoluteMs,
    touchEveryMs: Math.min(touchEveryMs, half),
  });
}
