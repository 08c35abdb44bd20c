import {
  type Decoded,
  type DecodedSlot,
  type Entry,
  type EntryDecoder,
  type EntryDraft,
  isStampDigits,
  type Stamp,
  stampDigits,
} from '../../keyspace/index.js';
import { fromJson } from './session-data.js';
import type { SessionSeal } from './session-seal.js';
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
  /**
   * The stamp of its last change as 32 hexadecimal digits. Compared as text, a change is later than what it has
   * changed: an older one never replaces a newer one.
   */
  readonly revision: string;
  /** The stamp of its login, in the same form: ending all sessions of a user ends what was born before. */
  readonly birth: string;
}

/** A record that was decoded, or what an archive returns; or why it cannot be read. */
export type DecodedRecord = Decoded<SessionRecord>;

/** The format that this version writes. */
const RECORD_VERSION = 1;
/** The codec number of sessions: 'S', and 's' where they are sealed. */
const SESSION_CODEC = 0x53;
const LINE_BREAK = 0x0a;

/** Returns when a session ends unless it is used. */
export function expiryOf({ lastSeenAt, idleMs, endsAt }: SessionRecord): number {
  return Math.min(lastSeenAt + idleMs, endsAt);
}

/** How records are kept. */
interface KeepingOptions {
  readonly seal: SessionSeal;
  /** How much longer than it may be idle a session is kept. */
  readonly outageMs: number;
}

/**
 * Returns the entry of a record. `dataJson` is its data, as text. It is kept for longer than it is valid, though not
 * beyond its end: a process that was cut off may bring a use of it that was in time, and a change replaces only
 * what is there.
 */
export function draftOf(
  record: SessionRecord,
  dataJson: string,
  now: number,
  { seal, outageMs }: KeepingOptions,
): EntryDraft {
  const { userId, createdAt, lastSeenAt, idleMs, endsAt } = record;
  const expiry = expiryOf(record);
  const freshMs = Math.max(1, expiry - now);
  const keptUntil = Math.min(expiry + outageMs, endsAt);
  const head = JSON.stringify([RECORD_VERSION, userId, createdAt, lastSeenAt, idleMs, endsAt]);
  return {
    ...seal.sealBody(
      { codec: SESSION_CODEC, body: Buffer.from(`${head}\n${dataJson}`) },
      record.id,
    ),
    kind: 'value',
    isCompressed: false,
    freshMs,
    staleMs: Math.max(0, keptUntil - now - freshMs),
    groups: [groupOfUser(userId)],
  };
}

/** Makes records of the entries of a keyspace. */
export function recordDecoder(seal: SessionSeal): EntryDecoder<SessionRecord> {
  return { decode: (id, entry, slot) => decodeBeside(id, entry, seal, slot) };
}

/** What is left beside an entry in memory. Of the data the text: each caller gets an object of its own. */
interface Kept {
  readonly by: SessionSeal;
  /** Without its data. */
  readonly record: SessionRecord;
  readonly dataJson: string;
}

const KEPT_BYTES = 512;

// What was sealed is opened each time: it does not lie open in memory either.
function decodeBeside(
  id: string,
  entry: Entry,
  seal: SessionSeal,
  slot: DecodedSlot | undefined,
): DecodedRecord {
  const kept = slot?.decoded as Kept | undefined;
  if (kept?.by === seal) {
    return { ok: true, value: { ...kept.record, data: fromJson(kept.dataJson) } };
  }
  const decoded = decodeRecord(id, entry, seal);
  if (!decoded.ok || slot === undefined || entry.codec !== SESSION_CODEC) return decoded;
  const record = { ...decoded.value, data: null };
  const dataJson = entry.body.toString('utf8', entry.body.indexOf(LINE_BREAK) + 1);
  slot.keepDecoded({ by: seal, record, dataJson } satisfies Kept, KEPT_BYTES + entry.body.length);
  return decoded;
}

