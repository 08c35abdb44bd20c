import { crc32 } from 'node:zlib';
import { stampOfRecord, targetOf, type JournalRecord } from './journal-log.js';
import { compareStamps, type Stamp } from '../store/stamp.js';

/** One line of a log: a record, or a note that the records of a target up to a stamp need no replay. */
export type LogLine =
  JournalRecord | { readonly kind: 'settled'; readonly target: string; readonly stamp: Stamp };

/** The content of a log: for each key, or key group, the newest record that was not settled. */
export class LogContents {
  /** How many bytes the unsettled records take. */
  bytes = 0;
  readonly #live = new Map<string, { readonly record: JournalRecord; readonly bytes: number }>();

  /** How many records are unsettled. */
  get size(): number {
    return this.#live.size;
  }

  /** The unsettled records, in the order in which they arrived. */
  get records(): JournalRecord[] {
    return [...this.#live.values()].map(({ record }) => record);
  }

  /** Adds a line of that many bytes. */
  add(line: LogLine, bytes: number): void {
    const target = line.kind === 'settled' ? line.target : targetOf(line);
    const stamp = line.kind === 'settled' ? line.stamp : stampOfRecord(line);
    const present = this.#live.get(target);
    if (present !== undefined && compareStamps(stampOfRecord(present.record), stamp) > 0) return;
    this.bytes -= present?.bytes ?? 0;
    this.#live.delete(target);
    if (line.kind === 'settled') return;
    this.bytes += bytes;
    this.#live.set(target, { record: line, bytes });
  }
}

// A frame is the length of its body (4 bytes), a checksum of the body (4), and the body. A body is a
// length (4), that many bytes of JSON, and, for a write, its entry.
const LENGTH_BYTES = 4;
const FRAME_BYTES = 8;

/** The bytes of a line. */
export function encodeFrame(line: LogLine): Buffer {
  const entry = line.kind === 'write' ? line.write.entry : Buffer.alloc(0);
  const plain = line.kind === 'write' ? { ...line, write: { ...line.write, entry: null } } : line;
  const json = Buffer.from(JSON.stringify(plain));
  const head = Buffer.allocUnsafe(FRAME_BYTES + LENGTH_BYTES);
  head.writeUInt32BE(json.length, FRAME_BYTES);
  const frame = Buffer.concat([head, json, entry]);
  frame.writeUInt32BE(frame.length - FRAME_BYTES);
  frame.writeUInt32BE(checksumOf(frame), LENGTH_BYTES);
  return frame;
}

/**
 * Reads frames from an offset on, up to the first that is torn or damaged: after that nothing is certain.
 * A complete frame of an unknown kind is skipped. The bytes are not kept.
 */
export function readFrames(
  bytes: Buffer,
  offset: number,
): { readonly contents: LogContents; readonly end: number } {
  const contents = new LogContents();
  let end = offset;
  while (end + FRAME_BYTES + LENGTH_BYTES <= bytes.length) {
    const next = end + FRAME_BYTES + bytes.readUInt32BE(end);
    const frame = bytes.subarray(end, next);
    if (next > bytes.length || frame.length < FRAME_BYTES + LENGTH_BYTES) break;
    if (frame.readUInt32BE(LENGTH_BYTES) !== checksumOf(frame)) break;
    const line = decodeBody(frame.subarray(FRAME_BYTES));
    if (line !== null) contents.add(line, frame.length);
    end = next;
  }
  return { contents, end };
}

function checksumOf(frame: Buffer): number {
  return crc32(frame.subarray(FRAME_BYTES));
}

function decodeBody(body: Buffer): LogLine | null {
  const end = LENGTH_BYTES + body.readUInt32BE();
  const line = parse(body.toString('utf8', LENGTH_BYTES, end));
  if (!isLine(line)) return null;
  if (line.kind !== 'write') return line;
  return { ...line, write: { ...line.write, entry: Buffer.from(body.subarray(end)) } };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// Damage was found by the checksum. This finds records of another version.
function isLine(line: unknown): line is LogLine {
  if (!isObject(line)) return false;
  if (line['kind'] === 'settled')
    return typeof line['target'] === 'string' && isStamp(line['stamp']);
  if (typeof line['madeAt'] !== 'number') return false;
  return line['kind'] === 'write' ? isWrite(line['write']) : isDrop(line['drop']);
}

function isWrite(write: unknown): boolean {
  if (!isObject(write) || typeof write['key'] !== 'string') return false;
  const { ttlMs, groups } = write;
  const isListed = Array.isArray(groups) && groups.every((group) => typeof group === 'string');
  return isListed && (ttlMs === null || typeof ttlMs === 'number') && isStamp(write['stamp']);
}

function isDrop(drop: unknown): boolean {
  if (!isObject(drop) || typeof drop['group'] !== 'string') return false;
  return typeof drop['ttlMs'] === 'number' && isStamp(drop['stamp']);
}

function isStamp(stamp: unknown): boolean {
  if (!isObject(stamp) || typeof stamp['origin'] !== 'string') return false;
  return typeof stamp['wallMs'] === 'number' && typeof stamp['count'] === 'number';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
