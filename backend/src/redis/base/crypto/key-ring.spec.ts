import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { keyIdOf, KeyRing } from './key-ring.js';

const [OLD, NEW, OTHER] = [newKey(), newKey(), newKey()];
const PLAIN = Buffer.from('what nobody else may read');

function newKey(): string {
  return randomBytes(32).toString('base64');
}

function ringOf(...keys: string[]): KeyRing {
  return KeyRing.of(keys)!;
}

describe('KeyRing', () => {
  it.each([0, 1, 15, 16, 17, 1_000])('gives back what it sealed, of %d bytes', (length) => {
    const bytes = randomBytes(length);
    const sealed = ringOf(NEW).seal(bytes, 'c');
    expect(ringOf(NEW).open(sealed, 'c')).toEqual({ ok: true, bytes });
  });

  it('hides what it seals, and never seals twice alike', () => {
    const ring = ringOf(NEW);
    const [one, two] = [ring.seal(PLAIN, 'c'), ring.seal(PLAIN, 'c')];
    expect(one.includes(PLAIN)).toBe(false);
    expect(one).not.toEqual(two);
  });

  it('draws a new salt after many messages, and another for each process', () => {
    const saltOf = (ring: KeyRing): string => ring.seal(Buffer.alloc(0), '').toString('hex', 9, 25);
    const ring = ringOf(NEW);
    const first = saltOf(ring);
    expect(saltOf(ringOf(NEW))).not.toBe(first);
    let same = 1;
    while (saltOf(ring) === first) same++;
    expect(same).toBe(2 ** 16);
  });

  it('never takes the nonce of a message for another one', () => {
    const ring = ringOf(NEW);
    const nonces = Array.from({ length: 1000 }, () =>
      ring.seal(PLAIN, 'c').toString('hex', 25, 37),
    );
    expect(new Set(nonces).size).toBe(1000);
  });

  it('opens with every key, and seals with the newest', () => {
    const [byOld, byNew] = [ringOf(OLD).seal(PLAIN, 'c'), ringOf(NEW, OLD).seal(PLAIN, 'c')];
    expect(ringOf(NEW, OLD).open(byOld, 'c')).toEqual({ ok: true, bytes: PLAIN });
    expect(ringOf(NEW).open(byNew, 'c')).toEqual({ ok: true, bytes: PLAIN });
    const unknown = { ok: false, reason: 'unknown-key' };
    expect(ringOf(OLD).open(byNew, 'c')).toEqual({ ...unknown, keyId: ringOf(NEW).ids[0] });
    expect(ringOf(OTHER).open(byOld, 'c')).toEqual({ ...unknown, keyId: ringOf(OLD).ids[0] });
  });

  it('names its keys, the newest first, and those that others have sealed with', () => {
    const ring = ringOf(NEW, OLD, NEW);
    expect(ring.ids).toEqual([...ringOf(NEW).ids, ...ringOf(OLD).ids]);
    expect(ring.ids[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(keyIdOf(ringOf(OLD).seal(PLAIN, 'c'))).toBe(ring.ids[1]);
    expect(keyIdOf(PLAIN)).toBeNull();
    expect(keyIdOf(Buffer.alloc(0))).toBeNull();
  });

  it('opens nothing for another use than it was sealed for', () => {
    const sealed = ringOf(NEW).seal(PLAIN, 'journal of production');
    expect(ringOf(NEW).open(sealed, 'journal of staging')).toEqual({
      ok: false,
      reason: 'damaged',
    });
  });

  it('notices every flipped bit, and every cut', () => {
    const ring = ringOf(NEW);
    const sealed = ring.seal(PLAIN, 'c');
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const wrong = Buffer.from(sealed);
      wrong[bit >> 3]! ^= 1 << (bit & 7);
      expect(ring.open(wrong, 'c').ok).toBe(false);
    }
    for (let end = 0; end < sealed.length; end++) {
      expect(ring.open(sealed.subarray(0, end), 'c').ok).toBe(false);
    }
  });

  it.each([
    ['no key', []],
    ['a short key', [randomBytes(31).toString('base64')]],
    ['a long key', [NEW, randomBytes(33).toString('base64')]],
    ['a key that is no base64', [`${NEW.slice(0, 40)}!!!=`]],
    ['a key that is no text', [NEW, 7]],
  ])('is not made of %s', (_, keys) => {
    expect(KeyRing.of(keys)).toBeNull();
  });

  it('takes both alphabets of base64, with and without the sign at the end', () => {
    const url = Buffer.from(NEW, 'base64').toString('base64url');
    const sealed = ringOf(NEW).seal(PLAIN, 'c');
    expect(KeyRing.of([url])?.open(sealed, 'c').ok).toBe(true);
  });

  it('shows no key, however it is printed', () => {
    const ring = ringOf(NEW, OLD);
    const shown = inspect(ring, { depth: Infinity, showHidden: true }) + JSON.stringify({ ring });
    expect(shown).not.toContain(NEW.slice(0, 8));
    expect(shown).not.toContain(Buffer.from(NEW, 'base64').toString('hex').slice(0, 8));
  });
});
