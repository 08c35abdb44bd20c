import { deleteOf, setOf, stampNo } from '../../../../test/support/stored-writes.js';
import { ManualClock } from '../../testing/index.js';
import { NO_LOG, weightOf, type JournalLog, type JournalRecord } from './journal-log.js';
import type { StampedWrite } from '../store/key-value-store.js';
import { WriteJournal } from './write-journal.js';

const HOUR_MS = 3_600_000;
const WIDE = { maxEntries: 100, maxBytes: 1_000_000, maxAgeMs: HOUR_MS };

/** A log that answers when the test says so. */
class SlowLog implements JournalLog {
  readonly appended: JournalRecord[] = [];
  readonly settled: JournalRecord[] = [];
  readonly answers: { yes: () => void; no: (error: Error) => void }[] = [];
  isClosed = false;

  append(record: JournalRecord): Promise<void> {
    this.appended.push(record);
    return new Promise((yes, no) => this.answers.push({ yes, no }));
  }

  settle(record: JournalRecord): void {
    this.settled.push(record);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

describe('WriteJournal', () => {
  let clock: ManualClock;

  const open = (bounds: Partial<typeof WIDE> = {}, log: JournalLog = NO_LOG): WriteJournal =>
    new WriteJournal({ ...WIDE, ...bounds }, clock, log);
  const recordOf = (write: StampedWrite): JournalRecord => ({
    kind: 'write',
    write,
    madeAt: clock.wallTime(),
  });
  const dropOf = (group: string, no: number): JournalRecord => ({
    kind: 'drop',
    drop: { group, stamp: stampNo(no), ttlMs: 60_000 },
    madeAt: clock.wallTime(),
  });
  const put = (
    journal: WriteJournal,
    key: string,
    no: number,
    change: Parameters<typeof setOf>[2] & { readonly mayDropOthers?: boolean } = {},
  ): Promise<'journaled' | 'full'> => {
    const { mayDropOthers = false, ...rest } = change;
    return journal.append(recordOf(setOf(key, stampNo(no), rest)), { mayDropOthers });
  };
  const keysOf = (records: readonly JournalRecord[]): string[] =>
    records.map((record) => (record.kind === 'write' ? record.write.key : record.drop.group));

  beforeEach(() => {
    clock = new ManualClock();
  });

  describe('takes records in', () => {
    it('that count at once, before the log has them', async () => {
      const log = new SlowLog();
      const journal = open({}, log);
      const write = setOf('a', stampNo(1), { groups: ['g'] });
      const appending = journal.append(recordOf(write), { mayDropOthers: true });
      expect(journal.pendingOf('a')).toBe(write);
      expect(journal.pendingMembers('g')).toEqual(['a']);
      expect(journal.entries).toBe(1);
      let outcome: string | null = null;
      void appending.then((receipt) => (outcome = receipt));
      await clock.advance(1_000);
      expect(outcome).toBeNull();
      log.answers[0]!.yes();
      expect(await appending).toBe('journaled');
      expect(log.appended).toEqual([
        { ...recordOf(write), madeAt: expect.any(Number), isDroppable: true },
      ]);
    });

    it('that stay pending when the log fails, and says so', async () => {
      const log = new SlowLog();
      const journal = open({}, log);
      const appending = put(journal, 'a', 1);
      log.answers[0]!.no(new TypeError('disk'));
      await expect(appending).rejects.toThrow('disk');
      expect(journal.entries).toBe(1);
    });

    it('of which the newest counts, deletes included, in whichever order they come', async () => {
      const journal = open();
      await put(journal, 'a', 1);
      await journal.append(recordOf(deleteOf('a', stampNo(3))), { mayDropOthers: false });
      expect(await put(journal, 'a', 2)).toBe('journaled');
      expect(journal.pendingOf('a')).toEqual(deleteOf('a', stampNo(3)));
      expect(journal.oldest(9)).toHaveLength(1);
      await put(journal, 'a', 4);
      expect(journal.pendingOf('a')?.stamp).toEqual(stampNo(4));
      expect(journal.stats).toMatchObject({ entries: 1, appended: 3, replaced: 3 });
    });

    it('and lets an older one wait for the log of the newer one', async () => {
      const log = new SlowLog();
      const journal = open({}, log);
      const newer = put(journal, 'a', 2);
      let isDone = false;
      const older = put(journal, 'a', 1).then(() => (isDone = true));
      await clock.advance(1);
      expect(isDone).toBe(false);
      expect(log.appended).toHaveLength(1);
      log.answers[0]!.yes();
      await Promise.all([newer, older]);
    });

    it('no more once it is closed', async () => {
      const log = new SlowLog();
      const journal = open({}, log);
      await journal.close();
      expect(log.isClosed).toBe(true);
      await expect(put(journal, 'a', 1)).rejects.toMatchObject({ code: 'CLOSED' });
      expect(journal.entries).toBe(0);
    });
  });

  describe('knows what is pending', () => {
    it('by stamp, whatever order it came in', async () => {
      const journal = open();
      for (const no of [5, 1, 9, 3, 7, 2]) await put(journal, `k${no}`, no);
      await journal.append(dropOf('g', 4), { mayDropOthers: false });
      expect(keysOf(journal.oldest(99))).toEqual(['k1', 'k2', 'k3', 'g', 'k5', 'k7', 'k9']);
      expect(keysOf(journal.oldest(2))).toEqual(['k1', 'k2']);
      expect(keysOf(journal.oldest(2, new Set(journal.oldest(1))))).toEqual(['k2', 'k3']);
      expect(journal.oldest(0)).toEqual([]);
      expect(journal.latestStamp).toEqual(stampNo(9));
    });

    it('and nothing when it is empty', () => {
      const journal = open();
      expect(journal.oldest(9)).toEqual([]);
      expect(journal.latestStamp).toBeNull();
      expect(journal.pendingOf('a')).toBeNull();
      expect(journal.pendingDrop('g')).toBeNull();
      expect(journal.pendingMembers('g')).toEqual([]);
    });

    it('of a group: its drop, and the members it has got since', async () => {
      const journal = open();
      await put(journal, 'old', 1, { groups: ['g', 'h'] });
      await put(journal, 'new', 5, { groups: ['g'] });
      await put(journal, 'other', 2, { groups: ['h'] });
      expect(journal.pendingMembers('g')).toEqual(['old', 'new']);
      await journal.append(dropOf('g', 3), { mayDropOthers: false });
      expect(journal.pendingDrop('g')).toEqual({ group: 'g', stamp: stampNo(3), ttlMs: 60_000 });
      expect(journal.pendingMembers('g')).toEqual(['new']);
      expect(journal.pendingMembers('h')).toEqual(['other']);
      expect(journal.pendingOf('old')).toBeNull();
      expect(journal.pendingOf('new')).not.toBeNull();
      // What was written before the drop is still replayed before it.
      expect(keysOf(journal.oldest(9))).toEqual(['old', 'other', 'g', 'new']);
    });

    it('of a key and of a group of the same name apart', async () => {
      const journal = open();
      await put(journal, 'same', 1);
      await journal.append(dropOf('same', 2), { mayDropOthers: false });
      expect(journal.entries).toBe(2);
      expect(journal.pendingOf('same')).not.toBeNull();
    });

    it('of a key no more under the groups it has left', async () => {
      const journal = open();
      await put(journal, 'a', 1, { groups: ['g'] });
      await put(journal, 'a', 2, { groups: ['h'] });
      expect(journal.pendingMembers('g')).toEqual([]);
      expect(journal.pendingMembers('h')).toEqual(['a']);
    });
  });

  describe('lets records go', () => {
    it('only if they are still the ones that are pending', async () => {
      const log = new SlowLog();
      const journal = open({}, log);
      void put(journal, 'a', 1, { groups: ['g'] });
      const [replayed] = journal.oldest(1);
      void put(journal, 'a', 2);
      expect(journal.settle(replayed!, 'applied')).toBe(false);
      expect(journal.entries).toBe(1);
      const [newer] = journal.oldest(1);
      expect(journal.settle(newer!, 'applied')).toBe(true);
      expect(journal.settle(newer!, 'applied')).toBe(false);
      expect(log.settled).toEqual([newer]);
      expect(journal.stats).toMatchObject({ entries: 0, bytes: 0, applied: 1 });
    });

    it('by their outcome', async () => {
      const journal = open();
      const settlements = ['applied', 'superseded', 'expired', 'rejected'] as const;
      for (const [no, settlement] of settlements.entries()) {
        await put(journal, 'a', no);
        expect(journal.settle(journal.oldest(1)[0]!, settlement)).toBe(true);
      }
      expect(journal.stats).toMatchObject({ applied: 1, superseded: 1, expired: 1, rejected: 1 });
    });

    it('when Redis has got the same or something newer for the key', async () => {
      const journal = open();
      await put(journal, 'a', 5);
      expect(journal.settleKey('a', stampNo(4))).toBe(false);
      expect(journal.settleKey('b', stampNo(9))).toBe(false);
      expect(journal.settleKey('a', stampNo(5))).toBe(true);
      await put(journal, 'a', 6);
      expect(journal.settleKey('a', stampNo(7))).toBe(true);
      expect(journal.stats).toMatchObject({ entries: 0, superseded: 2 });
    });

    it('and goes on in order when most have gone', async () => {
      const journal = open({ maxEntries: 10_000 });
      const numbers = Array.from({ length: 2_000 }, (_, i) => i);
      for (const no of numbers) await put(journal, `k${no}`, no);
      for (const no of numbers) if (no % 7 !== 0) journal.settleKey(`k${no}`, stampNo(no));
      const left = numbers.filter((no) => no % 7 === 0).map((no) => `k${no}`);
      expect(keysOf(journal.oldest(10_000))).toEqual(left);
      expect(journal.latestStamp).toEqual(stampNo(1_995));
      await put(journal, 'late', 3);
      expect(keysOf(journal.oldest(2))).toEqual(['k0', 'late']);
    });
  });

  describe('is bounded', () => {
    const weight = weightOf({
      kind: 'write',
      write: setOf('x', stampNo(1)),
      madeAt: 0,
    });

    it('by entries: it is full, or lets the oldest go that may be dropped', async () => {
      const journal = open({ maxEntries: 3 });
      const dropped: number[] = [];
      journal.onDropped((count) => dropped.push(count));
      await put(journal, 'kept', 1);
      await put(journal, 'a', 2, { mayDropOthers: true });
      await put(journal, 'b', 3, { mayDropOthers: true });
      expect(await put(journal, 'c', 4)).toBe('full');
      expect(await put(journal, 'c', 4, { mayDropOthers: true })).toBe('journaled');
      expect(keysOf(journal.oldest(9))).toEqual(['kept', 'b', 'c']);
      expect(journal.stats).toMatchObject({ entries: 3, dropped: 1, appended: 4 });
      expect(dropped).toEqual([1]);
    });

    it('by bytes, several at once if need be', async () => {
      const journal = open({ maxBytes: 4 * weight });
      let dropped = 0;
      const stop = journal.onDropped((count) => (dropped += count));
      for (const key of ['a', 'b', 'c', 'd']) {
        expect(await put(journal, key, 1, { mayDropOthers: true })).toBe('journaled');
      }
      expect(journal.bytes).toBe(4 * weight);
      const large = { body: 'x'.repeat(2 * weight), mayDropOthers: true };
      expect(await put(journal, 'e', 2, large)).toBe('journaled');
      expect(keysOf(journal.oldest(9))).toEqual(['d', 'e']);
      expect(dropped).toBe(3);
      stop();
      await put(journal, 'f', 3, large);
      expect(dropped).toBe(3);
    });

    it('and drops nothing for what does not fit in anyhow', async () => {
      const journal = open({ maxBytes: 4 * weight, maxEntries: 3 });
      await put(journal, 'a', 1, { mayDropOthers: true });
      await put(journal, 'kept', 2);
      const huge = { body: 'x'.repeat(5 * weight), mayDropOthers: true };
      expect(await put(journal, 'b', 3, huge)).toBe('full');
      const large = { body: 'x'.repeat(3 * weight), mayDropOthers: true };
      expect(await put(journal, 'b', 3, large)).toBe('full');
      expect(keysOf(journal.oldest(9))).toEqual(['a', 'kept']);
      await put(journal, 'kept:2', 4);
      await journal.append(recordOf(setOf('a', stampNo(5))), { mayDropOthers: false });
      expect(await put(journal, 'c', 6, { mayDropOthers: true })).toBe('full');
      expect(journal.entries).toBe(3);
    });

    it('also when much has come and gone that could be dropped', async () => {
      const journal = open({ maxBytes: 4 * weight, maxEntries: 10 });
      for (let no = 0; no < 50; no++) await put(journal, 'a', no, { mayDropOthers: true });
      journal.settleKey('a', stampNo(50));
      for (const key of ['b', 'c', 'd']) await put(journal, key, 1);
      await put(journal, 'e', 1, { mayDropOthers: true });
      const large = { body: 'x'.repeat(weight), mayDropOthers: true };
      expect(await put(journal, 'f', 1, large)).toBe('full');
      expect(keysOf(journal.oldest(9)).toSorted()).toEqual(['b', 'c', 'd', 'e']);
    });

    it('and has room for a newer one where the older one was', async () => {
      const journal = open({ maxEntries: 2, maxBytes: 2 * weight });
      await put(journal, 'a', 1);
      await put(journal, 'b', 2);
      expect(await put(journal, 'a', 3)).toBe('journaled');
      // What is pending stays when the newer one does not fit.
      expect(await put(journal, 'b', 4, { body: 'x' })).toBe('full');
      expect(journal.pendingOf('b')?.stamp).toEqual(stampNo(2));
    });

    it('and does not count a record among those that make room for it', async () => {
      const journal = open({ maxEntries: 2, maxBytes: 2 * weight });
      await put(journal, 'a', 1, { mayDropOthers: true });
      await put(journal, 'b', 2);
      const grown = { body: 'x', mayDropOthers: true };
      expect(await put(journal, 'a', 3, grown)).toBe('full');
      expect(journal.pendingOf('a')?.stamp).toEqual(stampNo(1));
      expect(journal.stats.dropped).toBe(0);
    });

    it('counts a record that must be kept from then on no more among those that may leave', async () => {
      const journal = open({ maxEntries: 2 });
      await put(journal, 'a', 1, { mayDropOthers: true });
      await put(journal, 'a', 2);
      await put(journal, 'b', 3, { mayDropOthers: true });
      await put(journal, 'c', 4, { mayDropOthers: true });
      expect(keysOf(journal.oldest(9))).toEqual(['a', 'c']);
    });

    it('at every moment, and never by a record that must be kept', async () => {
      const maxBytes = 20 * weight;
      const journal = open({ maxEntries: 25, maxBytes });
      const kept = new Map<string, number>();
      let seed = 1;
      const dice = (sides: number): number => {
        seed = (seed * 16_807) % 2_147_483_647;
        return seed % sides;
      };
      for (let no = 0; no < 5_000; no++) {
        const key = `k${dice(40)}`;
        const mayDropOthers = dice(2) === 0;
        const isDelete = dice(5) === 0;
        const write = isDelete
          ? deleteOf(key, stampNo(no))
          : setOf(key, stampNo(no), { body: 'x'.repeat(dice(700)), groups: [`g${dice(3)}`] });
        const outcome = await journal.append(recordOf(write), { mayDropOthers });
        if (outcome === 'journaled' && !mayDropOthers) kept.set(key, no);
        if (outcome === 'journaled' && mayDropOthers) kept.delete(key);
        if (dice(9) === 0) {
          const [record] = journal.oldest(1);
          if (record?.kind === 'write') kept.delete(record.write.key);
          if (record !== undefined) journal.settle(record, 'applied');
        }
        expect(journal.bytes).toBeLessThanOrEqual(maxBytes);
        expect(journal.entries).toBeLessThanOrEqual(25);
        const sum = journal.oldest(99).reduce((bytes, record) => bytes + weightOf(record), 0);
        expect(journal.bytes).toBe(sum);
      }
      for (const [key, no] of kept) expect(journal.pendingOf(key)?.stamp).toEqual(stampNo(no));
      const { appended, replaced, dropped, applied, entries } = journal.stats;
      expect(appended).toBe(replaced + dropped + applied + entries);
      expect(dropped).toBeGreaterThan(100);
    });
  });

  describe('calls a record expired', () => {
    const isExpired = (write: StampedWrite): boolean => {
      const record = { kind: 'write', write, madeAt: clock.wallTime() } as const;
      return open().isExpired(record);
    };
    const isExpiredAfter = async (write: StampedWrite, ms: number): Promise<boolean> => {
      const record = { kind: 'write', write, madeAt: clock.wallTime() } as const;
      const journal = open();
      await clock.advance(ms);
      return journal.isExpired(record);
    };

    it.each<[string, StampedWrite, number, boolean]>([
      ['a value within its time', setOf('a', stampNo(1), { ttlMs: 1_000 }), 999, false],
      ['a value at the end of its time', setOf('a', stampNo(1), { ttlMs: 1_000 }), 1_000, true],
      ['a value for ever', setOf('a', stampNo(1), { ttlMs: null }), HOUR_MS, false],
      ['a value that is too old', setOf('a', stampNo(1), { ttlMs: null }), HOUR_MS + 1, true],
      ['a delete within its time', deleteOf('a', stampNo(1), 3 * HOUR_MS), 2 * HOUR_MS, false],
      ['a delete past its time', deleteOf('a', stampNo(1), 1_000), 1_001, true],
      [
        'no entry, for ever',
        { ...setOf('a', stampNo(1), { ttlMs: null }), entry: Buffer.from('x') },
        9,
        false,
      ],
    ])('%s', async (_, write, ms, expected) => {
      expect(await isExpiredAfter(write, ms)).toBe(expected);
    });

    it('that had no time from the beginning', () => {
      expect(isExpired(setOf('a', stampNo(1), { ttlMs: 0 }))).toBe(true);
    });
  });

  describe('goes on from what a log has kept', () => {
    const reopened = (
      records: JournalRecord[],
      bounds: Partial<typeof WIDE> = {},
    ): [WriteJournal, SlowLog] => {
      const log = new SlowLog();
      return [new WriteJournal({ ...WIDE, ...bounds }, clock, log, records), log];
    };

    it('as if it had never stopped, and writes none of it again', () => {
      const [journal, log] = reopened([
        recordOf(setOf('b', stampNo(2), { groups: ['g'] })),
        recordOf(setOf('a', stampNo(1))),
        dropOf('h', 3),
      ]);
      expect(keysOf(journal.oldest(9))).toEqual(['a', 'b', 'h']);
      expect(journal.pendingMembers('g')).toEqual(['b']);
      expect(journal.latestStamp).toEqual(stampNo(3));
      expect(log.appended).toEqual([]);
      expect(journal.stats).toMatchObject({ entries: 3, appended: 0, dropped: 0 });
    });

    it('with the newest of each key', () => {
      const [journal] = reopened([
        recordOf(setOf('a', stampNo(2))),
        recordOf(setOf('a', stampNo(1))),
        recordOf(setOf('b', stampNo(1))),
        recordOf(setOf('b', stampNo(2))),
      ]);
      expect(journal.pendingOf('a')?.stamp).toEqual(stampNo(2));
      expect(journal.pendingOf('b')?.stamp).toEqual(stampNo(2));
      expect(journal.entries).toBe(2);
    });

    it('giving up what may be dropped where there is less room now, and nothing else', () => {
      const droppable = (key: string, no: number): JournalRecord => ({
        ...recordOf(setOf(key, stampNo(no))),
        isDroppable: true,
      });
      const records = [
        droppable('a', 1),
        recordOf(setOf('kept:1', stampNo(2))),
        droppable('b', 3),
        recordOf(setOf('kept:2', stampNo(4))),
        recordOf(setOf('kept:3', stampNo(5))),
        droppable('c', 6),
      ];
      const [journal, log] = reopened(records, { maxEntries: 2 });
      expect(keysOf(journal.oldest(9))).toEqual(['kept:1', 'kept:2', 'kept:3']);
      expect(keysOf(log.settled)).toEqual(['a', 'b', 'c']);
      expect(journal.stats.dropped).toBe(3);
    });
  });
});
