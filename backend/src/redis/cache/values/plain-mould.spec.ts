import { isDeepStrictEqual } from 'node:util';
import { seededRandom } from '../../../../test/support/random-histories.js';
import { FIRST_SEED, runsOr } from '../../../../test/support/seeded-search.js';
import { parseJson } from '../../base/json/index.js';
import { PlainMould } from './plain-mould.js';

const SEEDS = runsOr(60);
const TEXTS = ['', 'a', 'ä\u{1f600}', 'x'.repeat(40), 'toString', 'constructor', 'length'];
const NAMES = ['id', 'name', 'a-b', '', 'toString', 'constructor', 'hasOwnProperty', 'ä', '1e3'];

describe('a mould of plain data', () => {
  it.each(Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i))(
    'makes what parsing makes, and nothing of it belongs to anybody else: seed %d',
    (seed) => {
      const json = JSON.stringify(randomValue(seededRandom(seed), 5));
      const mould = mouldOf(json);
      for (let i = 0; i < 3; i++) {
        const copy = mould!.copy();
        // Prototypes too, where a member is named 'constructor'.
        expect(isDeepStrictEqual(copy, JSON.parse(json))).toBe(true);
        expect(JSON.stringify(copy)).toBe(json);
        spoil(copy);
      }
    },
  );

  it('shares no part between two copies, or between places of one', () => {
    const mould = mouldOf('{"a":{"b":[1,{}]},"c":[{"d":{}},{"d":{}}]}')!;
    const parts = [...partsOf(mould.copy()), ...partsOf(mould.copy())];
    expect(parts).toHaveLength(18);
    expect(new Set(parts).size).toBe(18);
  });

  it('keeps -0, the order of members, and members named as those of every object', () => {
    const copy = mouldOf('{"z":-0,"a":[-0],"constructor":{"toString":1}}')!.copy();
    expect(Object.is((copy as { z: number }).z, -0)).toBe(true);
    expect(isDeepStrictEqual(copy, { z: -0, a: [-0], constructor: { toString: 1 } })).toBe(true);
    expect(Object.keys(copy as object)).toEqual(['z', 'a', 'constructor']);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  });

  it('gives texts, numbers and null as they are', () => {
    for (const json of ['"text"', '1.5', 'true', 'null']) {
      expect(mouldOf(json)!.copy()).toBe(JSON.parse(json));
    }
  });

  it('is not made of what is faster parsed: large objects, positions as names, deep nesting', () => {
    const members = (count: number): string =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i])));
    expect(mouldOf(members(32))).not.toBeNull();
    expect(mouldOf(members(33))).toBeNull();
    expect(mouldOf(`[${members(33)}]`)).toBeNull();
    expect(mouldOf('{"17":1}')).toBeNull();
    expect(mouldOf('{"17a":1}')).not.toBeNull();
    expect(mouldOf('['.repeat(30) + ']'.repeat(30))).not.toBeNull();
    expect(mouldOf('['.repeat(40_000) + ']'.repeat(40_000))).toBeNull();
  });

  it('is not made of an object with a member that would become a prototype', () => {
    const value: unknown = JSON.parse('{"a":{"__proto__":{"isAdmin":true}}}');
    expect(PlainMould.of(value, Buffer.from('{}'))).toBeNull();
  });

  it('counts what it takes: texts, and twice those that need two bytes for a character', () => {
    const bytesOf = (json: string): number => mouldOf(json)!.bytes;
    expect(bytesOf(JSON.stringify('x'.repeat(1000)))).toBeGreaterThanOrEqual(1000);
    expect(bytesOf(JSON.stringify('x'.repeat(1000)))).toBeLessThan(1100);
    expect(bytesOf(JSON.stringify('€'.repeat(1000)))).toBeGreaterThanOrEqual(2000);
    expect(bytesOf('[{},{},{}]')).toBeGreaterThan(bytesOf('[{}]') + 100);
  });
});

function mouldOf(json: string): PlainMould | null {
  return PlainMould.of(parseJson(json), Buffer.from(json));
}

function randomValue(random: () => number, depth: number): unknown {
  const below = (limit: number): number => Math.floor(random() * limit);
  const dice = below(depth > 0 ? 10 : 6);
  if (dice < 2) return TEXTS[below(TEXTS.length)];
  if (dice === 2) return below(2 ** 31);
  if (dice === 3) return random() * 1e6;
  if (dice === 4) return null;
  if (dice === 5) return below(2) === 0;
  const members = Array.from({ length: below(6) }, () => randomValue(random, depth - 1));
  if (dice < 8) return members;
  return Object.fromEntries(members.map((member) => [NAMES[below(NAMES.length)]!, member]));
}

function partsOf(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(partsOf)];
}

// Whatever a caller may do to what is his own.
function spoil(value: unknown): void {
  for (const part of partsOf(value)) {
    if (Array.isArray(part)) part.push('spoilt');
    else Object.assign(part, { spoilt: true });
  }
}
