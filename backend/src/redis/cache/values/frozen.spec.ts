import { frozen } from './frozen.js';

describe('frozen', () => {
  it('freezes lists and plain objects down to the last member', () => {
    const value = frozen({ list: [{ a: 1 }], bare: Object.assign(Object.create(null), { b: 2 }) });
    for (const part of [value, value.list, value.list[0], value.bare]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('leaves dates, maps, bytes and instances of classes as they are', () => {
    const parts = [new Date(0), new Map(), Buffer.alloc(1), new URLSearchParams()];
    frozen(parts);
    for (const part of parts) expect(Object.isFrozen(part)).toBe(false);
  });
});
