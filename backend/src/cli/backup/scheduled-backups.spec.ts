import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyRing } from '../../redis/base/crypto/index.js';
import { ManualClock, waitUntil } from '../../redis/testing/index.js';
import { BackupError } from './backup-error.js';
import { BackupFolder } from './backup-folder.js';
import { DEFAULT_KEEP } from './retention.js';
import { type ScheduleEvent, takeOnSchedule } from './scheduled-backups.js';

const MINUTE_MS = 60_000;

describe('backups on a schedule', () => {
  const path = mkdtempSync(join(tmpdir(), 'scheduled-'));
  afterAll(() => rm(path, { recursive: true }));

  it('tell what fails, with its remedy, and try again a minute later, until they are ended', async () => {
    const clock = new ManualClock();
    const ending = new AbortController();
    const told: ScheduleEvent[] = [];
    const ring = KeyRing.of([randomBytes(32).toString('base64')])!;
    const error = new BackupError('NO_SOURCE', 'no replica can be asked', 'Start one');
    const running = takeOnSchedule(
      { folder: new BackupFolder(path), ring, cluster: 'test' },
      {
        everyMs: 60 * MINUTE_MS,
        keep: DEFAULT_KEEP,
        open: () => Promise.reject(error),
        report: (event) => told.push(event),
        signal: ending.signal,
        clock,
        now: () => clock.wallTime(),
      },
    );
    for (const times of [1, 2, 3]) {
      // The disk is real, the clock is not.
      await waitUntil(() => told.length === times && clock.pending === 1, {
        what: `${String(times)} attempts`,
      });
      await clock.advance(MINUTE_MS - 1);
      expect(told).toHaveLength(times);
      await clock.advance(1);
    }
    expect(told.slice(0, 3)).toEqual(Array(3).fill({ kind: 'failed', error }));
    ending.abort();
    await running;
    expect(clock.pending).toBe(0);
  });
});
