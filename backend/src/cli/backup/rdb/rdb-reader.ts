import { BackupError } from '../backup-error.js';
import { Crc64 } from './crc64.js';
import { damaged, RdbBytes, Underflow } from './rdb-bytes.js';
import { skipModuleParts, skipValue, STRING_TYPE } from './rdb-values.js';

/** A key in a snapshot. */
export interface RdbKey {
  readonly kind: 'key';
  readonly db: number;
  readonly key: Buffer;
  /** The number of the type of its value. */
  readonly type: number;
  /** The value as it stands in the snapshot. */
  readonly raw: Buffer;
  /** The value of a string as clients know it; `null` for other types. */
  readonly text: Buffer | null;
  /** Calendar milliseconds; `null` for never. */
  readonly expiresAt: number | null;
}

/** What stands in a snapshot, in its order. */
export type RdbItem =
  | { readonly kind: 'begin'; readonly version: number }
  | { readonly kind: 'about'; readonly name: string; readonly value: string }
  | { readonly kind: 'functions'; readonly code: Buffer }
  | RdbKey
  | { readonly kind: 'end' };

/** The latest format of snapshots whose every part this program knows. */
const MAX_RDB_VERSION = 12;

const OPCODES = {
  slots: 0xf4,
  functions: 0xf5,
  moduleAbout: 0xf7,
  idle: 0xf8,
  frequency: 0xf9,
  about: 0xfa,
  resize: 0xfb,
  expiresMs: 0xfc,
  expires: 0xfd,
  select: 0xfe,
  end: 0xff,
} as const;
/** How many numbers a hint has. */
const HINT_SIZES: Readonly<Record<number, number>> = {
  [OPCODES.idle]: 1,
  [OPCODES.resize]: 2,
  [OPCODES.slots]: 3,
  [OPCODES.moduleAbout]: 3,
};
const CHECKSUM_BYTES = 8;
const NOTHING = Buffer.alloc(0);

/**
 * Reads a snapshot of Redis (RDB) that comes in pieces, and checks its sum. Nothing of it is kept but what is not
 * complete yet.
 */
export class RdbReader {
  readonly #sum = new Crc64();
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** A value that is not complete is read again from its beginning: not at each piece. */
  #readFrom = 0;
  #version: number | null = null;
  #db = 0;
  #expiresAt: number | null = null;
  #isAtEnd = false;
  #isDone = false;

  /** What the pieces so far have completed. @throws {@link BackupError} when it is no snapshot, or not a known one. */
  *read(piece: Buffer): Generator<RdbItem> {
    this.#waiting.push(piece);
    this.#waitingBytes += piece.length;
    if (this.#waitingBytes >= this.#readFrom) yield* this.#readWaiting();
  }

  /** The rest. @throws {@link BackupError} `TRUNCATED` when there is no end. */
  *finish(): Generator<RdbItem> {
    yield* this.#readWaiting();
    if (this.#isDone) return;
    throw new BackupError(
      'TRUNCATED',
      'the snapshot in it ends before its end',
      'Take another backup, and restore an earlier one if it is needed now',
    );
  }

  *#readWaiting(): Generator<RdbItem> {
    const all =
      this.#waiting.length === 1 ? (this.#waiting[0] ?? NOTHING) : Buffer.concat(this.#waiting);
    const bytes = new RdbBytes(all);
    let done = 0;
    try {
      while (!this.#isDone) {
        const item = this.#next(bytes);
        this.#sum.add(all.subarray(done, bytes.at));
        done = bytes.at;
        if (item !== null) yield item;
      }
      if (all.length > done) throw damaged('something comes after its end');
    } catch (error) {
      if (!(error instanceof Underflow)) throw error;
    }
    const rest = all.subarray(done);
    this.#waiting = rest.length === 0 ? [] : [rest];
    this.#waitingBytes = rest.length;
    this.#readFrom = rest.length * 1.5;
  }

  #next(bytes: RdbBytes): RdbItem | null {
    if (this.#version === null) return this.#readBegin(bytes);
    if (this.#isAtEnd) return this.#readSum(bytes);
    const opcode = bytes.byte();
    if (opcode < OPCODES.slots) return this.#readKey(opcode, bytes);
    return this.#readOpcode(opcode, bytes);
  }

  #readBegin(bytes: RdbBytes): RdbItem {
    const head = bytes.take(9).toString('latin1');
    if (!/^REDIS\d{4}$/.test(head)) {
      if (!head.startsWith('VALKEY')) throw damaged('it does not begin like one');
      throw newer('a snapshot of Valkey 9 or later');
    }
    const version = Number(head.slice(5));
    if (version > MAX_RDB_VERSION) throw newer(`a snapshot of the format ${String(version)}`);
    this.#version = version;
    return { kind: 'begin', version };
  }

  #readSum(bytes: RdbBytes): RdbItem {
    const sum = bytes.take(CHECKSUM_BYTES);
    // Servers that were told to write no sum write nothing but zeros.
    const isSummed = sum.some((byte) => byte !== 0);
    if (isSummed && !sum.equals(this.#sum.digest())) throw damaged('its sum is another one');
    this.#isDone = true;
    return { kind: 'end' };
  }

  #readKey(type: number, bytes: RdbBytes): RdbItem {
    const key = Buffer.from(bytes.text());
    const start = bytes.at;
    const text = type === STRING_TYPE ? Buffer.from(bytes.text()) : null;
    if (text === null) skipValue(type, bytes);
    const raw = Buffer.from(bytes.since(start));
    const expiresAt = this.#expiresAt;
    this.#expiresAt = null;
    return { kind: 'key', db: this.#db, key, type, raw, text, expiresAt };
  }

  #readOpcode(opcode: number, bytes: RdbBytes): RdbItem | null {
    switch (opcode) {
      case OPCODES.end:
        this.#isAtEnd = true;
        return null;
      case OPCODES.select:
        this.#db = bytes.size();
        return null;
      case OPCODES.about:
        return { kind: 'about', name: bytes.text().toString(), value: bytes.text().toString() };
      case OPCODES.functions:
        return { kind: 'functions', code: Buffer.from(bytes.text()) };
      case OPCODES.expiresMs:
        this.#expiresAt = Number(bytes.take(8).readBigUInt64LE());
        return null;
      case OPCODES.expires:
        this.#expiresAt = bytes.take(4).readUInt32LE() * 1_000;
        return null;
      default:
        skipHint(opcode, bytes);
        return null;
    }
  }
}

// What the server would do faster with, and can do without.
function skipHint(opcode: number, bytes: RdbBytes): void {
  const sizes = HINT_SIZES[opcode];
  if (opcode === OPCODES.frequency) bytes.take(1);
  else if (sizes === undefined) throw newer(`a part of the kind ${String(opcode)}`);
  for (let i = 0; i < (sizes ?? 0); i++) bytes.size();
  if (opcode === OPCODES.moduleAbout) skipModuleParts(bytes);
}

function newer(what: string): BackupError {
  return new BackupError(
    'NEWER',
    `it is ${what}, which this program does not know`,
    'Use a newer version of this program, or restore the snapshot as a file of the server that made it',
  );
}
