import { seededRandom } from '../../../test/support/random-histories.js';
import { type KeepRule, readKeepRule, timesToKeep } from './retention.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NEW_YEAR = Date.UTC(2027, 0, 1);
const NONE: KeepRule = { hourly: 0, daily: 0, weekly: 0, monthly: 0 };

/** Backups of each hour before a moment, the latest first. */
const hourly = (count: number, end = NEW_YEAR): number[] =>
  Array.from({ length: count }, (_, i) => end - i * HOUR_MS);

const isoOf = (times: ReadonlySet<number>): string[] =>
  [...times].sort((a, b) => b - a).map((at) => new Date(at).toISOString().slice(0, 13));

describe('the rule of what is kept', () => {
  it('keeps the last backup of each hour, day, week and month', () => {
    const end = NEW_YEAR - HOUR_MS;
    const kept = (rule: Partial<KeepRule>): string[] =>
      isoOf(timesToKeep(hourly(24 * 70, end), { ...NONE, ...rule }));
    expect(kept({ hourly: 3 })).toEqual(['2026-12-31T23', '2026-12-31T22', '2026-12-31T21']);
    expect(kept({ daily: 3 })).toEqual(['2026-12-31T23', '2026-12-30T23', '2026-12-29T23']);
    // Weeks end on Sunday: the 27th was one.
    expect(kept({ weekly: 3 })).toEqual(['2026-12-31T23', '2026-12-27T23', '2026-12-20T23']);
    expect(kept({ monthly: 3 })).toEqual(['2026-12-31T23', '2026-11-30T23', '2026-10-31T23']);
  });

  it('keeps the latest one, whatever it says', () => {
    expect(isoOf(timesToKeep(hourly(5), NONE))).toEqual(['2027-01-01T00']);
    expect(timesToKeep([], NONE).size).toBe(0);
  });

  it('removes nothing for days on which no backup was taken', () => {
    const holiday = [...hourly(2), ...hourly(48, NEW_YEAR - 30 * DAY_MS)];
    const kept = timesToKeep(holiday, { ...NONE, daily: 3 });
    expect(isoOf(kept)).toEqual(['2027-01-01T00', '2026-12-31T23', '2026-12-02T00']);
  });

  it('never keeps more than it says, nor fewer than there are, and keeps the same when it is applied again', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const below = (limit: number): number => Math.floor(random() * limit);
      const times = Array.from({ length: below(300) }, () => NEW_YEAR - below(400 * 24) * HOUR_MS);
      const rule = { hourly: below(30), daily: below(10), weekly: below(6), monthly: below(13) };
      const kept = timesToKeep(times, rule);
      const most = 1 + rule.hourly + rule.daily + rule.weekly + rule.monthly;
      expect({ seed, isBounded: kept.size <= most }).toEqual({ seed, isBounded: true });
      const hours = new Set(times.map((at) => at / HOUR_MS)).size;
      const isEnough = kept.size >= Math.min(hours, rule.hourly);
      expect({ seed, isEnough }).toEqual({ seed, isEnough: true });
      expect({ seed, again: timesToKeep([...kept], rule) }).toEqual({ seed, again: kept });
    }
  });

  it('is read as it is written, and refused with an example', () => {
    expect(readKeepRule('hourly=24, daily=7')).toEqual({ ...NONE, hourly: 24, daily: 7 });
    for (const text of ['', 'hourly', 'yearly=1', 'daily=-1', 'daily=1;weekly=2']) {
      expect(() => readKeepRule(text)).toThrow(
        expect.objectContaining({
          code: 'SETTINGS_INVALID',
          remedy: expect.stringContaining('hourly=24'),
        }),
      );
    }
  });
});
