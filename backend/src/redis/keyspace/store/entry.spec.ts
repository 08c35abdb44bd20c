import { InvalidArgumentError } from '../../base/errors/index.js';
import {
  decodeEntry,
  encodeEntry,
  ENTRY_VERSION,
  hasStamp,
  MAX_GROUP_BYTES,
  MAX_GROUPS,
  STAMP_OFFSET,
  stampOf,
  type Entry,
} from './entry.js';
import { readStamp, STAMP_BYTES, stampBytes, type Stamp } from './stamp.js';

const STAMP: Stamp = { wallMs: Date.UTC(2026, 0, 1), count: 513, origin: '00ff807f00000001' };
const PLAIN: Entry = {
  kind: 'value',
  stamp: STAMP,
  birth: STAMP,
  madeAt: Date.UTC(2025, 11, 31),
  isFinal: false,
  freshUntil: Date.UTC(2026, 0, 2),
  codec: 3,
  isCompressed: false,
  groups: [],
  body: Buffer.from('body'),
};
const HEADER_BYTES = STAMP_OFFSET + STAMP_BYTES + 14;
const EARLIER: Stamp = { wallMs: Date.UTC(2025, 0, 1), count: 7, origin: '00ff807f00000002' };
/** What cannot be read has a stamp all the same, if it is an entry of any version. */
const unreadable = (bytes: Buffer, fault = 'corrupt'): object => {
  return { ok: false, fault, stamp: stampOf(bytes) };
};

/** The entry with one byte changed. */
function withByte(offset: number, value: number, entry: Entry = PLAIN): Buffer {
  const bytes = encodeEntry(entry);
  bytes[offset] = value;
  return bytes;
}

