import { InvalidArgumentError } from '../../base/errors/index.js';
import { compareStamps, readStamp, STAMP_BYTES, writeStamp, type Stamp } from './stamp.js';

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
  /**
   * The stamp with which the value came into being. A change keeps it: the drop of a group ends what was
   * born before it, however late it was changed.
   */
  readonly birth: Stamp;
  /** Calendar milliseconds at which it was made. The stamp may be ahead of it. */
  readonly madeAt: number;
  /** Only of a tombstone: the key is never used again, so no stamp of a value is ever later. */
  readonly isFinal: boolean;
  /** Calendar milliseconds until which it is fresh; 0 means for ever. Bounded by the year 10889. */
  readonly freshUntil: number;
  /** Number of the serializer that made the body, from 0 to 255. */
  readonly codec: number;
  readonly isCompressed: boolean;
  /** Key groups (of tags, of users) it belongs to. */
  readonly groups: readonly string[];
  readonly body: Buffer;
}

/** What an entry is made of. Without a `birth` it is born with its stamp. */
export type NewEntry = Omit<Entry, 'birth' | 'isFinal'> & Partial<Pick<Entry, 'birth' | 'isFinal'>>;

/**
 * Why something that is stored cannot be read:
 * - `corrupt`: it is damaged, or it is not what belongs in its place
 * - `newer-format`, `unknown-codec`, `no-key`: only others can read it, who know the format, the serializer or the key
 * - `too-large`: it is larger than values may be
 * - `not-encrypted`: it lies open, and that is refused
 */
export type EntryFault =
  'corrupt' | 'newer-format' | 'unknown-codec' | 'no-key' | 'too-large' | 'not-encrypted';

/** Something that cannot be read. */
export interface Unreadable {
  readonly ok: false;
  readonly fault: EntryFault;
  /** Of the fault `no-key`: the id of the key that is missing. */
  readonly keyId?: string;
}

/** What was decoded, or why it cannot be. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | Unreadable;

/** The result of decoding bytes. What cannot be read may have a stamp all the same. */
export type DecodedEntry =
  { readonly ok: true; readonly entry: Entry } | (Unreadable & { readonly stamp: Stamp | null });

/** The version that this library writes. */
export const ENTRY_VERSION = 2;
/** The position of the stamp, the same in every version: scripts in Redis compare it. */
export const STAMP_OFFSET = 4;

// 'RH', version, flags, stamp: the layout of these 20 bytes never changes. Then freshUntil (6), since version 2
// madeAt (6), codec (1), number of groups (1), the birth stamp (16) where it is not the stamp itself, each
// group as a length (2) and its bytes, then the body.
const MAGIC_0 = 0x52;
const MAGIC_1 = 0x48;
const FRESH_OFFSET = STAMP_OFFSET + STAMP_BYTES;
const DATE_BYTES = 6;
const MADE_OFFSET = FRESH_OFFSET + DATE_BYTES;
const CODEC_OFFSET = MADE_OFFSET + DATE_BYTES;
const HEADER_BYTES = CODEC_OFFSET + 2;
const FIRST_VERSION = 1;
const KIND_BITS: Readonly<Record<EntryKind, number>> = { value: 0, nothing: 1, tombstone: 2 };
const KINDS: readonly (EntryKind | undefined)[] = ['value', 'nothing', 'tombstone'];
const KIND_MASK = 3;
const COMPRESSED_BIT = 4;
/** In the byte before the stamp: the tombstone of a key that is never used again. Scripts in Redis read it. */
const FINAL_BIT = 8;
const BIRTH_BIT = 16;
const MAX_DATE = 2 ** 48 - 1;
const MAX_CODEC = 255;
const KNOWN_BITS = KIND_MASK | COMPRESSED_BIT | FINAL_BIT | BIRTH_BIT;

/** The largest number of groups of one entry. */
export const MAX_GROUPS = 32;
/** The largest size of the name of a group, in bytes. */
export const MAX_GROUP_BYTES = 512;

const EMPTY = Buffer.alloc(0);

