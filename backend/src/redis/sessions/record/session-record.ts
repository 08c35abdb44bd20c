import {
  type Entry,
  type EntryDraft,
  type EntryFault,
  isStampDigits,
  type Stamp,
  stampDigits,
} from '../../keyspace/index.js';
import { groupOfUser, isSessionId } from './session-token.js';

/** The whole record of a session, as the archive stores it. Plain JSON; times in calendar milliseconds. */
export interface SessionRecord {
  /** SHA-256 of the token, as 64 hexadecimal digits. */
  readonly id: string;
  /** The user it belongs to. */
  readonly userId: string;
  /** The data of the application. */
  readonly data: unknown;
  /** When the user logged in; a rotation does not change it. */
  readonly createdAt: number;
  /** When it was last used; up to `touchEveryMs` behind. */
  readonly lastSeenAt: number;
  /** How long it may be idle. */
  readonly idleMs: number;
  /** When it ends in any case. */
  readonly endsAt: number;
  /** The stamp of its last change as 32 hexadecimal digits, compared as text. An older one never replaces a newer one. */
  readonly revision: string;
}

/** The result of decoding an entry. */
type DecodedRecord =
  | { readonly ok: true; readonly record: SessionRecord }
  | { readonly ok: false; readonly fault: EntryFault };

/** The format that this version writes. */
const RECORD_VERSION = 1;
/** The codec number of sessions: 'S'. */
const SESSION_CODEC = 0x53;

/** Returns when a session ends unless it is used. */
export function expiryOf({ lastSeenAt, idleMs, endsAt }: SessionRecord): number {
  return Math.min(lastSeenAt + idleMs, endsAt);
}

/** Returns the entry of a record. `dataJson` is its data, as text. */
export function draftOf(record: SessionRecord, dataJson: string, now: number): EntryDraft {
  const { userId, createdAt, lastSeenAt, idleMs, endsAt } = record;
  const head = JSON.stringify([RECORD_VERSION, userId, createdAt, lastSeenAt, idleMs, endsAt]);
  return {
    kind: 'value',
    codec: SESSION_CODEC,
    isCompressed: false,
    body: Buffer.from(`${head}\n${dataJson}`),
    freshMs: Math.max(1, expiryOf(record) - now),
    staleMs: 0,
    groups: [groupOfUser(userId)],
  };
}

/** Decodes an entry. Never throws: whatever the entry is, it returns a record or a fault. */
export function decodeRecord(id: string, entry: Entry): DecodedRecord {
  const { codec, isCompressed, kind, body } = entry;
  if (kind !== 'value' || codec !== SESSION_CODEC || isCompressed) return CORRUPT;
  // JSON has no line breaks of its own, so the first one ends the head.
  const border = body.indexOf(0x0a);
  const head = parseJson(body.toString('utf8', 0, Math.max(0, border)));
  if (!Array.isArray(head)) return CORRUPT;
  const [version, userId, createdAt, lastSeenAt, idleMs, endsAt] = head as unknown[];
  if (typeof version === 'number' && version > RECORD_VERSION) return NEWER;
  const data = parseJson(body.toString('utf8', border + 1));
  if (version !== RECORD_VERSION || data === undefined) return CORRUPT;
  const revision = stampDigits(entry.stamp);
  const record = { id, userId, data, createdAt, lastSeenAt, idleMs, endsAt, revision };
  return isRecord(record) ? { ok: true, record } : CORRUPT;
}

/** Returns true for a complete record; also checks what an archive returns. */
export function isRecord(value: unknown): value is SessionRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { id, userId, revision, ...rest } = value as Readonly<Record<string, unknown>>;
  const times = [rest['createdAt'], rest['lastSeenAt'], rest['idleMs'], rest['endsAt']];
  return (
    isSessionId(id) &&
    isStampDigits(revision) &&
    typeof userId === 'string' &&
    times.every((time) => Number.isSafeInteger(time) && (time as number) > 0)
  );
}

/** Returns the same session with another stamp. */
export function restamped(record: SessionRecord, stamp: Stamp): SessionRecord {
  return { ...record, revision: stampDigits(stamp) };
}

const CORRUPT = { ok: false, fault: 'corrupt' } as const;
const NEWER = { ok: false, fault: 'newer-format' } as const;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/*
 * A change of a session is stamped just after the state it is based on, not with the time of day.
 * So a delete that was made after that state wins in every order of arrival, on replay too, and
 * however wrong a calendar is: a session that was ended stays ended.
 */

const MAX_COUNT = 0xffff;

/** The stamp of a sliding expiry: later than its base, earlier than any change of the data. */
export function stampOfSlide(base: Stamp, origin: string): Stamp {
  const { wallMs, count } = base;
  return count < MAX_COUNT ? { wallMs, count: count + 1, origin } : stampOfChange(base, origin);
}

/** The stamp of a change of the data: later than its base and all that slid from it. */
export function stampOfChange(base: Stamp, origin: string): Stamp {
  return { wallMs: base.wallMs + 1, count: 0, origin };
}
