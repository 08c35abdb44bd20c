import { compareStamps, type Entry, type Stamp, stampDigits } from '../../keyspace/index.js';
import {
  decodeRecord,
  draftOf,
  expiryOf,
  recordDecoder,
  type SessionRecord,
  stampOfChange,
  stampOfSlide,
  toRecord,
} from './session-record.js';
import { SlotForOne } from '../../../../test/support/slot-for-one.js';
import { SessionSeal } from './session-seal.js';
import { groupOfUser } from './session-token.js';

const STAMP = { wallMs: 1000, count: 2, origin: '00000000000000aa' };
const BIRTH = { ...STAMP, wallMs: 990 };
const RECORD: SessionRecord = {
  id: 'a'.repeat(64),
  userId: 'ann\n"1"',
  data: { cart: ['a\nb'] },
  createdAt: 1000,
  lastSeenAt: 1500,
  idleMs: 100,
  endsAt: 5000,
  revision: stampDigits(STAMP),
  birth: stampDigits(BIRTH),
};
const json = JSON.stringify(RECORD.data);
const OPEN = new SessionSeal({ keys: null, plainData: 'read' }, 'sessions');
const keptFor = (outageMs: number) => ({ seal: OPEN, outageMs });
const draft = draftOf(RECORD, json, 1550, keptFor(0));
const entry: Entry = {
  ...draft,
  stamp: STAMP,
  birth: BIRTH,
  madeAt: 1550,
  isFinal: false,
  freshUntil: 1600,
};
const decode = (over: Partial<Entry>): unknown =>
  decodeRecord(RECORD.id, { ...entry, ...over }, OPEN);
const body = (text: string): Partial<Entry> => ({ body: Buffer.from(text) });

describe('a record', () => {
  it('comes back as it went in, with the stamps it was written with and born with', () => {
    expect(decodeRecord(RECORD.id, entry, OPEN)).toEqual({ ok: true, value: RECORD });
  });

  it('lives until it was idle for too long, or until its end', () => {
    expect(draft).toMatchObject({ kind: 'value', freshMs: 50, staleMs: 0 });
    expect(expiryOf(RECORD)).toBe(1600);
    expect(expiryOf({ ...RECORD, lastSeenAt: 4950 })).toBe(5000);
    expect(draftOf(RECORD, json, 9999, keptFor(0)).freshMs).toBe(1);
  });

  it.each([
    ['as long as an outage may last', 1000, 1600 + 1000],
    ['until its end', 3600, RECORD.endsAt],
  ])('is kept %s, so that a use of it may come late', (_, outageMs, keptUntil) => {
    const { freshMs, staleMs } = draftOf(RECORD, json, 1550, keptFor(outageMs));
    expect(freshMs).toBe(50);
    expect(1550 + (freshMs ?? 0) + staleMs).toBe(keptUntil);
  });

  it('is kept no longer than its end when that is over', () => {
    expect(draftOf(RECORD, json, 9999, keptFor(1000))).toMatchObject({ freshMs: 1, staleMs: 0 });
  });

  it('is listed under its user, and says the id of the token nowhere', () => {
    expect(draft.groups).toEqual([groupOfUser(RECORD.userId)]);
    expect(draft.body.toString()).not.toContain(RECORD.id);
  });

  it.each([
    ['nothing', body('')],
    ['no border', body('[1,"ann",1,1,1,1]')],
    ['no JSON', body('x\n{}')],
    ['half of the data', body(draft.body.toString().slice(0, -1))],
    ['no data', body('[1,"ann",1,1,1,1]\n')],
    ['no list', body('{"v":1}\n{}')],
    ['a user that is no text', body('[1,5,1,1,1,1]\n{}')],
    ['a time that is no number', body('[1,"ann","1",1,1,1]\n{}')],
    ['a time that is missing', body('[1,"ann",1,1,1]\n{}')],
    ['a negative time', body('[1,"ann",1,1,-1,1]\n{}')],
    ['half a millisecond', body('[1,"ann",1,1,0.5,1]\n{}')],
    ['an older version than there ever was', body('[0,"ann",1,1,1,1]\n{}')],
    ['a version in words', body('["2","ann",1,1,1,1]\n{}')],
    ['the entry of a cache', { codec: draft.codec + 1 }],
    ['something compressed', { isCompressed: true }],
    ['the knowledge that there is none', { kind: 'nothing' as const }],
  ])('is corrupt when there is %s', (_, over) => {
    expect(decode(over)).toEqual({ ok: false, fault: 'corrupt' });
  });

  it('of a newer version is known as such, whatever else is in it', () => {
    expect(decode(body('[2,{"new":"shape"}]\nnew'))).toEqual({ ok: false, fault: 'newer-format' });
  });

  it('of the wrong id is none', () => {
    expect(decodeRecord('no-id', entry, OPEN)).toEqual({ ok: false, fault: 'corrupt' });
  });
});

