import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { setOf, stampNo } from '../../../../../test/support/stored-writes.js';
import { KeyRing } from '../../../base/crypto/index.js';
import { frameOf, kindOf, newHead, readJournal, type JournalSeal } from './journal-format.js';
import { encodeLine } from './journal-lines.js';
import type { JournalRecord } from './journal-log.js';

const OWNER = { boot: 'b', namespace: 'n', pid: 1, startedAt: '7' };
const HEAD = { fingerprint: 'f', owner: OWNER };
const OPEN: JournalSeal = { ring: null, fingerprint: 'f' };
const RECORDS = ['a', 'b', 'c'].map((key, no) => recordOf(key, no));

function recordOf(key: string, no: number): JournalRecord {
  return { kind: 'write', write: setOf(key, stampNo(no), { body: `value ${key}` }), madeAt: 1 };
}

function ring(): KeyRing {
  return KeyRing.of([randomBytes(32).toString('base64')])!;
}

function fileOf(seal: JournalSeal, records = RECORDS): { head: Buffer; frames: Buffer[] } {
  const { bytes, mark } = newHead({ ...HEAD, fingerprint: seal.fingerprint });
  return { head: bytes, frames: records.map((record) => frameOf(record, mark, seal)) };
}

function joined({ head, frames }: { head: Buffer; frames: Buffer[] }): Buffer {
  return Buffer.concat([head, ...frames]);
}

function withFlipped(bytes: Buffer, bit: number): Buffer {
  const wrong = Buffer.from(bytes);
  wrong[bit >> 3]! ^= 1 << (bit & 7);
  return wrong;
}

describe('a file of a journal', () => {
  it('says whose it is, and holds what was written', () => {
    const bytes = joined(fileOf(OPEN));
    expect(kindOf(bytes)).toMatchObject({ kind: 'journal', head: HEAD });
    const { contents, damaged, sealed } = readJournal(bytes, OPEN);
    expect(contents.records).toEqual(RECORDS);
    expect({ damaged, sealed }).toEqual({ damaged: [], sealed: 0 });
  });

  it('loses no record and no name to a wrong bit in its head, wherever that is', () => {
    const file = fileOf(OPEN);
    const bytes = joined(file);
    for (let bit = 0; bit < file.head.length * 8; bit++) {
      const wrong = withFlipped(bytes, bit);
      expect(kindOf(wrong)).toMatchObject({ kind: 'journal', head: HEAD });
      expect(readJournal(wrong, OPEN).contents.records).toEqual(RECORDS);
    }
  });

  it('loses one record to a wrong bit behind its head, wherever that is', () => {
    const file = fileOf(OPEN);
    const bytes = joined(file);
    for (let bit = file.head.length * 8; bit < bytes.length * 8; bit++) {
      const { contents, damaged } = readJournal(withFlipped(bytes, bit), OPEN);
      expect(contents.size).toBe(RECORDS.length - 1);
      expect(damaged).toHaveLength(1);
    }
  });

  it('gives all whole records when it is cut, at whichever byte', () => {
    const file = fileOf(OPEN);
    const bytes = joined(file);
    const ends = file.frames.map(
      (_, i) => file.head.length + Buffer.concat(file.frames.slice(0, i + 1)).length,
    );
    for (let end = file.head.length; end < bytes.length; end++) {
      const whole = ends.filter((one) => one <= end).length;
      const { contents } = readJournal(bytes.subarray(0, end), OPEN);
      expect(contents.records).toEqual(RECORDS.slice(0, whole));
    }
  });

  it('is unfinished as long as the first half of its head is, and holds nothing then', () => {
    const { head } = fileOf(OPEN);
    const firstFrame = (head.length - 16) / 2;
    for (let end = 0; end < 16 + firstFrame; end++) {
      expect(kindOf(head.subarray(0, end)).kind).toBe('unfinished');
    }
    expect(kindOf(head.subarray(0, 16 + firstFrame)).kind).toBe('journal');
  });

  it.each([
    ['text', 'important, and no journal'],
    ['a little text', 'abc'],
    ['zeros', '\0'.repeat(100)],
  ])('is not %s', (_, text) => {
    expect(kindOf(Buffer.from(text))).toEqual({ kind: 'foreign' });
  });

  it('of a later version is known as such', () => {
    const bytes = Buffer.concat([Buffer.from('RHJL\0\x03\0\0'), Buffer.alloc(200)]);
    expect(kindOf(bytes)).toEqual({ kind: 'later', version: 3 });
  });

  it('of version 1 is read', () => {
    const frames = RECORDS.map((record) => {
      const body = encodeLine(record);
      const head = Buffer.alloc(8);
      head.writeUInt32BE(body.length);
      head.writeUInt32BE(crc32(body), 4);
      return Buffer.concat([head, body]);
    });
    const bytes = Buffer.concat([Buffer.from('RHJL\0\x01\0\0'), ...frames]);
    expect(kindOf(bytes)).toEqual({ kind: 'old' });
    expect(readJournal(bytes, OPEN).contents.records).toEqual(RECORDS);
  });

  it('that is sealed shows nothing, and is read with the key alone', () => {
    const seal = { ring: ring(), fingerprint: 'f' };
    const bytes = joined(fileOf(seal));
    expect(bytes.includes('value')).toBe(false);
    expect(bytes.includes('"key"')).toBe(false);
    expect(readJournal(bytes, seal).contents.records).toEqual(RECORDS);
    for (const other of [ring(), null]) {
      const { contents, damaged, sealed } = readJournal(bytes, { ...seal, ring: other });
      expect({ size: contents.size, damaged, sealed }).toEqual({
        size: 0,
        damaged: [],
        sealed: RECORDS.length,
      });
    }
  });

  it('that is sealed for one Redis holds nothing for another', () => {
    const seal = { ring: ring(), fingerprint: 'f' };
    const { contents, sealed } = readJournal(joined(fileOf(seal)), { ...seal, fingerprint: 'g' });
    expect({ size: contents.size, sealed }).toEqual({ size: 0, sealed: RECORDS.length });
  });

  it('that lies open is read by those who have keys, too', () => {
    const bytes = joined(fileOf(OPEN));
    expect(readJournal(bytes, { ring: ring(), fingerprint: 'f' }).contents.size).toBe(3);
  });
});
