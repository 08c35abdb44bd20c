import { inheritingAmong } from './right-to-create.js';
import { standingOf, stampOfRecord, targetOf, type JournalRecord } from './journal-log.js';
import { compareStamps, type Stamp } from '../../store/stamp.js';
import { compareStandings } from '../../store/which-wins.js';

/** One line of a log: a record, or a note that the records of a target up to a stamp need no replay. */
export type LogLine =
  JournalRecord | { readonly kind: 'settled'; readonly target: string; readonly stamp: Stamp };

/** The target of a line. */
export function targetOfLine(line: LogLine): string {
  return line.kind === 'settled' ? line.target : targetOf(line);
}

/** The stamp of a line. */
export function stampOfLine(line: LogLine): Stamp {
  return line.kind === 'settled' ? line.stamp : stampOfRecord(line);
}

/** The content of a log: for each key, or key group, the newest record that was not settled. */
export class LogContents {
  readonly #live = new Map<string, JournalRecord>();

  /** How many records are unsettled. */
  get size(): number {
    return this.#live.size;
  }

  /** The unsettled records, in the order in which they arrived. */
  get records(): JournalRecord[] {
    return [...this.#live.values()];
  }

  /** Returns whether a target has an unsettled record. */
  has(target: string): boolean {
    return this.#live.has(target);
  }

  /** Adds a line. */
  add(line: LogLine): void {
    const target = targetOfLine(line);
    const present = this.#live.get(target);
    if (line.kind !== 'settled') this.#addRecord(target, line, present);
    else if (present !== undefined && compareStamps(stampOfRecord(present), line.stamp) <= 0) {
      this.#live.delete(target);
    }
  }

  // They may be those of several processes.
  #addRecord(target: string, record: JournalRecord, present: JournalRecord | undefined): void {
    if (present === undefined) this.#live.set(target, record);
    else if (compareStandings(standingOf(present), standingOf(record)) > 0) {
      this.#live.set(target, inheritingAmong(present, record));
    } else {
      this.#live.delete(target);
      this.#live.set(target, inheritingAmong(record, present));
    }
  }
}

const LENGTH_BYTES = 4;

/** A line as bytes: a length, that many bytes of JSON, and, for a write, its entry. */
export function encodeLine(line: LogLine): Buffer {
  const entry = line.kind === 'write' ? line.write.entry : Buffer.alloc(0);
  const plain = line.kind === 'write' ? { ...line, write: { ...line.write, entry: null } } : line;
  const json = Buffer.from(JSON.stringify(plain));
  const head = Buffer.allocUnsafe(LENGTH_BYTES);
  head.writeUInt32BE(json.length);
  return Buffer.concat([head, json, entry]);
}

/** The line in these bytes, which are not kept; `null` for one of a kind that is not known here. */
export function decodeLine(bytes: Buffer): LogLine | null {
  if (bytes.length < LENGTH_BYTES) return null;
  const end = LENGTH_BYTES + bytes.readUInt32BE();
  const line = parse(bytes.toString('utf8', LENGTH_BYTES, end));
  if (!isLine(line)) return null;
  if (line.kind !== 'write') return line;
  return { ...line, write: { ...line.write, entry: Buffer.from(bytes.subarray(end)) } };
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
  if (line['kind'] !== 'write') return isDrop(line['drop']);
  return isWrite(line['write']) && (line['deleted'] === undefined || isDelete(line['deleted']));
}

function isDelete(deleted: unknown): boolean {
  if (!isObject(deleted) || !isStamp(deleted['stamp'])) return false;
  return typeof deleted['madeAt'] === 'number' && typeof deleted['ttlMs'] === 'number';
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