/** The entry of a delete. Until `freshUntil` it keeps older writes from bringing the key back. */
export function newTombstone(
  stamp: Stamp,
  { madeAt, freshUntil, isFinal = false }: TombstoneOptions,
): Entry {
  return {
    kind: 'tombstone',
    stamp,
    birth: stamp,
    madeAt,
    isFinal,
    freshUntil,
    codec: 0,
    isCompressed: false,
    groups: [],
    body: EMPTY,
  };
}

/** The dates of a tombstone, and whether it is the last word on its key. */
interface TombstoneOptions extends Pick<Entry, 'madeAt' | 'freshUntil'> {
  readonly isFinal?: boolean;
}

/**
 * Encodes an entry.
 *
 * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) when the codec or the groups do not fit:
 * larger numbers would wrap around, and a reader would get something else.
 */
export function encodeEntry(entry: NewEntry): Buffer {
  const groups = entry.groups.map((group) => Buffer.from(group));
  requireFit(entry.codec, groups);
  const birth = birthToWrite(entry);
  const birthBytes = birth === null ? 0 : STAMP_BYTES;
  const groupBytes = groups.reduce((sum, { length }) => sum + 2 + length, 0);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + birthBytes + groupBytes + entry.body.length);
  bytes[0] = MAGIC_0;
  bytes[1] = MAGIC_1;
  bytes[2] = ENTRY_VERSION;
  bytes[3] = flagsOf(entry, birth);
  writeStamp(entry.stamp, bytes, STAMP_OFFSET);
  bytes.writeUIntBE(Math.min(entry.freshUntil, MAX_DATE), FRESH_OFFSET, DATE_BYTES);
  bytes.writeUIntBE(Math.min(entry.madeAt, MAX_DATE), MADE_OFFSET, DATE_BYTES);
  bytes[CODEC_OFFSET] = entry.codec;
  bytes[CODEC_OFFSET + 1] = groups.length;
  if (birth !== null) writeStamp(birth, bytes, HEADER_BYTES);
  let offset = HEADER_BYTES + birthBytes;
  for (const group of groups) {
    offset = bytes.writeUInt16BE(group.length, offset);
    offset += group.copy(bytes, offset);
  }
  entry.body.copy(bytes, offset);
  return bytes;
}

// Most entries are born with their stamp: then the bytes are not spent.
function birthToWrite({ birth, stamp }: NewEntry): Stamp | null {
  return birth === undefined || compareStamps(birth, stamp) === 0 ? null : birth;
}

function flagsOf({ kind, isCompressed, isFinal }: NewEntry, birth: Stamp | null): number {
  const isLast = isFinal === true && kind === 'tombstone';
  return (
    KIND_BITS[kind] |
    (isCompressed ? COMPRESSED_BIT : 0) |
    (isLast ? FINAL_BIT : 0) |
    (birth === null ? 0 : BIRTH_BIT)
  );
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
  if (fault !== null) return unreadable(bytes, fault);
  const flags = bytes[3] ?? 0;
  const kind = KINDS[flags & KIND_MASK];
  const { codecOffset, madeAtOffset, knownBits } = layoutOf(bytes);
  const hasBirth = (flags & BIRTH_BIT) !== 0;
  const birthOffset = codecOffset + 2;
  const split = splitGroups(bytes, codecOffset + 1, birthOffset + (hasBirth ? STAMP_BYTES : 0));
  const isSound = areSound(flags, knownBits);
  if (kind === undefined || !isSound || split === null) return unreadable(bytes, 'corrupt');
  const stamp = readStamp(bytes, STAMP_OFFSET);
  return {
    ok: true,
    entry: {
      kind,
      stamp,
      birth: hasBirth ? readStamp(bytes, birthOffset) : stamp,
      madeAt: bytes.readUIntBE(madeAtOffset, DATE_BYTES),
      isFinal: (flags & FINAL_BIT) !== 0,
      freshUntil: bytes.readUIntBE(FRESH_OFFSET, DATE_BYTES),
      codec: bytes[codecOffset] ?? 0,
      isCompressed: (flags & COMPRESSED_BIT) !== 0,
      groups: split.groups,
      body: bytes.subarray(split.bodyOffset),
    },
  };
}

