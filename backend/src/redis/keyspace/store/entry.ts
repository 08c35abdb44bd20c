import { InvalidArgumentError } from '../../base/errors/index.js';
import { readStamp, STAMP_BYTES, writeStamp, type Stamp } from './stamp.js';

/**
 * What a key can hold:
 * - `value`: a value
 * - `nothing`: the knowledge that there is none (a negative entry)
 * - `tombstone`: the mark of a delete, kept so that no older write brings the key back
 */
export type EntryKind = 'value' | 'nothing' | 'tombstone';

/** One entry, as both stores keep it. */
export interface Entry {
  readonly kind: EntryKind;
  readonly stamp: Stamp;
  /** Calendar milliseconds until which it is fresh; 0 means for ever. Bounded by the year 10889. */
  readonly freshUntil: number;
  /** Number of the serializer that made the body, from 0 to 255. */
  readonly codec: number;
  readonly isCompressed: boolean;
  /** Key groups (of tags, of users) it belongs to. */
  readonly groups: readonly string[];
  readonly body: Buffer;
}

/** Why bytes cannot be read: they are damaged, or only a newer version of this library knows their format. */
export type EntryFault = 'corrupt' | 'newer-format';

/** The result of decoding bytes. */
export type DecodedEntry =
  { readonly ok: true; readonly entry: Entry } | { readonly ok: false; readonly fault: EntryFault };

/** The version that this library writes. */
export const ENTRY_VERSION = 1;
/** The position of the stamp, the same in every version: scripts in Redis compare it. */
export const STAMP_OFFSET = 4;

// 'RH', version, flags, stamp: the layout of these 20 bytes never changes. Then freshUntil (6), codec (1),
// number of groups (1), each group as a length (2) and its bytes, then the body.
const MAGIC_0 = 0x52;
const MAGIC_1 = 0x48;
const FRESH_OFFSET = STAMP_OFFSET + STAMP_BYTES;
const CODEC_OFFSET = FRESH_OFFSET + 6;
const COUNT_OFFSET = CODEC_OFFSET + 1;
const HEADER_BYTES = COUNT_OFFSET + 1;
const KIND_BITS: Readonly<Record<EntryKind, number>> = { value: 0, nothing: 1, tombstone: 2 };
const KINDS: readonly (EntryKind | undefined)[] = ['value', 'nothing', 'tombstone'];
const KIND_MASK = 3;
const COMPRESSED_BIT = 4;
const MAX_FRESH_UNTIL = 2 ** 48 - 1;
const MAX_CODEC = 255;
const KNOWN_BITS = KIND_MASK | COMPRESSED_BIT;

/** The largest number of groups of one entry. */
export const MAX_GROUPS = 32;
/** The largest size of the name of a group, in bytes. */
export const MAX_GROUP_BYTES = 512;

const EMPTY = Buffer.alloc(0);

/** The entry of a delete. Until `freshUntil` it keeps older writes from bringing the key back. */
export function newTombstone(stamp: Stamp, freshUntil: number): Entry {
  return {
    kind: 'tombstone',
    stamp,
    freshUntil,
    codec: 0,
    isCompressed: false,
    groups: [],
    body: EMPTY,
  };
}

/**
 * Encodes an entry.
 *
 * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) when the codec or the groups do not fit:
 * larger numbers would wrap around, and a reader would get something else.
 */
export function encodeEntry(entry: Entry): Buffer {
  const groups = entry.groups.map((group) => Buffer.from(group));
  requireFit(entry.codec, groups);
  const groupBytes = groups.reduce((sum, { length }) => sum + 2 + length, 0);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + groupBytes + entry.body.length);
  bytes[0] = MAGIC_0;
  bytes[1] = MAGIC_1;
  bytes[2] = ENTRY_VERSION;
  bytes[3] = KIND_BITS[entry.kind] | (entry.isCompressed ? COMPRESSED_BIT : 0);
  writeStamp(entry.stamp, bytes, STAMP_OFFSET);
  bytes.writeUIntBE(Math.min(entry.freshUntil, MAX_FRESH_UNTIL), FRESH_OFFSET, 6);
  bytes[CODEC_OFFSET] = entry.codec;
  bytes[COUNT_OFFSET] = groups.length;
  let offset = HEADER_BYTES;
  for (const group of groups) {
    offset = bytes.writeUInt16BE(group.length, offset);
    offset += group.copy(bytes, offset);
  }
  entry.body.copy(bytes, offset);
  return bytes;
}

