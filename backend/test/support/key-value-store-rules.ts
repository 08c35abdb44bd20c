import type {
  ApplyOutcome,
  KeyValueStore,
  StampedDrop,
} from '../../src/redis/keyspace/store/key-value-store.js';
import type { OpenStore } from './open-store.js';
import {
  at,
  BASE_MS,
  bodyIn,
  deleteOf,
  endOf,
  entryIn,
  kindIn,
  LONG_MS,
  setOf,
  stampIn,
  stampNo,
} from './stored-writes.js';

const APPLIED: ApplyOutcome = { kind: 'applied' };
const ABSENT: ApplyOutcome = { kind: 'absent' };
const FAR_FUTURE_MS = Date.UTC(2200, 0, 1);
// Long enough for a busy machine to look before it has passed.
const SHORT_MS = 500;

/** Proves what both stores make of births, last words and conditions. Keys here have their keyspace in front. */
export function describeRules(open: () => Promise<OpenStore>): void {
  describe('by the rules of births, last words and conditions,', () => {
    let opened: OpenStore;
    const store = (): KeyValueStore => opened.store;
    const read = async (key: string): Promise<Buffer | null> => (await store().read([key]))[0]!;
    const kindOf = async (key: string): Promise<string> => kindIn(await read(key));
    const bodyOf = async (key: string): Promise<string> => bodyIn(await read(key))!.toString();
    const drop = (group: string, no: number, more: Partial<StampedDrop> = {}): unknown =>
      store().drop({ group, stamp: stampNo(no), ttlMs: LONG_MS, ...more });
    const members = async (group: string): Promise<string[]> =>
      (await store().members(group)).toSorted();

    beforeEach(async () => {
      opened = await open();
    });
    afterEach(async () => {
      await opened.close();
    });

    describe('the last word on a key', () => {
      it('wins against a later value, whichever comes first', async () => {
        await store().apply(setOf('w:1', stampNo(9)));
        expect(await store().apply(endOf('w:1', stampNo(3)))).toEqual(APPLIED);
        expect(await kindOf('w:1')).toBe('tombstone');
        const last = { kind: 'superseded', by: stampNo(3), isFinal: true };
        expect(await store().apply(setOf('w:1', stampNo(10)))).toEqual(last);
        expect(await store().apply(setOf('w:1', stampNo(2)))).toEqual(last);
        expect(entryIn(await read('w:1'))).toMatchObject({ isFinal: true, stamp: stampNo(3) });
      });

      it('wins against a later delete that is not the last word', async () => {
        await store().apply(deleteOf('w:2', stampNo(9)));
        expect(await store().apply(endOf('w:2', stampNo(3)))).toEqual(APPLIED);
        expect(await store().apply(deleteOf('w:2', stampNo(10)))).toEqual({
          kind: 'superseded',
          by: stampNo(3),
          isFinal: true,
        });
      });

      it('is said by the later of two', async () => {
        await store().apply(endOf('w:3', stampNo(5)));
        expect(await store().apply(endOf('w:3', stampNo(4)))).toEqual({
          kind: 'superseded',
          by: stampNo(5),
          isFinal: true,
        });
        expect(await store().apply(endOf('w:3', stampNo(6)))).toEqual(APPLIED);
        expect(stampIn(await read('w:3'))).toEqual(stampNo(6));
      });

      it('is believed whatever its stamp', async () => {
        await store().apply(endOf('w:4', at(FAR_FUTURE_MS)));
        expect(await store().apply(setOf('w:4', stampNo(3)))).toMatchObject({ isFinal: true });
        await store().apply(setOf('w:5', at(FAR_FUTURE_MS)));
        expect(await store().apply(endOf('w:5', stampNo(1)))).toEqual(APPLIED);
      });

      it('can be repeated', async () => {
        const end = endOf('w:6', stampNo(3));
        await store().apply(end);
        expect(await store().apply(end)).toEqual(APPLIED);
      });
    });

    describe('a delete whose tombstone was replaced', () => {
      const pass = (): Promise<void> => opened.pass(SHORT_MS * 1.2);

      it('still refuses what is older when the value that came after it has expired', async () => {
        await store().apply(deleteOf('n:1', stampNo(3)));
        await store().apply(setOf('n:1', stampNo(5), { ttlMs: SHORT_MS }));
        await pass();
        expect(await read('n:1')).toBeNull();
        const late = { kind: 'superseded', by: stampNo(3) };
        const older = setOf('n:1', stampNo(2), { ttlMs: null });
        expect(await store().apply(older)).toEqual(late);
        expect(await store().apply({ ...older, groups: ['n#g'] })).toEqual(late);
        expect(await read('n:1')).toBeNull();
        expect(await store().apply(setOf('n:1', stampNo(4)))).toEqual(APPLIED);
      });

      it('still refuses it after several values, of which the last lived for a short time', async () => {
        await store().apply(deleteOf('n:2', stampNo(3)));
        await store().apply(setOf('n:2', stampNo(5), { ttlMs: null }));
        await store().apply(setOf('n:2', stampNo(6), { ttlMs: SHORT_MS }));
        await pass();
        expect(await store().apply(setOf('n:2', stampNo(2)))).toMatchObject({ by: stampNo(3) });
      });

      it('is not forgotten for a value that is gone at once, nor for a shorter tombstone', async () => {
        await store().apply(deleteOf('n:3', stampNo(3)));
        expect(await store().apply(setOf('n:3', stampNo(5), { ttlMs: 0 }))).toEqual(APPLIED);
        expect(await store().apply(setOf('n:3', stampNo(2)))).toMatchObject({ by: stampNo(3) });
        expect(await store().apply(deleteOf('n:3', stampNo(7), SHORT_MS))).toEqual(APPLIED);
        await pass();
        expect(await store().apply(setOf('n:3', stampNo(2)))).toMatchObject({ by: stampNo(7) });
      });

      it('is forgotten after its time, and refuses no older delete', async () => {
        await store().apply(deleteOf('n:4', stampNo(3), SHORT_MS));
        await store().apply(setOf('n:4', stampNo(5), { ttlMs: SHORT_MS }));
        await pass();
        expect(await store().apply(deleteOf('n:4', stampNo(1)))).toEqual(APPLIED);
        expect(await store().apply(setOf('n:4', stampNo(2)))).toEqual(APPLIED);
      });

      it('is remembered by the latest of several, and for the longest of their times', async () => {
        await store().apply(deleteOf('n:5', stampNo(3)));
        await store().apply(setOf('n:5', stampNo(4)));
        await store().apply(deleteOf('n:5', stampNo(6), SHORT_MS));
        await store().apply(setOf('n:5', stampNo(7), { ttlMs: SHORT_MS }));
        await pass();
        expect(await store().apply(setOf('n:5', stampNo(5)))).toMatchObject({ by: stampNo(6) });
      });

      it('does not hold up the change of the value that came after it', async () => {
        await store().apply(deleteOf('n:6', stampNo(3)));
        await store().apply(setOf('n:6', stampNo(5)));
        const change = setOf('n:6', stampNo(6), { replaces: stampNo(5) });
        expect(await store().apply(change)).toEqual(APPLIED);
        const any = setOf('n:6', stampNo(7), { replaces: 'any' });
        expect(await store().apply(any)).toEqual(APPLIED);
      });

      it('is not remembered where its stamp is too far ahead to be believed', async () => {
        await store().apply(deleteOf('n:7', at(FAR_FUTURE_MS)));
        await store().apply(setOf('n:7', stampNo(5), { ttlMs: 0 }));
        expect(await read('n:7')).toBeNull();
        expect(await store().apply(setOf('n:7', stampNo(2)))).toEqual(APPLIED);
      });
    });

    describe('the drop of a group', () => {
      it('ends what was born before it, however late it was changed', async () => {
        const changed = setOf('b:1', stampNo(9), { birth: stampNo(1), groups: ['b#a'] });
        await store().apply(changed);
        expect(await drop('b#a', 5)).toBe(1);
        expect(await kindOf('b:1')).toBe('tombstone');
        expect(await store().apply(changed)).toMatchObject({ kind: 'superseded' });
        expect(await kindOf('b:1')).toBe('tombstone');
      });

      it('refuses the change of what was born before it, and lets in what was born after it', async () => {
        await drop('b#b', 5);
        const late = setOf('b:2', stampNo(9), { birth: stampNo(4), groups: ['b#b'] });
        expect(await store().apply(late)).toEqual({ kind: 'superseded', by: stampNo(5) });
        const born = setOf('b:2', stampNo(9), { birth: stampNo(6), groups: ['b#b'] });
        expect(await store().apply(born)).toEqual(APPLIED);
        expect(await drop('b#b', 5)).toBe(0);
        expect(await kindOf('b:2')).toBe('value');
      });

      it('ends what was born in the far future', async () => {
        await store().apply(
          setOf('b:3', stampNo(2), { birth: at(FAR_FUTURE_MS), groups: ['b#c'] }),
        );
        expect(await drop('b#c', 5)).toBe(1);
      });

      it('is the last word on its members where it says so', async () => {
        await store().apply(setOf('b:4', stampNo(1), { groups: ['b#d'] }));
        await drop('b#d', 5, { isFinal: true });
        const later = setOf('b:4', stampNo(9), { birth: stampNo(1) });
        expect(await store().apply(later)).toMatchObject({ kind: 'superseded', isFinal: true });
      });

      it('refuses no delete, final or not', async () => {
        await drop('b#e', 5);
        expect(await store().apply({ ...deleteOf('b:5', stampNo(3)), groups: ['b#e'] })).toEqual(
          APPLIED,
        );
        expect(await store().apply(endOf('b:6', stampNo(3), { groups: ['b#e'] }))).toEqual(APPLIED);
        expect(await kindOf('b:5')).toBe('tombstone');
      });

      it('ends nobody who has left the group', async () => {
        await store().apply(setOf('b:7', stampNo(1), { groups: ['b#f', 'b#g'] }));
        await store().apply(setOf('b:7', stampNo(2), { groups: ['b#g'] }));
        expect(await drop('b#f', 5)).toBe(0);
        expect(await kindOf('b:7')).toBe('value');
        expect(await members('b#g')).toEqual(['b:7']);
      });
    });

    describe('the drop of a group but for some', () => {
      const group = 'e#user';

      it('ends the others', async () => {
        for (const key of ['e:1', 'e:2', 'e:3']) {
          await store().apply(setOf(key, stampNo(1), { groups: [group] }));
        }
        expect(await drop(group, 5, { except: ['e:2'] })).toBe(2);
        expect((await store().read(['e:1', 'e:2', 'e:3'])).map(kindIn)).toEqual([
          'tombstone',
          'value',
          'tombstone',
        ]);
        expect(await members(group)).toEqual(['e:2']);
      });

      it('lets in the changes of those who stay, and of nobody else', async () => {
        await drop(group, 5, { except: ['e:2', 'e:5'] });
        const change = (key: string): unknown =>
          store().apply(setOf(key, stampNo(9), { birth: stampNo(1), groups: [group] }));
        expect(await change('e:5')).toEqual(APPLIED);
        expect(await change('e:2')).toEqual(APPLIED);
        expect(await change('e:6')).toEqual({ kind: 'superseded', by: stampNo(5) });
      });

      it('leaves the decision to the newest drop about what no other drop has ended', async () => {
        await drop(group, 5, { except: ['e:7', 'e:8'] });
        await drop(group, 7, { except: ['e:8'] });
        const change = (key: string): unknown =>
          store().apply(setOf(key, stampNo(9), { birth: stampNo(1), groups: [group] }));
        expect(await change('e:7')).toEqual({ kind: 'superseded', by: stampNo(7) });
        expect(await change('e:8')).toEqual(APPLIED);
        await drop(group, 6, { except: ['e:7'] });
        expect(await change('e:9')).toEqual({ kind: 'superseded', by: stampNo(7) });
      });

      // Also what comes only now, from the journal of another process.
      it.each([
        ['first', [5, 7]],
        ['second', [7, 5]],
        ['among others', [7, 3, 5, 4]],
      ])('revives nobody whom an earlier one has ended: that one comes %s', async (_, order) => {
        const excepts: Record<number, string[]> = {
          3: ['e:20', 'e:21'],
          4: ['e:21'],
          5: ['e:21'],
          7: ['e:20', 'e:21'],
        };
        for (const no of order) await drop(group, no, { except: excepts[no] ?? [] });
        const born = (key: string, birth: number): unknown =>
          store().apply(setOf(key, stampNo(9), { birth: stampNo(birth), groups: [group] }));
        expect(await born('e:20', 1)).toEqual({ kind: 'superseded', by: stampNo(5) });
        expect(await born('e:20', 6)).toEqual(APPLIED);
        expect(await born('e:21', 1)).toEqual(APPLIED);
        expect(await born('e:22', 6)).toEqual({ kind: 'superseded', by: stampNo(7) });
      });

      it('keeps what it refuses refused for the time of each drop', async () => {
        await drop(group, 7, { ttlMs: SHORT_MS });
        await drop(group, 5);
        await opened.pass(SHORT_MS * 1.2);
        const late = setOf('e:30', stampNo(9), { birth: stampNo(1), groups: [group] });
        expect(await store().apply(late)).toEqual({ kind: 'superseded', by: stampNo(7) });
      });

      it('ends by itself what it does not leave, also after a newer one', async () => {
        await drop(group, 7, { except: ['e:10'] });
        await store().apply(setOf('e:10', stampNo(1), { groups: [group] }));
        expect(await drop(group, 5, { except: ['e:11'] })).toBe(1);
        expect(await kindOf('e:10')).toBe('tombstone');
      });
    });

    describe('a write that only replaces', () => {
      it('replaces a value, and creates none', async () => {
        const write = setOf('c:1', stampNo(3), { replaces: 'any', body: 'new' });
        expect(await store().apply(write)).toEqual(ABSENT);
        expect(await read('c:1')).toBeNull();
        await store().apply(setOf('c:1', stampNo(2)));
        expect(await store().apply(write)).toEqual(APPLIED);
        expect(await bodyOf('c:1')).toBe('new');
        expect(await store().apply(write)).toEqual(APPLIED);
      });

      it('replaces no later value', async () => {
        await store().apply(setOf('c:2', stampNo(5)));
        const write = setOf('c:2', stampNo(3), { replaces: 'any' });
        expect(await store().apply(write)).toEqual({ kind: 'superseded', by: stampNo(5) });
      });

      it.each([
        ['delete', deleteOf('c:3', stampNo(2)), {}],
        ['last word', endOf('c:3', stampNo(2)), { isFinal: true }],
      ])('replaces no %s, however old', async (_, grave, more) => {
        await store().apply(grave);
        const late = { kind: 'superseded', by: stampNo(2), ...more };
        expect(await store().apply(setOf('c:3', stampNo(3), { replaces: 'any' }))).toEqual(late);
        const exact = setOf('c:3', stampNo(3), { replaces: stampNo(2) });
        expect(await store().apply(exact)).toEqual(late);
        expect(await kindOf('c:3')).toBe('tombstone');
      });

      it('replaces exactly what was read, or nothing', async () => {
        await store().apply(setOf('c:4', stampNo(2)));
        const change = (no: number, base: number): unknown =>
          store().apply(setOf('c:4', stampNo(no), { replaces: stampNo(base), body: `${no}` }));
        expect(await change(4, 2)).toEqual(APPLIED);
        expect(await change(5, 2)).toEqual({ kind: 'superseded', by: stampNo(4) });
        expect(await change(4, 2)).toEqual(APPLIED);
        expect(await bodyOf('c:4')).toBe('4');
        expect(await change(6, 4)).toEqual(APPLIED);
        const other = setOf('c:5', stampNo(3), { replaces: stampNo(2) });
        expect(await store().apply(other)).toEqual(ABSENT);
      });

      it('ends a key once: the second learns that somebody else was first', async () => {
        await store().apply(setOf('c:6', stampNo(2)));
        const end = (no: number): unknown =>
          store().apply(endOf('c:6', stampNo(no), { replaces: 'any' }));
        expect(await end(4)).toEqual(APPLIED);
        expect(await end(5)).toEqual({ kind: 'superseded', by: stampNo(4), isFinal: true });
        expect(await end(4)).toEqual(APPLIED);
        const never = endOf('c:7', stampNo(4), { replaces: 'any' });
        expect(await store().apply(never)).toEqual(ABSENT);
        expect(await read('c:7')).toBeNull();
      });

      it('is refused by the drop of its group like any other', async () => {
        await store().apply(setOf('c:8', stampNo(2)));
        await drop('c#user', 5);
        const write = setOf('c:8', stampNo(9), {
          replaces: stampNo(2),
          birth: stampNo(1),
          groups: ['c#user'],
        });
        expect(await store().apply(write)).toEqual({ kind: 'superseded', by: stampNo(5) });
      });

      it('finds nothing where there is no entry', async () => {
        const foreign = Buffer.from('{"of":"another program"}');
        if (opened.plant !== undefined) await opened.plant('c:9', foreign);
        else await store().apply({ ...setOf('c:9', at(BASE_MS)), entry: foreign });
        const write = setOf('c:9', stampNo(3), { replaces: 'any' });
        expect(await store().apply(write)).toEqual(ABSENT);
      });
    });
  });
}
