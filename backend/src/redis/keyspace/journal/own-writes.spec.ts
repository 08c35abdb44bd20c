import {
  deleteOf,
  entryIn,
  kindIn,
  setOf,
  stampNo,
} from '../../../../test/support/stored-writes.js';
import { ManualClock } from '../../testing/index.js';
import {
  NO_LOG,
  stampOfRecord,
  weightOf,
  type JournalLog,
  type JournalRecord,
  type WriteClass,
} from './disk/journal-log.js';
import type { StampedDrop, StampedWrite } from '../store/key-value-store.js';
import { compareStamps, laterThan } from '../store/stamp.js';
import { OwnWrites } from './own-writes.js';

const HOUR_MS = 3_600_000;
const WIDE = { maxEntries: 100, maxBytes: 1_000_000, maxAgeMs: HOUR_MS, windowMs: 15_000 };

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

describe('OwnWrites', () => {
  let clock: ManualClock;

  const open = (bounds: Partial<typeof WIDE> = {}, log: JournalLog = NO_LOG): OwnWrites =>
    new OwnWrites({ ...WIDE, ...bounds }, clock, log);
  const recordOf = (write: StampedWrite, kind: WriteClass = 'must'): JournalRecord => ({
    kind: 'write',
    write,
    madeAt: clock.wallTime(),
    class: kind,
  });
  const dropOf = (group: string, no: number, change: Partial<StampedDrop> = {}): JournalRecord => ({
    kind: 'drop',
    drop: { group, stamp: stampNo(no), ttlMs: 60_000, ...change },
    madeAt: clock.wallTime(),
    class: 'must',
  });
  const put = (
    journal: OwnWrites,
    key: string,
    no: number,
    change: Parameters<typeof setOf>[2] & { readonly class?: WriteClass } = {},
  ): Promise<'journaled' | 'full'> => {
    const { class: kind, ...rest } = change;
    return journal.append(recordOf(setOf(key, stampNo(no), rest), kind));
  };
  const pendingOf = (journal: OwnWrites, key: string): StampedWrite | null => {
    const held = journal.ofKey(key);
    return held?.isPending === true ? held.write : null;
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
      const appending = journal.append(recordOf(write));
      expect(pendingOf(journal, 'a')).toBe(write);
      expect(journal.membersOf('g')).toEqual(['a']);
      expect(journal.entries).toBe(1);
      let outcome: string | null = null;
      void appending.then((receipt) => (outcome = receipt));
      await clock.advance(1_000);
      expect(outcome).toBeNull();
      log.answers[0]!.yes();
      expect(await appending).toBe('journaled');
      expect(log.appended).toEqual([{ ...recordOf(write), madeAt: expect.any(Number) }]);
    });

    it('of which the oldest says how long it has waited', async () => {
      const journal = open();
      expect(journal.stats.oldestMs).toBeNull();
      await put(journal, 'a', 1);
      await clock.advance(2_000);
      await put(journal, 'b', 2);
      await clock.advance(500);
      expect(journal.stats.oldestMs).toBe(2_500);
      journal.acknowledge(journal.oldest(1)[0]!);
      expect(journal.stats.oldestMs).toBe(500);
      journal.acknowledge(journal.oldest(1)[0]!);
      expect(journal.stats.oldestMs).toBeNull();
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
      await journal.append(recordOf(deleteOf('a', stampNo(3))));
      expect(await put(journal, 'a', 2)).toBe('journaled');
      expect(pendingOf(journal, 'a')).toEqual(deleteOf('a', stampNo(3)));
      expect(journal.oldest(9)).toHaveLength(1);
      await put(journal, 'a', 4);
      expect(pendingOf(journal, 'a')?.stamp).toEqual(stampNo(4));
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
      await journal.append(dropOf('g', 4));
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
      expect(pendingOf(journal, 'a')).toBeNull();
      expect(journal.endOf({ key: 'a', stamp: stampNo(1), groups: ['g'] })).toBeNull();
      expect(journal.membersOf('g')).toEqual([]);
    });

    it('of a group: the members that no drop has ended, and ends the others for themselves', async () => {
      const log = new SlowLog();
      const journal = open({}, log);
      void put(journal, 'old', 1, { groups: ['g', 'h'] });
      void put(journal, 'new', 5, { groups: ['g'] });
      void put(journal, 'other', 2, { groups: ['h'] });
      expect(journal.membersOf('g')).toEqual(['old', 'new']);
      void journal.append(dropOf('g', 3));
      expect(journal.membersOf('g')).toEqual(['new']);
      expect(journal.membersOf('h')).toEqual(['other']);
      expect(kindIn(pendingOf(journal, 'old')?.entry ?? null)).toBe('tombstone');
      expect(kindIn(pendingOf(journal, 'new')?.entry ?? null)).toBe('value');
      // The log must not bring a member back that it has seen before the drop.
      expect(keysOf(log.appended)).toEqual(['old', 'new', 'other', 'g', 'old']);
      // Its end comes right after it: what another process has written since may be in other groups.
      expect(keysOf(journal.oldest(9))).toEqual(['old', 'other', 'g', 'new']);
      expect(compareStamps(pendingOf(journal, 'old')!.stamp, stampNo(2))).toBeLessThan(0);
    });

    it('of a drop that Redis took: its members do not come back from here', async () => {
      const journal = open();
      await put(journal, 'old', 1, { groups: ['g'] });
      await put(journal, 'spared', 1, { groups: ['g'] });
      await put(journal, 'changed', 9, { groups: ['g'], birth: stampNo(2) });
      await put(journal, 'new', 5, { groups: ['g'] });
      journal.note(dropOf('g', 4, { except: ['spared'], isFinal: true }));
      expect(journal.membersOf('g')).toEqual(['spared', 'new']);
      for (const key of ['old', 'changed']) {
        expect(entryIn(pendingOf(journal, key)?.entry ?? null)).toMatchObject({
          kind: 'tombstone',
          isFinal: true,
        });
      }
      expect(compareStamps(pendingOf(journal, 'changed')!.stamp, stampNo(9))).toBeGreaterThan(0);
      // It outlives the memory of the drop.
      await clock.advance(60_000);
      journal.note(recordOf(setOf('x', stampNo(50))));
      expect(kindIn(pendingOf(journal, 'old')?.entry ?? null)).toBe('tombstone');
    });

    it('of a member that is written again right after its end: the write is not taken for the end', async () => {
      const journal = open();
      const next = laterThan(stampNo(9), stampNo(9));
      await put(journal, 'changed', 9, { groups: ['g'], birth: stampNo(2) });
      journal.note(dropOf('g', 4));
      await journal.append(recordOf(setOf('changed', next, { groups: ['g'] })));
      expect(kindIn(pendingOf(journal, 'changed')?.entry ?? null)).toBe('value');
      expect(pendingOf(journal, 'changed')?.stamp).toEqual(next);
    });

    it('of drops that spare others, each for itself', async () => {
      const journal = open();
      await journal.append(dropOf('g', 3));
      await journal.append(dropOf('g', 5, { except: ['b'] }));
      expect(journal.entries).toBe(2);
      const born = (key: string, no: number) => ({ key, stamp: stampNo(no), groups: ['g'] });
      expect(journal.endOf(born('b', 2))?.stamp).toEqual(stampNo(3));
      expect(journal.endOf(born('b', 4))).toBeNull();
      expect(journal.endOf(born('a', 4))?.stamp).toEqual(stampNo(5));
      expect(journal.endOf(born('a', 6))).toBeNull();
      expect(journal.endOf({ ...born('a', 6), birth: stampNo(4) })?.stamp).toEqual(stampNo(5));
    });

    it('of a key and of a group of the same name apart', async () => {
      const journal = open();
      await put(journal, 'same', 1);
      await journal.append(dropOf('same', 2));
      expect(journal.entries).toBe(2);
      expect(pendingOf(journal, 'same')).not.toBeNull();
    });

    it('of a key no more under the groups it has left', async () => {
      const journal = open();
      await put(journal, 'a', 1, { groups: ['g'] });
      await put(journal, 'a', 2, { groups: ['h'] });
      expect(journal.membersOf('g')).toEqual([]);
      expect(journal.membersOf('h')).toEqual(['a']);
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

    it('when Redis has got something newer for the key', async () => {
      const log = new SlowLog();
      const journal = open({}, log);
      void put(journal, 'a', 5);
      journal.note(recordOf(setOf('a', stampNo(4))));
      expect(journal.entries).toBe(1);
      journal.note(recordOf(setOf('a', stampNo(7))));
      expect(journal.stats).toMatchObject({ entries: 0, superseded: 1, acknowledged: 1 });
      expect(keysOf(log.settled)).toEqual(['a']);
    });

    it('but never the last word on a key for a later value', async () => {
      const journal = open();
      const end = { ...deleteOf('a', stampNo(1)), isFinal: true };
      await journal.append(recordOf(end));
      journal.note(recordOf(setOf('a', stampNo(7))));
      expect(await put(journal, 'a', 9)).toBe('journaled');
      expect(pendingOf(journal, 'a')).toBe(end);
    });

    it('and goes on in order when most have gone', async () => {
      const journal = open({ maxEntries: 10_000 });
      const numbers = Array.from({ length: 2_000 }, (_, i) => i);
      for (const no of numbers) await put(journal, `k${no}`, no);
      for (const no of numbers)
        if (no % 7 !== 0) journal.note(recordOf(setOf(`k${no}`, stampNo(no))));
      const left = numbers.filter((no) => no % 7 === 0).map((no) => `k${no}`);
      expect(keysOf(journal.oldest(10_000))).toEqual(left);
      expect(journal.latestStamp).toEqual(stampNo(1_995));
      await put(journal, 'late', 3);
      expect(keysOf(journal.oldest(2))).toEqual(['k0', 'late']);
    });
  });

  describe('tells when nothing is pending any more', () => {
    const [older, newer] = [setOf('a', stampNo(1)), setOf('a', stampNo(2))];
    it.each<[string, (journal: OwnWrites) => void]>([
      ['because it was replayed', (journal) => journal.acknowledge(recordOf(older))],
      ['because Redis took something newer', (journal) => journal.note(recordOf(newer))],
      [
        'because a read found something newer',
        (journal) => journal.settle(recordOf(older), 'superseded'),
      ],
    ])('%s', async (_why, leave) => {
      const journal = open();
      let told = 0;
      journal.onEmpty = () => told++;
      await put(journal, 'a', 1);
      await put(journal, 'b', 3);
      leave(journal);
      expect(told).toBe(0);
      journal.settle(recordOf(setOf('b', stampNo(3))), 'rejected');
      expect(told).toBe(1);
    });
  });

  describe('is bounded', () => {
    const weight = weightOf({
      kind: 'write',
      write: setOf('x', stampNo(1)),
      madeAt: 0,
    });

    it('by entries: values go for anybody, and nothing else ever does', async () => {
      const journal = open({ maxEntries: 3 });
      const lost: [number, string][] = [];
      journal.onLost((count, reason) => lost.push([count, reason]));
      await put(journal, 'kept', 1);
      await put(journal, 'a', 2, { class: 'value' });
      await put(journal, 'b', 3, { class: 'value' });
      expect(await put(journal, 'c', 4, { class: 'value' })).toBe('journaled');
      expect(keysOf(journal.oldest(9))).toEqual(['kept', 'b', 'c']);
      expect(await put(journal, 'login', 5)).toBe('journaled');
      expect(await journal.append(recordOf(deleteOf('d', stampNo(6)), 'delete'))).toBe('journaled');
      expect(keysOf(journal.oldest(9))).toEqual(['kept', 'login', 'd']);
      expect(await put(journal, 'logout', 7)).toBe('full');
      expect(await put(journal, 'e', 8, { class: 'value' })).toBe('full');
      expect(journal.stats).toMatchObject({ entries: 3, dropped: 3, appended: 6 });
      expect(lost).toEqual(Array(3).fill([1, 'full']));
    });

    it('counts what it refuses, and is full until a write as large finds room', async () => {
      const journal = open({ maxEntries: 3, maxBytes: 4 * weight });
      await put(journal, 'a', 1);
      await put(journal, 'b', 2);
      await put(journal, 'v', 3, { class: 'value' });
      expect(journal.stats).toMatchObject({ refused: 0, isFull: false });
      const huge = { body: 'x'.repeat(5 * weight) };
      // It would never fit, whatever else is there.
      expect(await put(journal, 'huge', 4, huge)).toBe('full');
      expect(journal.stats).toMatchObject({ refused: 1, isFull: false });
      const large = { body: 'x'.repeat(2 * weight) };
      expect(await put(journal, 'l', 5, large)).toBe('full');
      expect(journal.stats).toMatchObject({ refused: 2, isFull: true });
      journal.settle(journal.oldest(1)[0]!, 'applied');
      expect(journal.stats.isFull).toBe(false);
      await put(journal, 'c', 6);
      await put(journal, 'd', 7);
      expect(await put(journal, 'e', 8)).toBe('full');
      expect(journal.stats).toMatchObject({ entries: 3, refused: 3, isFull: true });
    });

    it('is not full for a cached value that finds no room: memory keeps it', async () => {
      const journal = open({ maxEntries: 1 });
      await put(journal, 'a', 1);
      expect(await put(journal, 'v', 2, { class: 'value' })).toBe('full');
      expect(journal.stats).toMatchObject({ refused: 1, isFull: false });
    });

    it('and takes a login and a logout however many cached values wait', async () => {
      const journal = open({ maxEntries: 50 });
      for (let no = 0; no < 80; no++) await put(journal, `v${no}`, no, { class: 'value' });
      expect(await put(journal, 'login', 90)).toBe('journaled');
      expect(await journal.append(dropOf('user', 91))).toBe('journaled');
    });

    it('keeps deletes of cached values, however many values come after them', async () => {
      const journal = open({ maxEntries: 10 });
      await journal.append(recordOf(deleteOf('gone', stampNo(1)), 'delete'));
      await journal.append({ ...dropOf('tag', 2), class: 'delete' });
      for (let no = 3; no < 300; no++) await put(journal, `v${no}`, no, { class: 'value' });
      expect(keysOf(journal.oldest(2))).toEqual(['gone', 'tag']);
    });

    describe('and keeps a delete in whose place a cached value waits', () => {
      const large = { body: 'x'.repeat(2 * weight), class: 'value' as const };
      const deleted = (key: string, no: number): JournalRecord =>
        recordOf(deleteOf(key, stampNo(no)), 'delete');
      const isGone = (journal: OwnWrites, key: string): boolean =>
        kindIn(pendingOf(journal, key)?.entry ?? null) === 'tombstone';

      it('when the value gives way, for what needs its bytes', async () => {
        const log = new SlowLog();
        const journal = open({ maxEntries: 9, maxBytes: 4 * weight }, log);
        void journal.append(deleted('a', 1));
        void put(journal, 'a', 2, large);
        void put(journal, 'login', 3, { body: 'x'.repeat(weight) });
        expect(isGone(journal, 'a')).toBe(true);
        expect(pendingOf(journal, 'login')).not.toBeNull();
        // It is later than the value, for the log as well.
        const grave = log.appended.findLast((record) => keysOf([record])[0] === 'a')!;
        expect(pendingOf(journal, 'a')).toEqual((grave as { write: StampedWrite }).write);
        expect(compareStamps(stampOfRecord(grave), stampNo(2))).toBeGreaterThan(0);
        expect(log.settled).toEqual([]);
        expect(journal.stats).toMatchObject({ entries: 2, dropped: 1 });
      });

      it('whose entry nobody gets: where entries are short, other values go', async () => {
        const journal = open({ maxEntries: 3 });
        await journal.append(deleted('a', 1));
        await put(journal, 'a', 2, { class: 'value' });
        await put(journal, 'v', 3, { class: 'value' });
        await put(journal, 'login', 4);
        await put(journal, 'logout', 5);
        expect(keysOf(journal.oldest(9))).toEqual(['a', 'login', 'logout']);
        expect(pendingOf(journal, 'a')?.stamp).toEqual(stampNo(2));
        expect(await put(journal, 'full', 6)).toBe('full');
        expect(journal.stats.isFull).toBe(true);
      });

      it('which gives way when Redis has both, as a delete does that Redis has', async () => {
        const journal = open({ maxEntries: 3 });
        journal.note(deleted('a', 1));
        journal.note(recordOf(setOf('a', stampNo(2)), 'value'));
        await put(journal, 'login', 3);
        await put(journal, 'v', 4, { class: 'value' });
        await put(journal, 'w', 5, { class: 'value' });
        expect(journal.ofKey('a')).toMatchObject({ isPending: false });
        await put(journal, 'logout', 6);
        await put(journal, 'other', 7);
        expect(journal.ofKey('a')).toBeNull();
      });

      it('also when Redis has taken the value, and there is no room to remember that', async () => {
        const journal = open({ maxEntries: 2, maxBytes: 4 * weight });
        await put(journal, 'login', 1, { body: 'x'.repeat(weight) });
        journal.note(deleted('a', 2));
        journal.note(recordOf(setOf('a', stampNo(3), large), 'value'));
        journal.flip(clock.now());
        expect(isGone(journal, 'a')).toBe(true);
      });

      it('also at a start with less room than before', async () => {
        const log = new SlowLog();
        const before = open();
        await put(before, 'login', 1);
        await before.append(deleted('a', 2));
        await put(before, 'a', 3, { class: 'value' });
        const after = new OwnWrites({ ...WIDE, maxEntries: 1 }, clock, log, before.oldest(9));
        expect(isGone(after, 'a')).toBe(true);
        expect(keysOf(log.appended)).toEqual(['a']);
        expect(after.stats).toMatchObject({ entries: 2, dropped: 1 });
      });

      it('also when the delete came from another process that has ended', async () => {
        const journal = open({ maxEntries: 9, maxBytes: 4 * weight });
        await put(journal, 'a', 5, large);
        journal.recover(deleted('a', 1));
        await put(journal, 'login', 6, { body: 'x'.repeat(weight) });
        expect(isGone(journal, 'a')).toBe(true);
      });
    });

    it('by bytes, several at once if need be', async () => {
      const journal = open({ maxBytes: 4 * weight });
      let dropped = 0;
      journal.onLost((count) => (dropped += count));
      for (const key of ['a', 'b', 'c', 'd']) {
        expect(await put(journal, key, 1, { class: 'value' })).toBe('journaled');
      }
      expect(journal.stats.bytes).toBe(4 * weight);
      const large = { body: 'x'.repeat(2 * weight), class: 'value' as const };
      expect(await put(journal, 'e', 2, large)).toBe('journaled');
      expect(keysOf(journal.oldest(9))).toEqual(['d', 'e']);
      expect(dropped).toBe(3);
    });

    it('and drops nothing for what does not fit in anyhow', async () => {
      const journal = open({ maxBytes: 4 * weight, maxEntries: 3 });
      await put(journal, 'a', 1, { class: 'value' });
      await put(journal, 'kept', 2);
      const huge = { body: 'x'.repeat(5 * weight), class: 'value' as const };
      expect(await put(journal, 'b', 3, huge)).toBe('full');
      const large = { body: 'x'.repeat(3 * weight), class: 'value' as const };
      expect(await put(journal, 'b', 3, large)).toBe('full');
      expect(keysOf(journal.oldest(9))).toEqual(['a', 'kept']);
      await put(journal, 'kept:2', 4);
      await journal.append(recordOf(setOf('a', stampNo(5))));
      expect(await put(journal, 'c', 6, { class: 'value' })).toBe('full');
      expect(journal.entries).toBe(3);
    });

    it('also when much has come and gone that could be dropped', async () => {
      const journal = open({ maxBytes: 4 * weight, maxEntries: 10 });
      for (let no = 0; no < 50; no++) await put(journal, 'a', no, { class: 'value' });
      journal.settle(journal.oldest(1)[0]!, 'applied');
      for (const key of ['b', 'c', 'd']) await put(journal, key, 1);
      await put(journal, 'e', 1, { class: 'value' });
      const large = { body: 'x'.repeat(weight), class: 'value' as const };
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
      expect(pendingOf(journal, 'b')?.stamp).toEqual(stampNo(2));
    });

    it('and does not count a record among those that make room for it', async () => {
      const journal = open({ maxEntries: 2, maxBytes: 2 * weight });
      await put(journal, 'a', 1, { class: 'value' });
      await put(journal, 'b', 2);
      const grown = { body: 'x', class: 'value' as const };
      expect(await put(journal, 'a', 3, grown)).toBe('full');
      expect(pendingOf(journal, 'a')?.stamp).toEqual(stampNo(1));
      expect(journal.stats.dropped).toBe(0);
    });

    it('counts a record that must be kept from then on no more among those that may leave', async () => {
      const journal = open({ maxEntries: 2 });
      await put(journal, 'a', 1, { class: 'value' });
      await put(journal, 'a', 2);
      await put(journal, 'b', 3, { class: 'value' });
      await put(journal, 'c', 4, { class: 'value' });
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
        const isValue = dice(2) === 0;
        const isDelete = dice(5) === 0;
        const write = isDelete
          ? deleteOf(key, stampNo(no))
          : setOf(key, stampNo(no), { body: 'x'.repeat(dice(700)), groups: [`g${dice(3)}`] });
        const outcome = await journal.append(recordOf(write, isValue ? 'value' : 'must'));
        if (outcome === 'journaled' && !isValue) kept.set(key, no);
        if (outcome === 'journaled' && isValue) kept.delete(key);
        if (dice(9) === 0) {
          const [record] = journal.oldest(1);
          if (record?.kind === 'write') kept.delete(record.write.key);
          if (record !== undefined) journal.settle(record, 'applied');
        }
        expect(journal.stats.bytes).toBeLessThanOrEqual(maxBytes);
        expect(journal.entries).toBeLessThanOrEqual(25);
        const sum = journal.oldest(99).reduce((bytes, record) => bytes + weightOf(record), 0);
        expect(journal.stats.bytes).toBe(sum);
      }
      for (const [key, no] of kept) expect(pendingOf(journal, key)?.stamp).toEqual(stampNo(no));
      const { appended, replaced, dropped, applied, entries } = journal.stats;
      expect(appended).toBe(replaced + dropped + applied + entries);
      expect(dropped).toBeGreaterThan(100);
    });
  });

  describe('remembers what Redis acknowledged', () => {
    const note = (journal: OwnWrites, key: string, no: number, kind: WriteClass = 'must'): void => {
      journal.note(recordOf(setOf(key, stampNo(no)), kind));
    };

    it('for so long, and no longer', async () => {
      const journal = open();
      note(journal, 'a', 1);
      expect(journal.ofKey('a')).toMatchObject({ isPending: false });
      expect(journal.isQuiet).toBe(false);
      await clock.advance(15_001);
      expect(journal.ofKey('a')).toBeNull();
      expect(journal.isQuiet).toBe(true);
      note(journal, 'b', 2);
      expect(journal.stats.acknowledged).toBe(1);
    });

    it('and makes it pending again in a failover, by stamp, with its class', async () => {
      const log = new SlowLog();
      const journal = open({ maxEntries: 5 }, log);
      note(journal, 'login', 3);
      note(journal, 'v', 1, 'value');
      journal.note(dropOf('g', 2));
      void put(journal, 'waits', 0);
      journal.flip(clock.now());
      expect(keysOf(journal.oldest(9))).toEqual(['waits', 'v', 'g', 'login']);
      expect(keysOf(log.appended)).toEqual(['waits', 'v', 'g', 'login']);
      expect(journal.stats).toMatchObject({ entries: 4, acknowledged: 0 });
      for (let no = 10; no < 30; no++) void put(journal, `fill${no}`, no, { class: 'value' });
      expect(pendingOf(journal, 'login')).not.toBeNull();
      expect(pendingOf(journal, 'v')).toBeNull();
    });

    it('also what it took shortly before it went away, however long it was away', async () => {
      const journal = open();
      note(journal, 'a', 1);
      await clock.advance(WIDE.windowMs - 1);
      const soundUntil = clock.now();
      await clock.advance(9 * HOUR_MS);
      journal.flip(soundUntil);
      expect(journal.entries).toBe(1);
    });

    it('not what it took long before, though nothing was written since: others may have ended it', async () => {
      const journal = open();
      note(journal, 'a', 1);
      await clock.advance(WIDE.windowMs + 1);
      journal.flip(clock.now());
      expect(journal.entries).toBe(0);
    });

    it('also what it has replayed, with what was left of its time', async () => {
      const journal = open();
      await put(journal, 'a', 1, { ttlMs: 10_000 });
      await clock.advance(4_000);
      journal.acknowledge(journal.oldest(1)[0]!);
      expect(journal.stats).toMatchObject({ entries: 0, acknowledged: 1, applied: 1 });
      journal.flip(clock.now());
      expect(journal.oldest(1)[0]).toMatchObject({
        write: { ttlMs: 6_000 },
        madeAt: clock.wallTime(),
      });
    });

    it('also the end of a key by others, if it has written to it: nothing brings it back', async () => {
      const journal = open();
      note(journal, 'mine', 3);
      for (const key of ['mine', 'theirs']) {
        journal.noteEnd({ ...deleteOf(key, stampNo(1)), isFinal: true });
      }
      journal.flip(clock.now());
      expect(keysOf(journal.oldest(9))).toEqual(['mine']);
      expect(kindIn(pendingOf(journal, 'mine')!.entry)).toBe('tombstone');
    });

    it('but not a record that was replaced while it was replayed', async () => {
      const journal = open();
      await put(journal, 'a', 1);
      const [replayed] = journal.oldest(1);
      await put(journal, 'a', 2);
      journal.acknowledge(replayed!);
      expect(journal.stats).toMatchObject({ entries: 1, acknowledged: 0, applied: 0 });
    });

    it('within the one bound of all: first it gives way, values first of all', async () => {
      const journal = open({ maxEntries: 4 });
      note(journal, 'must', 1);
      note(journal, 'value', 2, 'value');
      await put(journal, 'a', 3);
      await put(journal, 'b', 4, { class: 'value' });
      await put(journal, 'c', 5, { class: 'value' });
      expect(journal.ofKey('value')).toBeNull();
      expect(journal.ofKey('must')).not.toBeNull();
      await put(journal, 'd', 6);
      await put(journal, 'e', 7);
      expect(journal.ofKey('must')).not.toBeNull();
      await put(journal, 'f', 8);
      expect(journal.ofKey('must')).toBeNull();
      expect(keysOf(journal.oldest(9))).toEqual(['a', 'd', 'e', 'f']);
      note(journal, 'no room', 9);
      expect(journal.ofKey('no room')).toBeNull();
    });

    it('and never more bytes than it may hold, whatever comes and goes', async () => {
      const maxBytes = 20_000;
      const journal = open({ maxEntries: 30, maxBytes });
      let seed = 7;
      const dice = (sides: number): number => {
        seed = (seed * 16_807) % 2_147_483_647;
        return seed % sides;
      };
      const classes = ['must', 'delete', 'value'] as const;
      for (let no = 0; no < 3_000; no++) {
        const write = setOf(`k${dice(60)}`, stampNo(no), { body: 'x'.repeat(dice(900)) });
        const record = recordOf(write, classes[dice(3)]);
        if (dice(2) === 0) journal.note(record);
        else await journal.append(record);
        if (dice(40) === 0) journal.flip(clock.now());
        if (dice(3) === 0) for (const one of journal.oldest(4)) journal.acknowledge(one);
        const { entries, acknowledged } = journal.stats;
        expect(entries + acknowledged).toBeLessThanOrEqual(30);
        expect(journal.heldBytes).toBeLessThanOrEqual(maxBytes);
      }
    });
  });

  describe('calls a record too old', () => {
    const isTooOldAfter = async (
      write: StampedWrite,
      ms: number,
      knownMs: number | null,
    ): Promise<boolean> => {
      const now = clock.wallTime();
      const known = knownMs === null ? {} : { knownSince: now - knownMs };
      const record = { kind: 'write', write, madeAt: now, ...known } as const;
      await clock.advance(ms);
      return open().isTooOld(record);
    };

    it.each<[string, StampedWrite, number, number | null, boolean]>([
      ['a value within the age', setOf('a', stampNo(1), { ttlMs: null }), HOUR_MS, null, false],
      ['a value past it', setOf('a', stampNo(1), { ttlMs: null }), HOUR_MS + 1, null, true],
      ['a value that others have known for longer', setOf('a', stampNo(1)), 2, HOUR_MS, true],
      ['a delete, never', deleteOf('a', stampNo(1), 3 * HOUR_MS), 2 * HOUR_MS, null, false],
      [
        'no entry, within the age',
        { ...setOf('a', stampNo(1)), entry: Buffer.from('x') },
        9,
        null,
        false,
      ],
    ])('%s', async (_, write, ms, knownMs, expected) => {
      expect(await isTooOldAfter(write, ms, knownMs)).toBe(expected);
    });
  });

  describe('goes on from what a log has kept', () => {
    const reopened = (
      records: JournalRecord[],
      bounds: Partial<typeof WIDE> = {},
    ): [OwnWrites, SlowLog] => {
      const log = new SlowLog();
      return [new OwnWrites({ ...WIDE, ...bounds }, clock, log, records), log];
    };

    it('as if it had never stopped, and writes none of it again', () => {
      const [journal, log] = reopened([
        recordOf(setOf('b', stampNo(2), { groups: ['g'] })),
        recordOf(setOf('a', stampNo(1))),
        dropOf('h', 3),
      ]);
      expect(keysOf(journal.oldest(9))).toEqual(['a', 'b', 'h']);
      expect(journal.membersOf('g')).toEqual(['b']);
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
      expect(pendingOf(journal, 'a')?.stamp).toEqual(stampNo(2));
      expect(pendingOf(journal, 'b')?.stamp).toEqual(stampNo(2));
      expect(journal.entries).toBe(2);
    });

    it('giving up values where there is less room now, and nothing else', () => {
      const records = [
        recordOf(setOf('a', stampNo(1)), 'value'),
        recordOf(setOf('kept:1', stampNo(2))),
        recordOf(setOf('b', stampNo(3)), 'value'),
        recordOf(setOf('kept:2', stampNo(4))),
        recordOf(setOf('kept:3', stampNo(5))),
        recordOf(setOf('c', stampNo(6)), 'value'),
      ];
      const [journal, log] = reopened(records, { maxEntries: 2 });
      expect(keysOf(journal.oldest(9))).toEqual(['kept:1', 'kept:2', 'kept:3']);
      expect(keysOf(log.settled)).toEqual(['a', 'b', 'c']);
      expect(journal.stats.dropped).toBe(3);
      // They were lost before anybody could listen.
      const lost: [number, string][] = [];
      journal.onLost((count, reason) => lost.push([count, reason]));
      expect(lost).toEqual([[3, 'full']]);
    });

    it('of an earlier version, with the classes that it did not know', () => {
      const ofThen = (write: StampedWrite, isDroppable: boolean): JournalRecord => ({
        kind: 'write',
        write,
        madeAt: clock.wallTime(),
        isDroppable,
      });
      const records = [
        ofThen(setOf('v', stampNo(1)), true),
        ofThen(deleteOf('gone', stampNo(2)), true),
        ofThen(setOf('must', stampNo(3)), false),
      ];
      const [journal] = reopened(records, { maxEntries: 1 });
      expect(keysOf(journal.oldest(9))).toEqual(['gone', 'must']);
    });

    it('with members ended whose drop was logged, but not their own end', () => {
      const [journal, log] = reopened([
        recordOf(setOf('a', stampNo(1), { groups: ['g'] })),
        dropOf('g', 2),
      ]);
      expect(journal.membersOf('g')).toEqual([]);
      expect(keysOf(log.appended)).toEqual(['a']);
    });

    it('and of another process that has ended, in order, unless it knows better itself', async () => {
      const journal = open();
      await put(journal, 'a', 5);
      for (const write of [setOf('a', stampNo(1)), setOf('b', stampNo(2))]) {
        journal.recover(recordOf(write));
      }
      expect(keysOf(journal.oldest(9))).toEqual(['b', 'a']);
      expect(pendingOf(journal, 'a')?.stamp).toEqual(stampNo(5));
    });

    it('and may create what one process has begun and another one has changed', async () => {
      const begun = recordOf(setOf('a', stampNo(1)));
      const changed = recordOf({ ...setOf('a', stampNo(5)), replaces: 'any' });
      const [one, other] = [open(), open()];
      await one.append(changed);
      one.recover(begun);
      await other.append(begun);
      other.recover(changed);
      for (const journal of [one, other]) {
        const [record, ...rest] = journal.oldest(9);
        expect(rest).toEqual([]);
        expect(stampOfRecord(record!)).toEqual(stampNo(5));
        expect(record).not.toHaveProperty('write.replaces');
      }
    });
  });
});
