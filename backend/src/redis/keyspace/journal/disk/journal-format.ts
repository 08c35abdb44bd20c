import type { KeyRing } from '../../../base/crypto/index.js';
import {
  encodeFrame,
  frameEnd,
  MARK_BYTES,
  newMark,
  readFrames,
  readOldFrames,
  type Range,
} from './journal-frames.js';
import { decodeLine, encodeLine, LogContents, type LogLine } from './journal-lines.js';
import type { JournalOwner } from './journal-owner.js';

/** What the head of a file says. */
export interface JournalHead {
  /** Of the Redis that its records are for; see {@link fingerprintOf}. */
  readonly fingerprint: string;
  readonly owner: JournalOwner;
}

/**
 * What a file is, by its head. `old`: of version 1, which says nothing of its owner or its Redis. `unfinished`:
 * its process ended before it had written the head, so there is no record in it. `later`: of a version that
 * is not known here. `foreign`: no journal, or one whose head is damaged in both places.
 */
export type FileKind =
  | { readonly kind: 'journal'; readonly head: JournalHead; readonly mark: Buffer }
  | { readonly kind: 'old' | 'unfinished' | 'foreign' }
  | { readonly kind: 'later'; readonly version: number };

/** What a file holds. */
export interface JournalContents {
  readonly contents: LogContents;
  readonly damaged: readonly Range[];
  /** How many lines no key of the ring opens. */
  readonly sealed: number;
}

// 'RHJL', the version of the format (2 bytes), two reserved bytes, and the mark of the file. Frames follow
// (journal-frames.ts). The first two say the same, whose file it is: one of them may be damaged.
const MAGIC = Buffer.from('RHJL');
const VERSION = 2;
const OLD_VERSION = 1;
const OLD_HEAD_BYTES = 8;
const FIRST_FRAME = OLD_HEAD_BYTES + MARK_BYTES;
const HEAD_FRAMES = 2;
/** So much of a file is enough to see what it is. */
export const ENOUGH_BYTES = 4_096;

// The first byte of a body says what it is.
const KIND = { head: 0, plain: 1, sealed: 2 } as const;

/** The head of a new file, and the mark of its frames. */
export function newHead(head: JournalHead): { readonly bytes: Buffer; readonly mark: Buffer } {
  const mark = newMark();
  const prefix = Buffer.from([...MAGIC, 0, VERSION, 0, 0]);
  const frame = encodeFrame(mark, bodyOf(KIND.head, Buffer.from(JSON.stringify(head))));
  return { mark, bytes: Buffer.concat([prefix, mark, frame, frame]) };
}

/** What a file is, from its first {@link ENOUGH_BYTES} bytes. */
export function kindOf(bytes: Buffer): FileKind {
  const found = findHead(bytes);
  if (found !== null) return { kind: 'journal', ...found };
  const known = Math.min(MAGIC.length, bytes.length);
  if (MAGIC.compare(bytes, 0, known, 0, known) !== 0) return { kind: 'foreign' };
  if (bytes.length < OLD_HEAD_BYTES) return { kind: 'unfinished' };
  const version = bytes.readUInt16BE(MAGIC.length);
  if (version === OLD_VERSION) return { kind: 'old' };
  if (version > VERSION) return { kind: 'later', version };
  return { kind: version === VERSION && isCutInHead(bytes) ? 'unfinished' : 'foreign' };
}

/** The bytes of a line. */
export function frameOf(line: LogLine, mark: Buffer, seal: JournalSeal): Buffer {
  const body = encodeLine(line);
  const sealed = seal.ring?.seal(body, contextOf(seal.fingerprint));
  return encodeFrame(
    mark,
    sealed === undefined ? bodyOf(KIND.plain, body) : bodyOf(KIND.sealed, sealed),
  );
}

/** How the lines of a file are sealed: with the newest key of a ring, for one Redis. Without a ring they lie open. */
export interface JournalSeal {
  readonly ring: KeyRing | null;
  readonly fingerprint: string;
}

/** Everything that can be read of a file. */
export function readJournal(bytes: Buffer, seal: JournalSeal): JournalContents {
  const kind = kindOf(bytes);
  const contents = new LogContents();
  if (kind.kind === 'old') {
    const { bodies, damaged } = readOldFrames(bytes, OLD_HEAD_BYTES);
    for (const body of bodies) addLine(contents, body);
    return { contents, damaged, sealed: 0 };
  }
  if (kind.kind !== 'journal') return { contents, damaged: [], sealed: 0 };
  const { bodies, damaged } = readFrames(bytes, kind.mark, FIRST_FRAME);
  let sealed = 0;
  for (const body of bodies) {
    const plain = openBody(body, seal);
    if (plain === 'sealed') sealed++;
    else if (plain !== null) addLine(contents, plain);
  }
  return { contents, damaged, sealed };
}

function addLine(contents: LogContents, bytes: Buffer): void {
  const line = decodeLine(bytes);
  if (line !== null) contents.add(line);
}

/** The line in a body; `null` where there is none, `sealed` where it cannot be opened. */
function openBody(body: Buffer, { ring, fingerprint }: JournalSeal): Buffer | 'sealed' | null {
  const content = body.subarray(1);
  if (body[0] === KIND.plain) return content;
  if (body[0] !== KIND.sealed) return null;
  const opened = ring?.open(content, contextOf(fingerprint));
  return opened?.ok === true ? opened.bytes : 'sealed';
}

function contextOf(fingerprint: string): string {
  return `journal ${fingerprint}`;
}

function bodyOf(kind: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([kind]), content]);
}

function findHead(bytes: Buffer): { readonly head: JournalHead; readonly mark: Buffer } | null {
  // The mark stands in front of each frame, so that one damaged place does not hide it.
  for (const at of [OLD_HEAD_BYTES, FIRST_FRAME]) {
    const mark = Buffer.from(bytes.subarray(at, at + MARK_BYTES));
    if (mark.length < MARK_BYTES) return null;
    const { bodies } = readFrames(bytes.subarray(0, ENOUGH_BYTES), mark, FIRST_FRAME);
    for (const body of bodies.slice(0, HEAD_FRAMES)) {
      const head = body[0] === KIND.head ? parseHead(body.subarray(1)) : null;
      if (head !== null) return { head, mark };
    }
  }
  return null;
}

function parseHead(bytes: Buffer): JournalHead | null {
  // The checksum was right: this is what a process of this version wrote.
  const head = JSON.parse(bytes.toString()) as Partial<JournalHead>;
  return typeof head.fingerprint === 'string' && typeof head.owner === 'object'
    ? { fingerprint: head.fingerprint, owner: head.owner }
    : null;
}

function isCutInHead(bytes: Buffer): boolean {
  const lengthAt = FIRST_FRAME + MARK_BYTES;
  if (bytes.length < lengthAt + 4) return true;
  const mark = bytes.subarray(OLD_HEAD_BYTES, FIRST_FRAME);
  const isWhole = frameEnd(bytes, mark, FIRST_FRAME) !== null;
  // A frame is 16 bytes longer than its body.
  return !isWhole && FIRST_FRAME + 16 + bytes.readUInt32BE(lengthAt) > bytes.length;
}
