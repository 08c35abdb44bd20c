import { SlotNames, slotOf } from './slot-names.js';

const PREFIXES = ['', 'app:', '{app}:', '{app:', 'app}:', '{}', 'a{}b:', 'ä{', '}{'];

describe('the hash slot of a key', () => {
  it.each([
    ['123456789', 12_739],
    ['foo', 12_182],
    ['{foo}.bar', 12_182],
    ['foo{}{bar}', 8_363],
    ['foo{{bar}}zap', 4_015],
    ['foo{bar}{zap}', 5_061],
    ['', 0],
  ])('is that of Redis: %p', (key, slot) => {
    expect(slotOf(key)).toBe(slot);
  });
});

describe('SlotNames', () => {
  const keys = [
    'users:42',
    'users:',
    'users:{a}b',
    'users:a{',
    'users:a}b',
    'users:{}x',
    'users:}{',
  ];

  it('puts what belongs to an entry into its slot, whatever braces there are', () => {
    for (const prefix of PREFIXES) {
      const names = new SlotNames(prefix);
      for (const key of [...keys, 'ä:ö', 'no keyspace', '{x:y}z', '{}x:y']) {
        for (const name of [names.lease(key), names.notes(key)]) {
          expect([prefix, key, slotOf(prefix + name)]).toEqual([prefix, key, slotOf(prefix + key)]);
        }
      }
    }
  });

  it('puts index and mark of a group into one slot', () => {
    for (const prefix of PREFIXES) {
      const names = new SlotNames(prefix);
      for (const group of [
        'users#admins',
        'users#',
        'users#}',
        'users#{a}',
        'users#{',
        'users#{}',
      ]) {
        const [index, mark] = [names.index(group), names.mark(group)];
        expect([prefix, group, slotOf(prefix + mark)]).toEqual([
          prefix,
          group,
          slotOf(prefix + index),
        ]);
      }
    }
  });

  it('finds a name in every slot', () => {
    const names = new SlotNames();
    const missed = new Set(Array.from({ length: 16_384 }, (_, slot) => slot));
    for (let i = 0; missed.size > 0 && i < 1_000_000; i++) {
      const slot = slotOf(`users:${i}`);
      if (!missed.delete(slot)) continue;
      expect(slotOf(names.lease(`users:${i}`))).toBe(slot);
    }
    expect(missed.size).toBe(0);
  });

  it('gives every key a name of its own', () => {
    for (const prefix of PREFIXES) {
      const names = new SlotNames(prefix);
      const all = [...keys, ...Array.from({ length: 2_000 }, (_, i) => `users:n${i}`)];
      const made = all.flatMap((key) => [key, names.lease(key), names.notes(key)]);
      expect(new Set(made).size).toBe(all.length * 3);
    }
  });

  it('keeps its names, since they are stored', () => {
    const names = new SlotNames();
    expect(names.lease('users:42')).toBe('users!{0q34}42');
    expect(names.notes('users:42')).toBe('users%{0q34}42');
    expect(names.index('users#admins')).toBe('{users#admins}:members');
    expect(names.mark('users#admins')).toBe('{users#admins}:mark');
  });
});
