import { Crc64 } from '../rdb/crc64.js';

/** What `RESTORE` takes: the value as it stands in a snapshot, with its type, the version and a sum. */
export function payloadOf(type: number, raw: Buffer, rdbVersion: number): Buffer {
  const version = Buffer.allocUnsafe(2);
  version.writeUInt16LE(rdbVersion);
  const bytes = Buffer.concat([Buffer.from([type]), raw, version]);
  return Buffer.concat([bytes, new Crc64().add(bytes).digest()]);
}

/** A string as it stands in a snapshot. */
export function rawOfText(text: Buffer): Buffer {
  return Buffer.concat([sizeOf(text.length), text]);
}

function sizeOf(size: number): Buffer {
  if (size < 0x40) return Buffer.from([size]);
  if (size < 0x4000) return Buffer.from([0x40 | (size >> 8), size & 0xff]);
  const bytes = Buffer.from([0x80, 0, 0, 0, 0]);
  bytes.writeUInt32BE(size, 1);
  return bytes;
}