function requireFit(codec: number, groups: readonly Buffer[]): void {
  if (!Number.isInteger(codec) || codec < 0 || codec > MAX_CODEC) {
    throw new InvalidArgumentError({
      field: 'codec',
      value: codec,
      message: 'a serializer has a number from 0 to 255',
      remedy: 'Give it a free one',
    });
  }
  const isNameTooLong = groups.some(({ length }) => length > MAX_GROUP_BYTES);
  if (groups.length <= MAX_GROUPS && !isNameTooLong) return;
  throw new InvalidArgumentError({
    field: 'groups',
    value: isNameTooLong ? 'a long name' : groups.length,
    message: `an entry has up to ${MAX_GROUPS} groups, with names of up to ${MAX_GROUP_BYTES} bytes`,
    remedy: 'Use fewer groups, and short names or hashes of them',
  });
}

/** Decodes an entry. Never throws: whatever the bytes are, it returns an entry or its fault. */
export function decodeEntry(bytes: Buffer): DecodedEntry {
  const fault = faultOf(bytes);
  if (fault !== null) return { ok: false, fault };
  const flags = bytes[3] ?? 0;
  const kind = KINDS[flags & KIND_MASK];
  const split = splitGroups(bytes);
  if (kind === undefined || (flags & ~KNOWN_BITS) !== 0 || split === null) {
    return { ok: false, fault: 'corrupt' };
  }
  return {
    ok: true,
    entry: {
      kind,
      stamp: readStamp(bytes, STAMP_OFFSET),
      freshUntil: bytes.readUIntBE(FRESH_OFFSET, 6),
      codec: bytes[CODEC_OFFSET] ?? 0,
      isCompressed: (flags & COMPRESSED_BIT) !== 0,
      groups: split.groups,
      body: bytes.subarray(split.bodyOffset),
    },
  };
}

/** Whether bytes have a stamp: whether they are an entry, of any version. */
export function hasStamp(bytes: Buffer): boolean {
  return bytes[0] === MAGIC_0 && bytes[1] === MAGIC_1 && bytes.length >= FRESH_OFFSET;
}

/** Returns the stamp of an encoded entry of any version; `null` when the bytes are no entry. */
export function stampOf(bytes: Buffer): Stamp | null {
  return hasStamp(bytes) ? readStamp(bytes, STAMP_OFFSET) : null;
}

function faultOf(bytes: Buffer): EntryFault | null {
  if (!hasStamp(bytes)) return 'corrupt';
  if ((bytes[2] ?? 0) > ENTRY_VERSION) return 'newer-format';
  return bytes[2] === ENTRY_VERSION && bytes.length >= HEADER_BYTES ? null : 'corrupt';
}

const NO_GROUPS: readonly string[] = [];

function splitGroups(bytes: Buffer): { groups: readonly string[]; bodyOffset: number } | null {
  const count = bytes[COUNT_OFFSET] ?? 0;
  if (count === 0) return { groups: NO_GROUPS, bodyOffset: HEADER_BYTES };
  const groups: string[] = [];
  let offset = HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    if (offset + 2 > bytes.length) return null;
    const end = offset + 2 + bytes.readUInt16BE(offset);
    if (end > bytes.length) return null;
    groups.push(bytes.toString('utf8', offset + 2, end));
    offset = end;
  }
  return { groups, bodyOffset: offset };
}
