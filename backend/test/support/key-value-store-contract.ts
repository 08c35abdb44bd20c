import { ENTRY_VERSION } from '../../src/redis/keyspace/store/entry.js';
import type {
  KeyValueStore,
  StampedWrite,
} from '../../src/redis/keyspace/store/key-value-store.js';
import type { Stamp } from '../../src/redis/keyspace/store/stamp.js';
import { describeRules } from './key-value-store-rules.js';
import type { OpenStore } from './open-store.js';
import { disagree } from './random-changes.js';
import {
  at,
  BASE_MS,
  bodyIn,
  deleteOf,
  HIGH,
  kindIn,
  LONG_MS,
  LOW,
  setOf,
  stampIn,
  stampNo,
} from './stored-writes.js';

export type { OpenStore } from './open-store.js';

/** How many cases are tried. */
export interface ContractSettings {
  /** How many random sets of writes are applied in several orders. */
  readonly interleavings: number;
}

// Long enough for a busy machine to look before it has passed.
const SHORT_MS = 500;
const FAR_FUTURE_MS = Date.UTC(2200, 0, 1);
const STORES_HOLD = 500;

/** Proves that a store keeps the contract of both stores. */
export function describeKeyValueStore(
  name: string,
  open: () => Promise<OpenStore>,
  settings: ContractSettings = { interleavings: 10_000 },
): void {
  describe(`${name}, as a store of keys and values,`, () => {
    let opened: OpenStore;
    const store = (): KeyValueStore => opened.store;
    const read = async (key: string): Promise<Buffer | null> => (await store().read([key]))[0]!;
    const kindOf = async (key: string): Promise<string> => kindIn(await read(key));
    const members = async (group: string): Promise<string[]> =>
      (await store().members(group)).toSorted();
    const plant = async (key: string, bytes: Buffer): Promise<void> => {
      if (opened.plant !== undefined) await opened.plant(key, bytes);
      else await store().apply({ ...setOf(key, stampNo(1)), entry: bytes });
    };

    beforeEach(async () => {
      opened = await open();
    });
    afterEach(async () => {
      await opened.close();
    });

    describe('when it is read,', () => {
      it('answers in the order of the keys, with null where there is nothing', async () => {
        const [one, two] = [setOf('r:1', stampNo(1)), setOf('r:2', stampNo(2))];
        await store().apply(one);
        await store().apply(two);
        expect(await store().read(['r:2', 'r:none', 'r:1', 'r:2'])).toEqual([
          two.entry,
          null,
          one.entry,
          two.entry,
        ]);
      });

      it('answers nothing to no keys', async () => {
        expect(await store().read([])).toEqual([]);
      });

      it('answers for many keys at once', async () => {
        const keys = Array.from({ length: 1200 }, (_, i) => `many:${i}`);
        await store().apply(setOf('many:700', stampNo(1)));
        const found = await store().read(keys);
        expect(found).toHaveLength(1200);
        expect(found.flatMap((entry, i) => (entry === null ? [] : [i]))).toEqual([700]);
      });

      it.each([
        ['NUL', 'a\0b'],
        ['NUL, the same up to it', 'a\0c'],
        ['line breaks', 'a\r\nb\r\n'],
        ['spaces', ' a b '],
        ['braces and colons', '{a}:{b}::'],
        ['names of object members', '__proto__'],
        ['umlauts', 'ä'],
        ['the same in two signs', 'a\u0308'],
        ['signs beyond the basic plane', '💾'],
        ['great length', 'k'.repeat(4000)],
      ])('keeps a key with %s as it is', async (_, key) => {
        const group = `group of ${key.slice(0, 100)}`;
        const write = setOf(key, stampNo(1), { groups: [group] });
        expect(await read(key)).toBeNull();
        await store().apply(write);
        expect(await read(key)).toEqual(write.entry);
        expect(await read(`${key}.`)).toBeNull();
        expect(await members(group)).toEqual([key]);
      });

      it('keeps values byte for byte', async () => {
        const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
        const large = Buffer.alloc(300_000, all);
        await store().apply(setOf('v:all', stampNo(1), { body: all }));
        await store().apply(setOf('v:large', stampNo(1), { body: large }));
        await store().apply(setOf('v:empty', stampNo(1), { body: '' }));
        const bodies = (await store().read(['v:all', 'v:large', 'v:empty'])).map(bodyIn);
        const expected = [all, large, Buffer.alloc(0)];
        expect(bodies.map((body, i) => body?.equals(expected[i]!))).toEqual([true, true, true]);
      });
    });

    describe('when writes meet,', () => {
      // Each pair in order of time; the last parts decide between bytes that compare differently as
      // signed numbers, as text of a language, or up to a zero.
      it.each<[string, Stamp, Stamp]>([
        ['by the millisecond', at(BASE_MS), at(BASE_MS + 1)],
        ['by the millisecond before all else', at(BASE_MS, 9, HIGH), at(BASE_MS + 1, 0, LOW)],
        ['across a byte of time', at(0x0180_0000_00ff), at(0x0180_0000_0100)],
        ['across the sign of a byte of time', at(0x0180_0000_007f), at(0x0180_0000_0080)],
        ['by the count', at(BASE_MS, 1, HIGH), at(BASE_MS, 2, LOW)],
        ['across a byte of the count', at(BASE_MS, 255), at(BASE_MS, 256)],
        ['across the sign of the count', at(BASE_MS, 0x7fff), at(BASE_MS, 0x8000)],
        ['by the process', at(BASE_MS, 1, LOW), at(BASE_MS, 1, HIGH)],
        ['after a zero', at(BASE_MS, 0, '0000000000000001'), at(BASE_MS, 0, '0000000000000002')],
        ['by letters', at(BASE_MS, 0, '6100000000000000'), at(BASE_MS, 0, '7a00000000000000')],
        [
          'by great and small letters',
          at(BASE_MS, 0, '5a'.repeat(8)),
          at(BASE_MS, 0, '61ff'.repeat(4)),
        ],
      ])('the later one wins, whichever comes first: %s', async (_, earlier, later) => {
        const [old, young] = [setOf('m:1', earlier), setOf('m:1', later)];
        expect(await store().apply(old)).toEqual({ kind: 'applied' });
        expect(await store().apply(young)).toEqual({ kind: 'applied' });
        expect(await read('m:1')).toEqual(young.entry);
        expect(await store().apply(old)).toEqual({ kind: 'superseded', by: later });
        expect(await read('m:1')).toEqual(young.entry);
      });

      it('takes the same write twice, and changes nothing the second time', async () => {
        const write = setOf('m:2', stampNo(1), { body: 'same', ttlMs: SHORT_MS });
        expect(await store().apply(write)).toEqual({ kind: 'applied' });
        await opened.pass(SHORT_MS * 0.7);
        expect(await store().apply(write)).toEqual({ kind: 'applied' });
        await opened.pass(SHORT_MS * 0.7);
        expect(await read('m:2')).toBeNull();
      });

      it('keeps keys apart', async () => {
        await store().apply(setOf('m:3', stampNo(9)));
        expect(await store().apply(setOf('m:4', stampNo(1)))).toEqual({ kind: 'applied' });
      });

      it('believes no stamp of the far future', async () => {
        const damaged = at(FAR_FUTURE_MS);
        await store().apply(setOf('m:5', damaged));
        const write = setOf('m:5', stampNo(1));
        expect(await store().apply(write)).toEqual({ kind: 'applied' });
        expect(await read('m:5')).toEqual(write.entry);
      });

      it.each([
        ['text', Buffer.from('{"of":"another program"}')],
        ['the beginning of an entry', setOf('', stampNo(8)).entry.subarray(0, 19)],
        [
          'an entry without its magic',
          Buffer.concat([Buffer.from('rh'), setOf('', at(BASE_MS * 2)).entry.subarray(2)]),
        ],
        ['noise', Buffer.alloc(64, 0xff)],
      ])('overwrites what is no entry: %s', async (_, bytes) => {
        await plant('m:6', bytes);
        expect(await read('m:6')).toEqual(bytes);
        const write = setOf('m:6', stampNo(0));
        expect(await store().apply(write)).toEqual({ kind: 'applied' });
        expect(await read('m:6')).toEqual(write.entry);
      });

      it('respects the entry of a later version of the library', async () => {
        const write = setOf('m:7', stampNo(5));
        write.entry[2] = ENTRY_VERSION + 1;
        await store().apply(write);
        expect(await store().apply(setOf('m:7', stampNo(4)))).toEqual({
          kind: 'superseded',
          by: stampNo(5),
        });
        expect(await read('m:7')).toEqual(write.entry);
      });
    });

    describe('when something was deleted,', () => {
      it('keeps the tombstone, which turns older writes away and gives way to newer ones', async () => {
        await store().apply(setOf('t:1', stampNo(1)));
        const grave = deleteOf('t:1', stampNo(3));
        expect(await store().apply(grave)).toEqual({ kind: 'applied' });
        expect(await read('t:1')).toEqual(grave.entry);
        expect(await store().apply(setOf('t:1', stampNo(2)))).toEqual({
          kind: 'superseded',
          by: stampNo(3),
        });
        expect(await read('t:1')).toEqual(grave.entry);
        expect(await store().apply(setOf('t:1', stampNo(4)))).toEqual({ kind: 'applied' });
        expect(await kindOf('t:1')).toBe('value');
      });

      it('keeps a tombstone of a key that it does not know', async () => {
        await store().apply(deleteOf('t:2', stampNo(3)));
        expect(await kindOf('t:2')).toBe('tombstone');
        expect(await store().apply(setOf('t:2', stampNo(2)))).toMatchObject({ kind: 'superseded' });
      });

      it('does not delete what is newer', async () => {
        await store().apply(setOf('t:3', stampNo(4)));
        expect(await store().apply(deleteOf('t:3', stampNo(3)))).toEqual({
          kind: 'superseded',
          by: stampNo(4),
        });
        expect(await kindOf('t:3')).toBe('value');
      });

      it('forgets a tombstone after its time', async () => {
        await store().apply(deleteOf('t:4', stampNo(3), SHORT_MS));
        await opened.pass(SHORT_MS * 1.2);
        expect(await read('t:4')).toBeNull();
        expect(await store().apply(setOf('t:4', stampNo(2)))).toEqual({ kind: 'applied' });
      });
    });

    describe('as time passes,', () => {
      it('drops what is past its time, and keeps the rest', async () => {
        await store().apply(setOf('x:short', stampNo(1), { ttlMs: SHORT_MS }));
        await store().apply(setOf('x:long', stampNo(1), { ttlMs: LONG_MS }));
        await store().apply(setOf('x:ever', stampNo(1), { ttlMs: null }));
        expect(await kindOf('x:short')).toBe('value');
        await opened.pass(SHORT_MS * 1.2);
        const found = await store().read(['x:short', 'x:long', 'x:ever']);
        expect(found.map(kindIn)).toEqual(['none', 'value', 'value']);
        expect(await store().apply(setOf('x:short', stampNo(0)))).toEqual({ kind: 'applied' });
      });

      it('goes by the time of the latest write', async () => {
        await store().apply(setOf('x:1', stampNo(1), { ttlMs: SHORT_MS }));
        await store().apply(setOf('x:1', stampNo(2), { ttlMs: null }));
        await store().apply(setOf('x:2', stampNo(1), { ttlMs: null }));
        await store().apply(setOf('x:2', stampNo(2), { ttlMs: SHORT_MS }));
        await opened.pass(SHORT_MS * 1.2);
        expect((await store().read(['x:1', 'x:2'])).map(kindIn)).toEqual(['value', 'none']);
      });

      it('lets a write that came too late change no time', async () => {
        await store().apply(setOf('x:3', stampNo(2), { ttlMs: SHORT_MS }));
        await store().apply(setOf('x:3', stampNo(1), { ttlMs: null }));
        await store().apply(setOf('x:4', stampNo(2), { ttlMs: null }));
        await store().apply(setOf('x:4', stampNo(1), { ttlMs: SHORT_MS }));
        await opened.pass(SHORT_MS * 1.2);
        expect((await store().read(['x:3', 'x:4'])).map(kindIn)).toEqual(['none', 'value']);
      });

      it.each([0, -1])('keeps nothing for %d ms, and nothing older either', async (ttlMs) => {
        await store().apply(setOf('x:5', stampNo(1), { groups: ['x#group'] }));
        const write = setOf('x:5', stampNo(2), { ttlMs, groups: ['x#group'] });
        expect(await store().apply(write)).toEqual({ kind: 'applied' });
        expect(await read('x:5')).toBeNull();
        expect(await members('x#group')).toEqual([]);
      });
    });

    describe('of groups', () => {
      it('lists the members of each', async () => {
        await store().apply(setOf('g:1', stampNo(1), { groups: ['ga', 'gb'] }));
        await store().apply(setOf('g:2', stampNo(2), { groups: ['gb'] }));
        await store().apply(setOf('g:3', stampNo(3)));
        expect(await members('ga')).toEqual(['g:1']);
        expect(await members('gb')).toEqual(['g:1', 'g:2']);
        expect(await members('gc')).toEqual([]);
      });

      it('lists nobody twice, and nobody who was turned away', async () => {
        await store().apply(setOf('g:4', stampNo(4), { groups: ['gd'] }));
        await store().apply(setOf('g:4', stampNo(5), { groups: ['gd', 'gd'] }));
        await store().apply(setOf('g:4', stampNo(1), { groups: ['ge'] }));
        expect(await members('gd')).toEqual(['g:4']);
        expect(await members('ge')).toEqual([]);
      });

      it('leaves out who has expired', async () => {
        await store().apply(setOf('g:5', stampNo(1), { groups: ['gf'], ttlMs: SHORT_MS }));
        await store().apply(setOf('g:6', stampNo(1), { groups: ['gf'], ttlMs: null }));
        await opened.pass(SHORT_MS * 1.2);
        expect(await members('gf')).toEqual(['g:6']);
      });

      it('drops the older members, with tombstones in their place, and no others', async () => {
        await store().apply(setOf('d:1', stampNo(1), { groups: ['da', 'db'] }));
        await store().apply(setOf('d:2', stampNo(2), { groups: ['da'] }));
        await store().apply(setOf('d:new', stampNo(9), { groups: ['da'] }));
        await store().apply(setOf('d:other', stampNo(1), { groups: ['db'] }));
        expect(await store().drop({ group: 'da', stamp: stampNo(5), ttlMs: LONG_MS })).toBe(2);
        const found = await store().read(['d:1', 'd:2', 'd:new', 'd:other']);
        expect(found.map(kindIn)).toEqual(['tombstone', 'tombstone', 'value', 'value']);
        expect(found.slice(0, 2).map(stampIn)).toEqual([stampNo(5), stampNo(5)]);
        expect(await members('da')).toEqual(['d:new']);
      });

      it('turns older writes to a dropped group away, and lets newer ones pass', async () => {
        await store().apply(setOf('d:3', stampNo(1), { groups: ['dc'] }));
        await store().drop({ group: 'dc', stamp: stampNo(5), ttlMs: LONG_MS });
        const late = { kind: 'superseded', by: stampNo(5) };
        const groups = ['dx', 'dc'];
        expect(await store().apply(setOf('d:3', stampNo(4), { groups }))).toEqual(late);
        expect(await store().apply(setOf('d:4', stampNo(4), { groups }))).toEqual(late);
        expect(await store().apply(setOf('d:5', stampNo(4)))).toEqual({ kind: 'applied' });
        for (const key of ['d:3', 'd:4']) {
          const write = setOf(key, stampNo(6), { groups });
          expect(await store().apply(write)).toEqual({ kind: 'applied' });
        }
        expect(await members('dc')).toEqual(['d:3', 'd:4']);
        expect(await members('dx')).toEqual(['d:3', 'd:4']);
      });

      it('drops a group that it does not know, for writes that come later', async () => {
        expect(await store().drop({ group: 'dd', stamp: stampNo(5), ttlMs: LONG_MS })).toBe(0);
        const write = setOf('d:6', stampNo(4), { groups: ['dd'] });
        expect(await store().apply(write)).toEqual({ kind: 'superseded', by: stampNo(5) });
        expect(await read('d:6')).toBeNull();
        expect(await members('dd')).toEqual([]);
      });

      it('takes the same drop twice, and finds nobody the second time', async () => {
        await store().apply(setOf('d:7', stampNo(1), { groups: ['de'] }));
        const drop = { group: 'de', stamp: stampNo(5), ttlMs: LONG_MS };
        expect(await store().drop(drop)).toBe(1);
        expect(await store().drop(drop)).toBe(0);
      });

      it('remembers the latest of several drops, whichever comes first', async () => {
        const [earlier, later] = [stampNo(5), stampNo(7)];
        await store().drop({ group: 'df', stamp: earlier, ttlMs: LONG_MS });
        await store().drop({ group: 'df', stamp: later, ttlMs: LONG_MS });
        await store().drop({ group: 'dg', stamp: later, ttlMs: LONG_MS });
        await store().drop({ group: 'dg', stamp: earlier, ttlMs: LONG_MS });
        for (const group of ['df', 'dg']) {
          const write = setOf('d:8', stampNo(6), { groups: [group] });
          expect(await store().apply(write)).toEqual({ kind: 'superseded', by: later });
        }
      });

      it('remembers a drop for its time, which a later drop does not cut short', async () => {
        await store().drop({ group: 'dh', stamp: stampNo(5), ttlMs: SHORT_MS });
        await store().drop({ group: 'di', stamp: stampNo(5), ttlMs: LONG_MS });
        await store().drop({ group: 'di', stamp: stampNo(6), ttlMs: SHORT_MS });
        await opened.pass(SHORT_MS * 1.2);
        const write = (group: string): StampedWrite =>
          setOf(`d:9${group}`, stampNo(4), { groups: [group] });
        expect(await store().apply(write('dh'))).toEqual({ kind: 'applied' });
        expect(await store().apply(write('di'))).toMatchObject({ kind: 'superseded' });
      });

      it('believes no drop of the far future, and drops members with such a stamp', async () => {
        await store().apply(setOf('d:10', at(FAR_FUTURE_MS), { groups: ['dj'] }));
        expect(await store().drop({ group: 'dj', stamp: stampNo(5), ttlMs: LONG_MS })).toBe(1);
        expect(await kindOf('d:10')).toBe('tombstone');
        await store().drop({ group: 'dk', stamp: at(FAR_FUTURE_MS), ttlMs: LONG_MS });
        const write = setOf('d:11', stampNo(1), { groups: ['dk'] });
        expect(await store().apply(write)).toEqual({ kind: 'applied' });
        await store().drop({ group: 'dk', stamp: stampNo(3), ttlMs: LONG_MS });
        const late = setOf('d:11', stampNo(2), { groups: ['dk'] });
        expect(await store().apply(late)).toEqual({ kind: 'superseded', by: stampNo(3) });
      });
    });

    describeRules(open);

    it(`comes to the same content whatever the order of ${settings.interleavings} sets of writes`, async () => {
      const faults: string[] = [];
      for (let first = 0; first < settings.interleavings; first += STORES_HOLD) {
        await opened.close();
        opened = await open();
        const end = Math.min(settings.interleavings, first + STORES_HOLD);
        for (let seed = first; seed < end; seed++) faults.push(...(await disagree(store(), seed)));
      }
      expect(faults).toEqual([]);
    }, 120_000);
  });
}