/** Decodes an entry. Never throws: whatever the entry is, it returns a record or a fault. */
export function decodeRecord(id: string, entry: Entry, seal: SessionSeal): DecodedRecord {
  if (entry.kind !== 'value' || entry.isCompressed) return CORRUPT;
  const opened = seal.openBody(entry, SESSION_CODEC, id);
  return opened.ok ? readBody(id, entry, opened.bytes) : opened;
}

function readBody(id: string, entry: Entry, body: Buffer): DecodedRecord {
  // JSON has no line breaks of its own, so the first one ends the head.
  const border = body.indexOf(LINE_BREAK);
  const head = jsonIn(body.toString('utf8', 0, Math.max(0, border)));
  if (!Array.isArray(head)) return CORRUPT;
  const [version, userId, createdAt, lastSeenAt, idleMs, endsAt] = head as unknown[];
  if (typeof version === 'number' && version > RECORD_VERSION) return NEWER;
  const data = jsonIn(body.toString('utf8', border + 1));
  if (version !== RECORD_VERSION || data === undefined) return CORRUPT;
  const [revision, birth] = [stampDigits(entry.stamp), stampDigits(entry.birth)];
  const record = toRecord({
    ...{ id, userId, data, createdAt, lastSeenAt, idleMs, endsAt },
    ...{ revision, birth },
  });
  return record === null ? CORRUPT : { ok: true, value: record };
}

/**
 * Returns a complete record; `null` for anything else. It also checks what an archive returns, which may have
 * stored it before records had a `birth`: then the session was born with its login, before all of that moment.
 */
export function toRecord(value: unknown): SessionRecord | null {
  if (typeof value !== 'object' || value === null) return null;
  const given = value as SessionRecord;
  const record = 'birth' in value ? given : { ...given, birth: earliestAt(given.createdAt) };
  return isWhole(record) ? record : null;
}

function isWhole({ id, userId, revision, birth, ...rest }: SessionRecord): boolean {
  const times: readonly unknown[] = [rest.createdAt, rest.lastSeenAt, rest.idleMs, rest.endsAt];
  return (
    isSessionId(id) &&
    isStampDigits(revision) &&
    isStampDigits(birth) &&
    typeof userId === 'string' &&
    times.every((time) => Number.isSafeInteger(time) && (time as number) > 0)
  );
}

function earliestAt(createdAt: unknown): string {
  const wallMs = Number.isSafeInteger(createdAt) ? Math.max(0, createdAt as number) : 0;
  return stampDigits({ wallMs, count: 0, origin: '0'.repeat(16) });
}

const CORRUPT = { ok: false, fault: 'corrupt' } as const;
const NEWER = { ok: false, fault: 'newer-format' } as const;

// `undefined` for what is no JSON.
function jsonIn(text: string): unknown {
  try {
    return fromJson(text);
  } catch {
    return undefined;
  }
}

const MAX_COUNT = 0xffff;

/**
 * The stamp of a change of the data: now, or the next millisecond after its base where that is no earlier one. Uses of
 * the base stay in the millisecond of that.
 */
export function stampOfChange(base: Stamp, now: Stamp): Stamp {
  return now.wallMs > base.wallMs ? now : { ...now, wallMs: base.wallMs + 1, count: 0 };
}

/**
 * The stamp of a use, which a process that is cut off may hand in late. It stays in the millisecond of the last
 * change of the data, so that it never undoes a later one; there it counts the seconds since, so that of two
 * uses the later one stays.
 */
export function stampOfSlide(base: Stamp, now: Stamp): Stamp {
  const seconds = Math.min(MAX_COUNT, Math.floor((now.wallMs - base.wallMs) / 1000));
  const count = Math.max(base.count + 1, seconds);
  if (count > MAX_COUNT) return { ...now, wallMs: base.wallMs + 1, count: 0 };
  return { wallMs: base.wallMs, count, origin: now.origin };
}
