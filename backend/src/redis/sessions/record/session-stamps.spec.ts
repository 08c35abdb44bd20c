import { compareStamps, type Stamp } from '../../keyspace/index.js';
import { stampOfChange, stampOfSlide } from './session-stamps.js';

const A = '00000000000000aa';
const B = '00000000000000bb';
const at = (wallMs: number, count: number, origin = A): Stamp => ({ wallMs, count, origin });

describe('the stamp of a change', () => {
  it('is later than its base, and earlier than a delete of a moment later', () => {
    const base = at(1000, 7);
    const change = stampOfChange(base, B);
    expect(compareStamps(change, base)).toBeGreaterThan(0);
    expect(compareStamps(change, at(1002, 0))).toBeLessThan(0);
  });

  it('gets past every slide from the same base', () => {
    let slid = at(1000, 7);
    for (let i = 0; i < 1000; i++) slid = stampOfSlide(slid, B);
    expect(compareStamps(slid, at(1000, 7))).toBeGreaterThan(0);
    expect(compareStamps(slid, stampOfChange(at(1000, 7), A))).toBeLessThan(0);
  });

  it('differs between processes, so that one of two wins everywhere', () => {
    expect(compareStamps(stampOfChange(at(1, 1), A), stampOfChange(at(1, 1), B))).not.toBe(0);
    expect(compareStamps(stampOfSlide(at(1, 1), A), stampOfSlide(at(1, 1), B))).not.toBe(0);
  });

  it('goes on in the next millisecond when one is used up', () => {
    expect(stampOfSlide(at(1000, 0xffff), B)).toEqual(at(1001, 0, B));
  });
});
