import { randomBytes, randomInt } from 'node:crypto';
import { KeyRing } from '../../base/crypto/index.js';
import { ConfigInvalidError } from '../../base/errors/index.js';
import type { PlainData } from '../../config/index.js';
import { decodeEntry, encodeEntry } from '../../keyspace/store/entry.js';
import { type Entry, stampDigits } from '../../keyspace/index.js';
import { fromArchive, toArchive } from '../archive/archived-record.js';
import { SlotForOne } from '../../../../test/support/slot-for-one.js';
import { decodeRecord, draftOf, recordDecoder, type SessionRecord } from './session-record.js';
import { SessionSeal } from './session-seal.js';

const [OLD, NEW] = [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64'));
const STAMP = { wallMs: 1000, count: 2, origin: '00000000000000aa' };

function sealWith(
  keys: readonly (string | undefined)[],
  plainData: PlainData = 'read',
  keyspace = 'sessions',
): SessionSeal {
  return new SessionSeal({ keys: KeyRing.of(keys), plainData }, keyspace);
}

function recordOf(letter: string, over: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: letter.repeat(64),
    userId: `user ${letter}`,
    data: { pin: `S3cret ${letter}` },
    createdAt: 1000,
    lastSeenAt: 1500,
    idleMs: 100_000,
    endsAt: 500_000,
    revision: stampDigits(STAMP),
    birth: stampDigits(STAMP),
    ...over,
  };
}

/** The entry of a record, as a store keeps it. */
function entryOf(record: SessionRecord, seal: SessionSeal): Entry {
  const draft = draftOf(record, JSON.stringify(record.data), 1550, { seal, outageMs: 0 });
  return { ...draft, stamp: STAMP, birth: STAMP, madeAt: 1550, isFinal: false, freshUntil: 90_000 };
}

const SEAL = sealWith([NEW]);
const [A, B] = [recordOf('a'), recordOf('b')];
const CORRUPT = { ok: false, fault: 'corrupt' };

describe('sealed records', () => {
  it('come back as they went in', () => {
    expect(decodeRecord(A.id, entryOf(A, SEAL), SEAL)).toEqual({ ok: true, value: A });
    expect(fromArchive(toArchive(A, SEAL), SEAL)).toEqual({ ok: true, value: A });
  });

  it('show neither data nor user in Redis, and no data in the archive', () => {
    const bytes = encodeEntry(entryOf(A, SEAL)).toString('latin1');
    for (const secret of ['S3cret', 'pin', A.userId, A.id]) expect(bytes).not.toContain(secret);
    const { data, ...open } = toArchive(A, SEAL);
    expect(JSON.stringify(data)).not.toMatch(/S3cret|pin/);
    expect({ ...open, data: A.data }).toEqual(A);
  });

  it('lie open nowhere in memory between two readers', () => {
    const slot = new SlotForOne();
    const { decode } = recordDecoder(SEAL);
    const entry = entryOf(A, SEAL);
    for (let read = 0; read < 2; read++) {
      expect(decode(A.id, entry, slot)).toEqual({ ok: true, value: A });
    }
    expect(slot.timesKept).toBe(0);
  });

  it('go through the JSON of a database', () => {
    const stored: unknown = JSON.parse(JSON.stringify(toArchive(A, SEAL)));
    expect(fromArchive(stored, SEAL)).toEqual({ ok: true, value: A });
  });

  it('are opened under no other id, in no other keyspace, for no other user', () => {
    const entry = entryOf(A, SEAL);
    expect(decodeRecord(B.id, entry, SEAL)).toEqual(CORRUPT);
    expect(decodeRecord(A.id, entry, sealWith([NEW], 'read', 'admins'))).toEqual(CORRUPT);
    const { data } = toArchive(A, SEAL);
    expect(fromArchive({ ...A, id: B.id, data }, SEAL)).toEqual(CORRUPT);
    expect(fromArchive({ ...A, userId: B.userId, data }, SEAL)).toEqual(CORRUPT);
  });

  it('are opened for no other use: as the session of a library, or out of the archive', () => {
    const { codec, body } = entryOf(A, SEAL);
    const ofStore = 0x45;
    expect(SEAL.openBody({ codec: 0x65, body }, ofStore, A.id)).toEqual(CORRUPT);
    expect(SEAL.openBody({ codec, body }, ofStore, A.id)).toEqual(CORRUPT);
    const member = Object.keys(toArchive(A, SEAL).data as object)[0] ?? '';
    const moved = { ...A, data: { [member]: body.toString('base64') } };
    expect(fromArchive(moved, SEAL)).toEqual(CORRUPT);
  });

  it('never are another record when bits are flipped, in Redis', () => {
    const bytes = encodeEntry(entryOf(A, SEAL));
    for (let bit = 0; bit < bytes.length * 8; bit++) expectNothingElse(flip(bytes, bit));
    for (let end = 0; end < bytes.length; end++) expectNothingElse(bytes.subarray(0, end));
  });

  it('never are another record when several bits are flipped, or parts of two are joined', () => {
    const [one, other] = [entryOf(A, SEAL), entryOf(B, SEAL)].map(encodeEntry) as [Buffer, Buffer];
    for (let round = 0; round < 2000; round++) {
      let wrong = one;
      for (let i = randomInt(1, 6); i > 0; i--) wrong = flip(wrong, randomInt(one.length * 8));
      expectNothingElse(wrong);
      const cut = randomInt(one.length);
      expectNothingElse(Buffer.concat([one.subarray(0, cut), other.subarray(cut)]));
    }
  });

  it('never are another record when bits are flipped in the archive', () => {
    const archived = toArchive(A, SEAL);
    const [[member, text]] = Object.entries(archived.data as object) as [[string, string]];
    const bytes = Buffer.from(text, 'base64');
    const dataOf = (some: Buffer): object => ({ [member]: some.toString('base64') });
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const found = fromArchive({ ...archived, data: dataOf(flip(bytes, bit)) }, SEAL);
      expect(found.ok).toBe(false);
    }
    for (const wrong of [null, 7, '', 'no base64: ü', [text]]) {
      expect(fromArchive({ ...archived, data: { [member]: wrong } }, SEAL)).toEqual(CORRUPT);
    }
  });
});

