import { idOf } from '../record/session-token.js';
import { SeenIds } from './seen-ids.js';

const ids = Array.from({ length: 1000 }, (_, i) => idOf(String(i)));

describe('the ids that a process has seen', () => {
  it('are known, and no others', () => {
    const seen = new SeenIds();
    const [some, others] = [ids.slice(0, 100), ids.slice(100)];
    expect(ids.some((id) => seen.has(id))).toBe(false);
    for (const id of some) seen.add(id);
    expect(some.filter((id) => seen.has(id)).length).toBeGreaterThan(95);
    expect(others.filter((id) => seen.has(id))).toEqual([]);
  });

  it('make room for one another', () => {
    const seen = new SeenIds();
    const [first, second] = [`0000${'1'.repeat(60)}`, `0000${'2'.repeat(60)}`];
    seen.add(first);
    seen.add(second);
    expect([seen.has(first), seen.has(second)]).toEqual([false, true]);
  });

  it('may begin with zeros', () => {
    const seen = new SeenIds();
    const zeros = '0'.repeat(64);
    expect(seen.has(zeros)).toBe(false);
    seen.add(zeros);
    expect(seen.has(zeros)).toBe(true);
  });
});
