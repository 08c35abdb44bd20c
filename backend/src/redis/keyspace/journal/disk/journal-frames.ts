import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Bytes between two offsets. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What was found in the bytes of a file. */
export interface FoundFrames {
  readonly bodies: readonly Buffer[];
  /** What lies between them and belongs to none: torn, damaged, or never written. */
  readonly damaged: readonly Range[];
}

/** How long the mark is with which each frame of a file begins. */
export const MARK_BYTES = 8;

const LENGTH_BYTES = 4;
const CHECKSUM_BYTES = 4;
const FRAME_BYTES = MARK_BYTES + LENGTH_BYTES + CHECKSUM_BYTES;

/**
 * A mark for a new file. By chance, not fixed: the values in a journal come from anybody, and who knew the
 * mark could put a frame inside a value, to be found there when what is around it is damaged.
 */
export function newMark(): Buffer {
  return randomBytes(MARK_BYTES);
}

/** A frame: the mark of the file, the length of the body, a checksum of length and body, and the body. */
export function encodeFrame(mark: Buffer, body: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_BYTES + body.length);
  mark.copy(frame);
  frame.writeUInt32BE(body.length, MARK_BYTES);
  body.copy(frame, FRAME_BYTES);
  frame.writeUInt32BE(checksumOf(frame), MARK_BYTES + LENGTH_BYTES);
  return frame;
}

/** Reads frames from an offset on. After one that is damaged it goes on at the next mark. */
export function readFrames(bytes: Buffer, mark: Buffer, offset: number): FoundFrames {
  const bodies: Buffer[] = [];
  const damaged: Range[] = [];
  let from = offset;
  for (let at = offset; at < bytes.length;) {
    const end = frameEnd(bytes, mark, at);
    if (end === null) {
      const next = bytes.indexOf(mark, at + 1);
      at = next === -1 ? bytes.length : next;
      continue;
    }
    if (at > from) damaged.push({ from, to: at });
    bodies.push(bytes.subarray(at + FRAME_BYTES, end));
    from = at = end;
  }
  if (from < bytes.length) damaged.push({ from, to: bytes.length });
  return { bodies, damaged };
}

/** Where the frame at this place ends; `null` when there is no sound one. */
export function frameEnd(bytes: Buffer, mark: Buffer, at: number): number | null {
  if (at + FRAME_BYTES > bytes.length) return null;
  if (mark.compare(bytes, at, at + MARK_BYTES) !== 0) return null;
  const end = at + FRAME_BYTES + bytes.readUInt32BE(at + MARK_BYTES);
  if (end > bytes.length) return null;
  const frame = bytes.subarray(at, end);
  return frame.readUInt32BE(MARK_BYTES + LENGTH_BYTES) === checksumOf(frame) ? end : null;
}

function checksumOf(frame: Buffer): number {
  const length = frame.subarray(MARK_BYTES, MARK_BYTES + LENGTH_BYTES);
  return crc32(frame.subarray(FRAME_BYTES), crc32(length));
}

const OLD_FRAME_BYTES = 8;

/**
 * Reads frames as version 1 wrote them: a length, a checksum of the body, and the body. They have no mark, so
 * after one that is damaged nothing is certain.
 */
export function readOldFrames(bytes: Buffer, offset: number): FoundFrames {
  const bodies: Buffer[] = [];
  let at = offset;
  while (at + OLD_FRAME_BYTES + LENGTH_BYTES <= bytes.length) {
    const end = at + OLD_FRAME_BYTES + bytes.readUInt32BE(at);
    const body = bytes.subarray(at + OLD_FRAME_BYTES, end);
    if (end > bytes.length || body.length < LENGTH_BYTES) break;
    if (bytes.readUInt32BE(at + LENGTH_BYTES) !== crc32(body)) break;
    bodies.push(body);
    at = end;
  }
  return { bodies, damaged: at < bytes.length ? [{ from: at, to: bytes.length }] : [] };
}
