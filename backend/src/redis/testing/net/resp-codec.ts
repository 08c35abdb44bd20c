import { TestClusterError } from '../../base/errors/index.js';

/** An error that Redis sent, as data: inside an `EXEC` reply it is one element among others. */
export class RespErrorReply {
  constructor(
    /** The text as sent, for example `WRONGTYPE Operation against a key…`. */
    readonly message: string,
  ) {}
}

/** Something a RESP3 server sent without being asked, such as an invalidation. */
export class RespPush {
  constructor(
    /** The elements as sent; the first names the kind. */
    readonly items: readonly RespValue[],
  ) {}
}

/** A value of the Redis protocol, as plain data. Maps arrive as flat lists of key, value, key, value. */
export type RespValue =
  string | number | boolean | null | RespErrorReply | RespPush | readonly RespValue[];

const INCOMPLETE = Symbol('incomplete');
type Read<T> = T | typeof INCOMPLETE;

const CRLF = '\r\n';

/** Parses a stream of bytes into values. Understands RESP2 and RESP3. */
export class RespReader {
  private buffer: Buffer = Buffer.alloc(0);

  /**
   * Takes the next bytes and returns the values that are complete now.
   * @throws TestClusterError when the bytes are not RESP.
   */
  push(chunk: Buffer): RespValue[] {
    this.buffer = this.buffer.length === 0 ? chunk : Buffer.concat([this.buffer, chunk]);
    const values: RespValue[] = [];
    for (;;) {
      const cursor = new Cursor(this.buffer);
      const value = readValue(cursor);
      if (value === INCOMPLETE) return values;
      values.push(value);
      this.buffer = this.buffer.subarray(cursor.offset);
    }
  }
}

/** Returns the value as text; empty for anything that is not a single value. */
export function textOfValue(value: RespValue | undefined): string {
  return typeof value === 'object' || value === undefined ? '' : String(value);
}

/** Returns the bytes of a command, as clients send it. */
export function encodeCommand(args: readonly string[]): Buffer {
  const parts = args.map((arg) => `$${String(Buffer.byteLength(arg))}${CRLF}${arg}${CRLF}`);
  return Buffer.from(`*${String(args.length)}${CRLF}${parts.join('')}`);
}

class Cursor {
  offset = 0;

  constructor(private readonly buffer: Buffer) {}

  line(): Read<string> {
    const end = this.buffer.indexOf(CRLF, this.offset);
    if (end === -1) return INCOMPLETE;
    const text = this.buffer.toString('utf8', this.offset, end);
    this.offset = end + CRLF.length;
    return text;
  }

  bytes(length: number): Read<string> {
    const end = this.offset + length;
    if (end + CRLF.length > this.buffer.length) return INCOMPLETE;
    const text = this.buffer.toString('utf8', this.offset, end);
    this.offset = end + CRLF.length;
    return text;
  }
}

type Reader = (rest: string, cursor: Cursor) => Read<RespValue>;

const READERS: Readonly<Record<string, Reader>> = {
  '+': (rest) => rest,
  '-': (rest) => new RespErrorReply(rest),
  ':': (rest) => Number(rest),
  '(': (rest) => rest,
  ',': (rest) =>
    Number(rest === 'inf' || rest === '-inf' ? `${rest}inity`.replace('i', 'I') : rest),
  '#': (rest) => rest === 't',
  _: () => null,
  $: readBulk,
  '=': readVerbatim,
  '!': (rest, cursor) => {
    const text = readBulk(rest, cursor);
    return typeof text === 'string' ? new RespErrorReply(text) : text;
  },
  '*': (rest, cursor) => readItems(rest, cursor, 1),
  '~': (rest, cursor) => readItems(rest, cursor, 1),
  '%': (rest, cursor) => readItems(rest, cursor, 2),
  '>': (rest, cursor) => {
    const items = readItems(rest, cursor, 1);
    return Array.isArray(items) ? new RespPush(items as readonly RespValue[]) : items;
  },
  '|': (rest, cursor) => {
    // Attributes only describe the value that follows, so they are skipped.
    const attributes = readItems(rest, cursor, 2);
    return attributes === INCOMPLETE ? INCOMPLETE : readValue(cursor);
  },
};

function readValue(cursor: Cursor): Read<RespValue> {
  const line = cursor.line();
  if (line === INCOMPLETE) return INCOMPLETE;
  const read = READERS[line.charAt(0)];
  if (read === undefined) {
    throw new TestClusterError(`The peer does not speak the Redis protocol: it sent a line that
starts with ${JSON.stringify(line.slice(0, 20))}. Check that the port belongs to a Redis.`);
  }
  return read(line.slice(1), cursor);
}

function readBulk(rest: string, cursor: Cursor): Read<string | null> {
  const length = Number(rest);
  return length < 0 ? null : cursor.bytes(length);
}

function readVerbatim(rest: string, cursor: Cursor): Read<RespValue> {
  const text = readBulk(rest, cursor);
  return typeof text === 'string' ? text.slice('txt:'.length) : text;
}

function readItems(rest: string, cursor: Cursor, perEntry: number): Read<RespValue> {
  const count = Number(rest);
  if (count < 0) return null;
  const items: RespValue[] = [];
  for (let i = 0; i < count * perEntry; i += 1) {
    const item = readValue(cursor);
    if (item === INCOMPLETE) return INCOMPLETE;
    items.push(item);
  }
  return items;
}
