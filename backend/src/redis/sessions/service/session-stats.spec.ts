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

  it('hands a found session on, and counts it once', async () => {
    const counters = new SessionCounters();
    expect(await counters.read(Promise.resolve('session'))).toBe('session');
    expect(counters.stats).toEqual({ ...NONE, validated: 1 });
  });

  it.each([
    ['invalid', new SessionInvalidError('unknown')],
    ['unavailable', new SessionUnavailableError('Redis is away')],
    ['unavailable', new TypeError('an archive that breaks')],
  ] as const)('counts a read that ends %s once, and hands its error on', async (counter, error) => {
    const counters = new SessionCounters();
    await expect(counters.read(Promise.reject(error))).rejects.toBe(error);
    expect(counters.stats).toEqual({ ...NONE, [counter]: 1 });
  });

  it('counts nothing before a read is over, and hands out what was', async () => {
    const counters = new SessionCounters();
    const before = counters.stats;
    let find: (session: string) => void = () => undefined;
    const reading = counters.read(
      new Promise<string>((resolve) => {
        find = resolve;
      }),
    );
    expect(counters.stats).toEqual(NONE);
    find('session');
    await reading;
    expect(counters.stats.validated).toBe(1);
    expect(before).toEqual(NONE);
  });
});