describe('a record that memory holds', () => {
  it('is parsed once, but for the data, of which each reader gets an object of its own', () => {
    const slot = new SlotForOne();
    const { decode: read } = recordDecoder(OPEN);
    const found = [1, 2, 3].map(() => read(RECORD.id, entry, slot) as { value: SessionRecord });
    for (const one of found) expect(one).toEqual({ ok: true, value: RECORD });
    expect(new Set(found.map(({ value }) => value.data)).size).toBe(3);
    expect(slot.timesKept).toBe(1);
    expect(slot.bytes).toBeGreaterThan(entry.body.length);
  });

  it('is not left there when it cannot be read', () => {
    const slot = new SlotForOne();
    const spoilt = { ...entry, ...body('x\n{}') };
    expect(recordDecoder(OPEN).decode(RECORD.id, spoilt, slot)).toMatchObject({ ok: false });
    expect(slot.timesKept).toBe(0);
  });
});

describe('what an archive hands out', () => {
  it('is taken when it is complete', () => {
    expect(toRecord(JSON.parse(JSON.stringify(RECORD)))).toEqual(RECORD);
    expect(toRecord({ ...RECORD, extra: 1 })).toMatchObject(RECORD);
  });

  it('was born with its login when it was stored before births were', () => {
    const old: Partial<SessionRecord> = { ...RECORD };
    delete (old as { birth?: string }).birth;
    const record = toRecord({ ...old });
    expect(record).toMatchObject(old);
    const birth = { wallMs: RECORD.createdAt, count: 0, origin: '0'.repeat(16) };
    expect(record?.birth).toBe(stampDigits(birth));
  });

  it.each([
    [null],
    ['text'],
    [{ ...RECORD, id: 'x' }],
    [{ ...RECORD, userId: 7 }],
    [{ ...RECORD, revision: 'x' }],
    [{ ...RECORD, birth: 'x' }],
    [{ ...RECORD, endsAt: '5000' }],
    [{ ...RECORD, idleMs: NaN }],
    [{ ...RECORD, createdAt: undefined }],
    [{ id: RECORD.id }],
  ])('is refused when something is wrong with it: %#', (value) => {
    expect(toRecord(value)).toBeNull();
  });
});

const A = '00000000000000aa';
const B = '00000000000000bb';
const at = (wallMs: number, count: number, origin = A): Stamp => ({ wallMs, count, origin });

describe('the stamp of a change', () => {
  it('is that of now', () => {
    expect(stampOfChange(at(1000, 7), at(1001, 8, B))).toEqual(at(1001, 8, B));
  });

  it('is of a later millisecond than its base, also where the calendar is behind', () => {
    expect(stampOfChange(at(1000, 7), at(500, 8, B))).toEqual(at(1001, 0, B));
    expect(stampOfChange(at(1000, 7), at(1000, 8, B))).toEqual(at(1001, 0, B));
  });
});

describe('the stamp of a use', () => {
  it('is later than its base, and earlier than every change since', () => {
    let slid = at(1000, 7);
    for (let i = 0; i < 1000; i++) slid = stampOfSlide(slid, at(1000, 0, B));
    expect(compareStamps(slid, at(1000, 7))).toBeGreaterThan(0);
    for (const now of [at(1000, 8), at(1001, 0)]) {
      expect(compareStamps(slid, stampOfChange(at(1000, 7), now))).toBeLessThan(0);
    }
  });

  it('is later than that of an earlier use of the same state, whoever has noted it', () => {
    const [early, late] = [at(70_000, 0, B), at(80_000, 0, A)];
    const base = at(1000, 3);
    expect(compareStamps(stampOfSlide(base, early), stampOfSlide(base, late))).toBeLessThan(0);
    const twice = stampOfSlide(stampOfSlide(base, early), late);
    expect(twice).toEqual(stampOfSlide(base, late));
  });

  it('is that of no other process', () => {
    const stamps = [A, B].map((origin) => stampOfSlide(at(1, 1), at(5000, 0, origin)));
    expect(new Set(stamps.map(stampDigits)).size).toBe(2);
  });

  it.each([
    ['a base that is ahead of the calendar', at(9000, 3), at(500, 0, B), at(9000, 4, B)],
    ['a base of long ago', at(1000, 3), at(1e9, 0, B), at(1000, 0xffff, B)],
    ['a millisecond that is used up', at(1000, 0xffff), at(2000, 0, B), at(1001, 0, B)],
  ])('is right for %s', (_, base, now, stamp) => {
    expect(stampOfSlide(base, now)).toEqual(stamp);
  });
});
