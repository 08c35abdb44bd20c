import { BackupError } from './backup-error.js';

/** How many backups are kept: the last one of each of so many hours, days, weeks and months that have any. */
export interface KeepRule {
  readonly hourly: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

/** What is kept where nothing is said: a day of hours, a week of days, a month of weeks, a year of months. */
export const DEFAULT_KEEP: KeepRule = { hourly: 24, daily: 7, weekly: 5, monthly: 12 };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
// The first of January 1970 was a Thursday; weeks begin on Monday.
const MONDAY_MS = 4 * DAY_MS;

const PERIODS: Readonly<Record<keyof KeepRule, (at: number) => number>> = {
  hourly: (at) => Math.floor(at / HOUR_MS),
  daily: (at) => Math.floor(at / DAY_MS),
  weekly: (at) => Math.floor((at - MONDAY_MS) / (7 * DAY_MS)),
  monthly: (at) => new Date(at).getUTCFullYear() * 12 + new Date(at).getUTCMonth(),
};
const NAMES = Object.keys(PERIODS) as (keyof KeepRule)[];

/** Reads `hourly=24,daily=7,weekly=5,monthly=12`; what is not named is not kept. */
export function readKeepRule(text: string): KeepRule {
  const rule = { hourly: 0, daily: 0, weekly: 0, monthly: 0 };
  for (const part of text.split(',')) {
    const [, name, count] = /^\s*(hourly|daily|weekly|monthly)=(\d{1,4})\s*$/.exec(part) ?? [];
    if (name === undefined) {
      throw new BackupError(
        'SETTINGS_INVALID',
        `BACKUP_KEEP has ${JSON.stringify(part)} in it`,
        'Write for example hourly=24,daily=7,weekly=5,monthly=12',
      );
    }
    rule[name as keyof KeepRule] = Number(count);
  }
  return rule;
}

/** The times of those that are kept, of all times (UTC). The latest one always is, whatever the rule says. */
export function timesToKeep(times: readonly number[], rule: KeepRule): ReadonlySet<number> {
  const latestFirst = [...times].sort((a, b) => b - a);
  const kept = new Set(latestFirst.slice(0, 1));
  for (const name of NAMES) {
    const periods = new Set<number>();
    for (const at of latestFirst) {
      const period = PERIODS[name](at);
      if (periods.has(period)) continue;
      if (periods.size === rule[name]) break;
      periods.add(period);
      kept.add(at);
    }
  }
  return kept;
}
