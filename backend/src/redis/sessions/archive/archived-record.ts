import { fromJson, sealedData, sealedIn, toForeignJson } from '../record/session-data.js';
import { type DecodedRecord, type SessionRecord, toRecord } from '../record/session-record.js';
import type { SessionSeal } from '../record/session-seal.js';

/** Returns a record as the archive gets it: its data is sealed where there are keys, all else lies open. */
export function toArchive(record: SessionRecord, seal: SessionSeal): SessionRecord {
  const sealed = seal.seal(Buffer.from(toForeignJson(record.data, Infinity)), placeOf(record));
  return sealed === null ? record : { ...record, data: sealedData(sealed) };
}

/** Reads what an archive returns. Never throws: whatever it is, it returns a record or a fault. */
export function fromArchive(value: unknown, seal: SessionSeal): DecodedRecord {
  const record = toRecord(value);
  if (record === null) return CORRUPT;
  const sealed = sealedIn(record.data);
  const opened = sealed === null ? seal.takePlain(EMPTY) : seal.open(sealed, placeOf(record));
  if (!opened.ok) return opened;
  if (sealed === null) return plainOf(record);
  // It was authenticated: this is what a process with the key wrote.
  return { ok: true, value: { ...record, data: fromJson(opened.bytes.toString()) } };
}

/** The record with data of its own: what is done to it reaches nobody else who has the record. */
export function withOwnData(record: SessionRecord): SessionRecord {
  return { ...record, data: fromJson(toForeignJson(record.data, Infinity)) };
}

function plainOf(record: SessionRecord): DecodedRecord {
  try {
    return { ok: true, value: withOwnData(record) };
  } catch {
    return CORRUPT;
  }
}

// Not its times: a database may round them.
function placeOf({ id, userId }: SessionRecord): string {
  return `archived ${id} of ${userId}`;
}

const CORRUPT: DecodedRecord = { ok: false, fault: 'corrupt' };
const EMPTY = Buffer.alloc(0);