describe('an entry', () => {
  it.each<[string, Partial<Entry>]>([
    ['a value', {}],
    ['a negative entry', { kind: 'nothing', body: Buffer.alloc(0) }],
    ['a tombstone', { kind: 'tombstone', body: Buffer.alloc(0), freshUntil: 0 }],
    ['the end of a key', { kind: 'tombstone', body: Buffer.alloc(0), isFinal: true }],
    ['a value that was born earlier', { birth: EARLIER }],
    ['one with a birth and groups', { birth: EARLIER, groups: ['one', 'two'] }],
    ['one that is fresh for ever', { freshUntil: 0 }],
    ['one that is fresh as long as there are dates', { freshUntil: 2 ** 48 - 1 }],
    ['one that is compressed', { isCompressed: true }],
    ['a compressed negative one', { isCompressed: true, kind: 'nothing' }],
    ['the first codec', { codec: 0 }],
    ['the last codec', { codec: 255 }],
    ['a group without a name and nothing behind it', { groups: [''], body: Buffer.alloc(0) }],
    ['groups', { groups: ['one', 'zwölf', '💾', ''] }],
    ['the same group twice', { groups: ['one', 'one'] }],
    ['as many groups as there may be', { groups: Array<string>(MAX_GROUPS).fill('g') }],
    ['the longest group', { groups: ['é'.repeat(MAX_GROUP_BYTES / 2)] }],
    ['all bytes', { body: Buffer.from(Array.from({ length: 256 }, (_, i) => i)), groups: ['g'] }],
    ['a large body', { body: Buffer.alloc(100_000, 'abc') }],
  ])('comes back from its bytes: %s', (_, change) => {
    const entry = { ...PLAIN, ...change };
    expect(decodeEntry(encodeEntry(entry))).toEqual({ ok: true, entry });
  });

  it('has the same first bytes for all time, since scripts read them', () => {
    const bytes = encodeEntry(PLAIN);
    expect(bytes.toString('latin1', 0, 2)).toBe('RH');
    expect(bytes[2]).toBe(2);
    expect(bytes[3]! % 4).toBe(0);
    expect(encodeEntry({ ...PLAIN, kind: 'tombstone', isCompressed: true })[3]! % 4).toBe(2);
    expect(STAMP_OFFSET).toBe(4);
    expect(readStamp(bytes, 4)).toEqual(STAMP);
    expect(bytes).toHaveLength(HEADER_BYTES + 'body'.length);
  });

  it('holds nothing of memory that was not written', () => {
    // Two of them differ if a byte was left as it was found.
    const entry = { ...PLAIN, groups: ['a', 'b'] };
    Buffer.allocUnsafe(4000).fill(0xaa);
    const first = encodeEntry(entry);
    Buffer.allocUnsafe(4000).fill(0x55);
    expect(encodeEntry(entry)).toEqual(first);
  });

  it('is fresh as long as there are dates when it should be for longer', () => {
    for (const freshUntil of [2 ** 48, Number.MAX_SAFE_INTEGER, Infinity]) {
      const decoded = decodeEntry(encodeEntry({ ...PLAIN, freshUntil }));
      expect(decoded).toMatchObject({ entry: { freshUntil: 2 ** 48 - 1 } });
    }
  });

  it('is fresh for whole milliseconds', () => {
    const decoded = decodeEntry(encodeEntry({ ...PLAIN, freshUntil: 1234.9 }));
    expect(decoded).toMatchObject({ entry: { freshUntil: 1234 } });
  });

  it.each<[string, Partial<Entry>]>([
    ['more groups than there may be', { groups: Array<string>(MAX_GROUPS + 1).fill('secret') }],
    ['so many groups that their number wraps around', { groups: Array<string>(257).fill('g') }],
    ['a group that is too long', { groups: ['ok', 'é'.repeat(MAX_GROUP_BYTES / 2 + 1)] }],
    ['a codec that wraps around', { codec: 256 }],
    ['a codec below zero', { codec: -1 }],
    ['half a codec', { codec: 1.5 }],
    ['no codec', { codec: NaN }],
  ])('is refused with %s', (_, change) => {
    expect(() => encodeEntry({ ...PLAIN, ...change })).toThrow(InvalidArgumentError);
  });

  it('names no group when it is refused for its groups', () => {
    const group = 'secret'.repeat(100);
    expect(() => encodeEntry({ ...PLAIN, groups: [group] })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });
});

describe('an entry of the first version', () => {
  // 'RH', version 1, flags, stamp, freshUntil, codec, one group, body.
  const head = Buffer.from([0x52, 0x48, 1, 4]);
  const bytes = Buffer.concat([
    head,
    stampBytes(STAMP),
    Buffer.from('00000000ffff03010001', 'hex'),
    Buffer.from('gbody'),
  ]);

  it('is read: born with its stamp, and made at the time of its stamp', () => {
    const entry = {
      ...PLAIN,
      madeAt: STAMP.wallMs,
      freshUntil: 0xffff,
      isCompressed: true,
      groups: ['g'],
    };
    expect(decodeEntry(bytes)).toEqual({ ok: true, entry });
  });

  it('has none of the later flags', () => {
    for (const flag of [8, 16]) {
      const changed = Buffer.from(bytes);
      changed[3] = flag;
      expect(decodeEntry(changed)).toEqual(unreadable(changed));
    }
  });
});

describe('what is no entry', () => {
  const whole = encodeEntry({ ...PLAIN, groups: ['first', 'second'] });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('{"some":"other program wrote this, at length"}')],
    ['another first byte', withByte(0, 0x51)],
    ['another second byte', withByte(1, 0x49)],
    ['version 0', withByte(2, 0)],
    ['a kind that there is not', withByte(3, 3)],
    ['a value that is the end of its key', withByte(3, 8)],
    ['flags that nobody knows', withByte(3, 32)],
    ['a birth that is not there', withByte(3, 16).subarray(0, HEADER_BYTES + 15)],
    ['the highest flag', withByte(3, 0x80)],
    ['more groups than bytes', withByte(HEADER_BYTES - 1, 200)],
    ['a group longer than the rest', withByte(HEADER_BYTES, 0xff, { ...PLAIN, groups: ['g'] })],
    ['half a length of a group', withByte(HEADER_BYTES - 1, 1).subarray(0, HEADER_BYTES + 1)],
  ])('is corrupt: %s', (_, bytes) => {
    expect(decodeEntry(bytes)).toEqual(unreadable(bytes));
  });

  it('is corrupt wherever an entry is cut off before its body', () => {
    const bodyAt = whole.length - PLAIN.body.length;
    for (let length = 0; length < bodyAt; length++) {
      const cut = whole.subarray(0, length);
      expect(decodeEntry(cut)).toEqual(unreadable(cut));
    }
    expect(decodeEntry(whole.subarray(0, bodyAt))).toMatchObject({ ok: true });
  });

  it('never makes it throw, whatever byte is changed to whatever', () => {
    for (let offset = 0; offset < whole.length; offset++) {
      for (let value = 0; value < 256; value++) {
        const bytes = Buffer.from(whole);
        bytes[offset] = value;
        expect(() => decodeEntry(bytes)).not.toThrow();
      }
    }
  });

  it('is of a later version, whatever follows the stamp', () => {
    const later = withByte(2, ENTRY_VERSION + 1);
    const other = withByte(2, 255);
    const noMore = later.subarray(0, STAMP_OFFSET + STAMP_BYTES);
    for (const bytes of [later, other, noMore]) {
      expect(decodeEntry(bytes)).toEqual({ ok: false, fault: 'newer-format', stamp: STAMP });
    }
    const less = noMore.subarray(0, -1);
    expect(decodeEntry(less)).toEqual({ ok: false, fault: 'corrupt', stamp: null });
  });
});

describe('stampOf', () => {
  it('reads the stamp of an entry of any version, however it is damaged behind', () => {
    const bytes = encodeEntry(PLAIN).subarray(0, STAMP_OFFSET + STAMP_BYTES);
    for (const version of [0, 1, 2, 255]) {
      bytes[2] = version;
      expect(stampOf(bytes)).toEqual(STAMP);
      expect(hasStamp(bytes)).toBe(true);
    }
  });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['other bytes', Buffer.alloc(40)],
    ['another first byte', withByte(0, 0)],
    ['another second byte', withByte(1, 0)],
    ['too few bytes', encodeEntry(PLAIN).subarray(0, STAMP_OFFSET + STAMP_BYTES - 1)],
  ])('finds none in %s', (_, bytes) => {
    expect(stampOf(bytes)).toBeNull();
    expect(hasStamp(bytes)).toBe(false);
  });
});