/** Damaged bytes of A are refused, or A as it was: header bits that say nothing of the session may differ. */
function expectNothingElse(bytes: Buffer): void {
  const decoded = decodeEntry(bytes);
  if (!decoded.ok) return;
  const read = decodeRecord(A.id, decoded.entry, SEAL);
  if (!read.ok) return;
  expect({ ...read.value, revision: A.revision, birth: A.birth }).toEqual(A);
}

function flip(bytes: Buffer, bit: number): Buffer {
  const wrong = Buffer.from(bytes);
  wrong[bit >> 3]! ^= 1 << (bit & 7);
  return wrong;
}

describe('a ring of keys', () => {
  it('reads what each of its keys has written, and writes with the first', () => {
    const [byOld, byNew] = [entryOf(A, sealWith([OLD])), entryOf(A, sealWith([NEW, OLD]))];
    expect(decodeRecord(A.id, byOld, sealWith([NEW, OLD])).ok).toBe(true);
    expect(decodeRecord(A.id, byNew, sealWith([NEW])).ok).toBe(true);
    expect(decodeRecord(A.id, byNew, sealWith([OLD, NEW])).ok).toBe(true);
  });

  it.each<[string, SessionSeal]>([
    ['another key', sealWith([OLD])],
    ['no key', sealWith([])],
    ['another key, and plain data refused', sealWith([OLD], 'refuse')],
  ])('names the key that is missing: with %s', (_, seal) => {
    const noKey = { ok: false, fault: 'no-key', keyId: KeyRing.of([NEW])?.ids[0] };
    expect(decodeRecord(A.id, entryOf(A, SEAL), seal)).toEqual(noKey);
    expect(fromArchive(toArchive(A, SEAL), seal)).toEqual(noKey);
  });
});

describe('plain data', () => {
  const plain = entryOf(A, sealWith([]));

  it('is written without keys, and with keys that only read', () => {
    const reading = sealWith([NEW], 'write');
    expect(entryOf(A, reading)).toEqual(plain);
    expect(toArchive(A, reading)).toEqual(A);
    expect(decodeRecord(A.id, entryOf(A, SEAL), reading)).toEqual({ ok: true, value: A });
  });

  it.each(['write', 'read'] as const)('is read when that is said: %s', (plainData) => {
    expect(decodeRecord(A.id, plain, sealWith([NEW], plainData)).ok).toBe(true);
    expect(fromArchive(A, sealWith([NEW], plainData)).ok).toBe(true);
  });

  it('is refused when that is said, whatever it holds', () => {
    const seal = sealWith([NEW], 'refuse');
    const refused = { ok: false, fault: 'not-encrypted' };
    expect(decodeRecord(A.id, plain, seal)).toEqual(refused);
    expect(fromArchive(A, seal)).toEqual(refused);
    expect(decodeRecord(A.id, entryOf(A, SEAL), seal).ok).toBe(true);
  });

  it('cannot be refused without keys: the application does not start', () => {
    expect(() => sealWith([], 'refuse')).toThrow(ConfigInvalidError);
    expect(() => sealWith([], 'refuse')).toThrow(/REDIS_SESSIONS_KEYS/);
  });

  it('that only looks sealed never passes for sealed', () => {
    const codec = plain.codec | 0x20;
    expect(decodeRecord(A.id, { ...plain, codec }, SEAL)).toEqual(CORRUPT);
  });
});
