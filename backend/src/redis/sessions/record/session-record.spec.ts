import { compareStamps, type Entry, type Stamp, stampDigits } from '../../keyspace/index.js';
import {
  decodeRecord,
  draftOf,
  expiryOf,
  isRecord,
  restamped,
  type SessionRecord,
  stampOfChange,
  stampOfSlide,
} from './session-record.js';
import { groupOfUser } from './session-token.js';

const STAMP = { wallMs: 1000, count: 2, origin: '00000000000000aa' };
const RECORD: SessionRecord = {
  id: 'a'.repeat(64),
  userId: 'ann\n"1"',
  data: { cart: ['a\nb'] },
  createdAt: 1000,
  lastSeenAt: 1500,
  idleMs: 100,
  endsAt: 5000,
  revision: stampDigits(STAMP),
};
const json = JSON.stringify(RECORD.data);
const draft = draftOf(RECORD, json, 1550);
const entry: Entry = {
  ...draft,
  stamp: STAMP,
  birth: STAMP,
  madeAt: 1550,
  isFinal: false,
  freshUntil: 1600,
};
const decode = (over: Partial<Entry>): unknown => decodeRecord(RECORD.id, { ...entry, ...over });
const body = (text: string): Partial<Entry> => ({ body: Buffer.from(text) });

describe('a record', () => {
  it('comes back as it went in, with the stamp it was written with', () => {
    expect(decodeRecord(RECORD.id, entry)).toEqual({ ok: true, record: RECORD });
  });

  it('lives until it was idle for too long, or until its end', () => {
    expect(draft).toMatchObject({ kind: 'value', freshMs: 50, staleMs: 0 });
    expect(expiryOf(RECORD)).toBe(1600);
    expect(expiryOf({ ...RECORD, lastSeenAt: 4950 })).toBe(5000);
    expect(draftOf(RECORD, json, 9999).freshMs).toBe(1);
  });

  it('is listed under its user, and says the id of the token nowhere', () => {
    expect(draft.groups).toEqual([groupOfUser(RECORD.userId)]);
    expect(draft.body.toString()).not.toContain(RECORD.id);
  });

  it('takes another stamp', () => {
    expect(restamped(RECORD, { ...STAMP, count: 3 }).revision > RECORD.revision).toBe(true);
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
    expect(decodeRecord('no-id', entry)).toEqual({ ok: false, fault: 'corrupt' });
  });
});

describe('what an archive hands out', () => {
  it('is taken when it is complete', () => {
    expect(isRecord(JSON.parse(JSON.stringify(RECORD)))).toBe(true);
    expect(isRecord({ ...RECORD, extra: 1 })).toBe(true);
  });

  it.each([
    [null],
    ['text'],
    [{ ...RECORD, id: 'x' }],
    [{ ...RECORD, userId: 7 }],
    [{ ...RECORD, revision: 'x' }],
    [{ ...RECORD, endsAt: '5000' }],
    [{ ...RECORD, idleMs: NaN }],
    [{ ...RECORD, createdAt: undefined }],
  ])('is refused when something is wrong with it: %#', (value) => {
    expect(isRecord(value)).toBe(false);
  });
});

const A = '00000000000000aa';
const B = '00000000000000bb';
const at = (wallMs: number, count: number, origin = A): Stamp => ({ wallMs, count, origin });

describe('the stamp of a change', () => {
  it('is later than its base, and earlier than a delete of a moment later', () => {
    const base = at(1000, 7);
    const change = stampOfChange(base, B);
    expect(compareStamps(change, base)).toBeGreaterThan(0);
    expect(compareStamps(change, at(1002, 0))).toBeLessThan(0);
  });

  it('is later than every slide from the same base', () => {
    let slid = at(1000, 7);
    for (let i = 0; i < 1000; i++) slid = stampOfSlide(slid, B);
    expect(compareStamps(slid, at(1000, 7))).toBeGreaterThan(0);
    expect(compareStamps(slid, stampOfChange(at(1000, 7), A))).toBeLessThan(0);
  });

  it('differs between processes, so that one of two wins everywhere', () => {
    expect(compareStamps(stampOfChange(at(1, 1), A), stampOfChange(at(1, 1), B))).not.toBe(0);
    expect(compareStamps(stampOfSlide(at(1, 1), A), stampOfSlide(at(1, 1), B))).not.toBe(0);
  });

  it('goes on in the next millisecond when one is used up', () => {
    expect(stampOfSlide(at(1000, 0xffff), B)).toEqual(at(1001, 0, B));
  });
});
