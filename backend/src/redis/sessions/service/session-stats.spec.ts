import { SessionInvalidError, SessionUnavailableError } from '../../base/errors/index.js';
import { SessionCounters, type SessionStats } from './session-stats.js';

const NONE: SessionStats = { created: 0, validated: 0, invalid: 0, unavailable: 0, ended: 0 };

describe('SessionCounters', () => {
  it('has every count from the beginning', () => {
    expect(new SessionCounters().stats).toEqual(NONE);
  });

  it.each(Object.keys(NONE) as (keyof SessionStats)[])('counts %s apart', (counter) => {
    const counters = new SessionCounters();
    counters.add(counter);
    counters.add(counter);
    expect(counters.stats).toEqual({ ...NONE, [counter]: 2 });
  });

  it.each([
    ['invalid', new SessionInvalidError('unknown')],
    ['unavailable', new SessionUnavailableError('Redis is away')],
    ['unavailable', new TypeError('an archive that breaks')],
  ] as const)('counts a read that ends %s once, and hands its error on', (counter, error) => {
    const counters = new SessionCounters();
    expect(() => counters.failed(error)).toThrow(error);
    expect(counters.stats).toEqual({ ...NONE, [counter]: 1 });
  });

  it('hands out what was', () => {
    const counters = new SessionCounters();
    const before = counters.stats;
    counters.add('validated');
    expect(before).toEqual(NONE);
  });
});
