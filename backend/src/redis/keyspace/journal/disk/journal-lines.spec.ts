import { deleteOf, setOf, stampNo } from '../../../../../test/support/stored-writes.js';
import { decodeLine, encodeLine, LogContents, type LogLine } from './journal-lines.js';
import type { JournaledDrop, JournaledWrite, JournalRecord } from './journal-log.js';

function writeOf(
  key: string,
  no: number,
  change: Parameters<typeof setOf>[2] = {},
): JournaledWrite {
  return { kind: 'write', write: setOf(key, stampNo(no), change), madeAt: 1_234.5 };
}

function settledOf(target: string, no: number): LogLine {
  return { kind: 'settled', target, stamp: stampNo(no) };
}

const drop: JournaledDrop = {
  kind: 'drop',
  drop: { group: 'g', stamp: stampNo(1), ttlMs: 99 },
  madeAt: 1,
};

const DELETED = { stamp: stampNo(1), madeAt: 5, ttlMs: 99 };

function recordsIn(...lines: LogLine[]): readonly JournalRecord[] {
  const contents = new LogContents();
  for (const line of lines) {
    const decoded = decodeLine(encodeLine(line));
    if (decoded !== null) contents.add(decoded);
  }
  return contents.records;
}

describe('lines of a journal', () => {
  it.each<[string, JournalRecord]>([
    ['a value', writeOf('a', 1, { body: Buffer.from([0, 255, 10, 13]), groups: ['g', 'ü'] })],
    ['a value for ever', writeOf('a', 1, { ttlMs: null })],
    ['a value of which others hear', writeOf('a', 1, { channel: 'c' })],
    ['a value that may be dropped', { ...writeOf('a', 1), isDroppable: true }],
    ['a value with a key of many signs', writeOf('"\\\n\0💾\ud800ä', 1)],
    [
      'a value without bytes',
      { ...writeOf('a', 1), write: { ...setOf('a', stampNo(1)), entry: Buffer.alloc(0) } },
    ],
    ['a delete', { ...writeOf('a', 1), write: deleteOf('a', stampNo(1)) }],
    ['a value that has replaced a delete', { ...writeOf('a', 2), deleted: DELETED }],
    ['a drop', drop],
    ['a drop of which others hear', { ...drop, drop: { ...drop.drop, channel: 'c' } }],
  ])('give back %s as it was', (_, record) => {
    expect(recordsIn(record)).toEqual([record]);
  });

  it.each([
    null,
    7,
    { ...DELETED, stamp: 'x' },
    { ...DELETED, ttlMs: '99' },
    { stamp: stampNo(1) },
  ])('give back nothing that has replaced what is no delete: %j', (deleted) => {
    expect(recordsIn({ ...writeOf('a', 2), deleted: deleted as typeof DELETED })).toEqual([]);
  });

  it('hold on to no larger buffer than the entry', () => {
    const bytes = Buffer.concat([Buffer.alloc(100_000), encodeLine(writeOf('a', 1))]);
    const line = decodeLine(bytes.subarray(100_000));
    expect(line?.kind === 'write' && line.write.entry.buffer).not.toBe(bytes.buffer);
  });

  it('leave the newest of each key, in the order in which they came', () => {
    const lines = [writeOf('a', 1), writeOf('b', 2), writeOf('a', 3), writeOf('b', 1), drop];
    expect(recordsIn(...lines)).toEqual([lines[1], lines[2], drop]);
  });

  it('leave the end of a key that is never used again, whatever a change is stamped', () => {
    const end = { ...writeOf('a', 1), write: { ...deleteOf('a', stampNo(1)), isFinal: true } };
    expect(recordsIn(writeOf('a', 5), end)).toEqual([end]);
    expect(recordsIn(end, writeOf('a', 5))).toEqual([end]);
  });

  it('let the change of one process create what another one has begun', () => {
    const change = { ...writeOf('a', 5), write: { ...setOf('a', stampNo(5)), replaces: 'any' } };
    for (const lines of [
      [writeOf('a', 1), change],
      [change, writeOf('a', 1)],
    ]) {
      expect(recordsIn(...(lines as LogLine[]))).toEqual([writeOf('a', 5)]);
    }
    expect(recordsIn(change as LogLine)).toEqual([change]);
  });

  it('leave out what was settled, and what came before it', () => {
    expect(recordsIn(writeOf('a', 1), settledOf('wa', 1))).toEqual([]);
    expect(recordsIn(writeOf('a', 1), settledOf('wa', 2))).toEqual([]);
    expect(recordsIn(writeOf('a', 2), settledOf('wa', 1))).toHaveLength(1);
    expect(recordsIn(writeOf('g', 1), drop, settledOf('dg', 1))).toEqual([writeOf('g', 1)]);
    expect(recordsIn(settledOf('wa', 5), writeOf('a', 6))).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['a kind of later', { kind: 'later', madeAt: 1 }],
    ['no kind', { madeAt: 1 }],
    [
      'a write without a key',
      { kind: 'write', madeAt: 1, write: { stamp: {}, entry: Buffer.alloc(0) } },
    ],
    [
      'a write without a stamp',
      { ...writeOf('a', 1), write: { ...setOf('a', stampNo(1)), stamp: null } },
    ],
    [
      'a stamp without its parts',
      { ...writeOf('a', 1), write: { ...setOf('a', stampNo(1)), stamp: { origin: '' } } },
    ],
    [
      'a write without groups',
      { ...writeOf('a', 1), write: { ...setOf('a', stampNo(1)), groups: null } },
    ],
    [
      'groups that are no names',
      { ...writeOf('a', 1), write: { ...setOf('a', stampNo(1)), groups: [1] } },
    ],
    [
      'a time that is none',
      { ...writeOf('a', 1), write: { ...setOf('a', stampNo(1)), ttlMs: 'soon' } },
    ],
    ['no moment', { ...writeOf('a', 1), madeAt: null }],
    ['a drop without a group', { ...drop, drop: { stamp: stampNo(1), ttlMs: 1 } }],
    ['a drop without a time', { ...drop, drop: { group: 'g', stamp: stampNo(1) } }],
    ['nothing to settle', { kind: 'settled', stamp: stampNo(1) }],
  ])('are passed over when they are whole and say nothing we know: %s', (_, line) => {
    const lines = [writeOf('first', 1), line as LogLine, writeOf('last', 2)];
    expect(recordsIn(...lines)).toEqual([lines[0], lines[2]]);
  });
});