/** Where a version has what. Entries of the first one were made at the time of their stamp. */
function layoutOf(bytes: Buffer): Layout {
  return bytes[2] === FIRST_VERSION ? FIRST_LAYOUT : LAYOUT;
}

interface Layout {
  readonly madeAtOffset: number;
  readonly codecOffset: number;
  readonly knownBits: number;
}

const LAYOUT: Layout = {
  madeAtOffset: MADE_OFFSET,
  codecOffset: CODEC_OFFSET,
  knownBits: KNOWN_BITS,
};
const FIRST_LAYOUT: Layout = {
  madeAtOffset: STAMP_OFFSET,
  codecOffset: MADE_OFFSET,
  knownBits: KIND_MASK | COMPRESSED_BIT,
};

// Only the end of a key can be final.
function areSound(flags: number, knownBits: number): boolean {
  const isTombstone = (flags & KIND_MASK) === KIND_BITS.tombstone;
  return (flags & ~knownBits) === 0 && (isTombstone || (flags & FINAL_BIT) === 0);
}

function unreadable(bytes: Buffer, fault: EntryFault): DecodedEntry {
  return { ok: false, fault, stamp: stampOf(bytes) };
}

/** Whether bytes have a stamp: whether they are an entry, of any version. */
export function hasStamp(bytes: Buffer): boolean {
  return bytes[0] === MAGIC_0 && bytes[1] === MAGIC_1 && bytes.length >= FRESH_OFFSET;
}

/** Whether an encoded entry is a tombstone. */
export function isTombstone(bytes: Buffer): boolean {
  return hasStamp(bytes) && ((bytes[3] ?? 0) & KIND_MASK) === KIND_BITS.tombstone;
}

/** Returns the stamp of an encoded entry of any version; `null` when the bytes are no entry. */
export function stampOf(bytes: Buffer): Stamp | null {
  return hasStamp(bytes) ? readStamp(bytes, STAMP_OFFSET) : null;
}

/** Whether an encoded entry ends a key that is never used again. */
export function isFinal(bytes: Buffer): boolean {
  return isTombstone(bytes) && ((bytes[3] ?? 0) & FINAL_BIT) !== 0;
}

/** Returns the stamp with which an encoded entry was born, if it is not the stamp of the entry itself. */
export function birthOf(bytes: Buffer): Stamp | null {
  if (!hasStamp(bytes) || ((bytes[3] ?? 0) & BIRTH_BIT) === 0) return null;
  const offset = layoutOf(bytes).codecOffset + 2;
  return bytes.length < offset + STAMP_BYTES ? null : readStamp(bytes, offset);
}

function faultOf(bytes: Buffer): EntryFault | null {
  if (!hasStamp(bytes)) return 'corrupt';
  if ((bytes[2] ?? 0) > ENTRY_VERSION) return 'newer-format';
  const version = bytes[2] ?? 0;
  const birthBytes = ((bytes[3] ?? 0) & BIRTH_BIT) === 0 ? 0 : STAMP_BYTES;
  const isWhole = bytes.length >= layoutOf(bytes).codecOffset + 2 + birthBytes;
  return version >= FIRST_VERSION && isWhole ? null : 'corrupt';
}

const NO_GROUPS: readonly string[] = [];

function splitGroups(
  bytes: Buffer,
  countOffset: number,
  start: number,
): { groups: readonly string[]; bodyOffset: number } | null {
  const count = bytes[countOffset] ?? 0;
  if (count === 0) return { groups: NO_GROUPS, bodyOffset: start };
  const groups: string[] = [];
  let offset = start;
  for (let i = 0; i < count; i++) {
    if (offset + 2 > bytes.length) return null;
    const end = offset + 2 + bytes.readUInt16BE(offset);
    if (end > bytes.length) return null;
    groups.push(bytes.toString('utf8', offset + 2, end));
    offset = end;
  }
  return { groups, bodyOffset: offset };
}
