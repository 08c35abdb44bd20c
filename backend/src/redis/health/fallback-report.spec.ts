import { QUIET, WAITING } from '../../../test/support/metrics-rig.js';
import { fallbackMetrics, fallbackReport } from './fallback-report.js';

const copies = (entries: number) => ({
  entries,
  bytes: 10 * entries,
  evictions: entries + 1,
  maxEntries: 70,
  maxBytes: 700,
});
const fallback = {
  ...WAITING,
  memory: {
    ...QUIET.memory,
    ...copies(6),
    classes: { sessions: copies(1), values: copies(2), ends: copies(3) },
  },
  journal: {
    ...WAITING.journal,
    dropped: 1,
    expired: 2,
    rejected: 3,
    refused: 4,
    isFull: true,
    file: {
      state: 'failed',
      reason: 'ENOSPC',
      since: Date.UTC(2026, 0, 1, 12),
      bytes: 5,
      queuedBytes: 6,
      failures: 7,
    },
  },
} as const;

describe('fallbackReport', () => {
  it('tells what memory holds of each class against its bounds', () => {
    expect(fallbackReport(fallback).memory).toEqual({
      entries: 6,
      maxEntries: 70,
      bytes: 60,
      maxBytes: 700,
      evictions: 7,
      classes: { sessions: copies(1), values: copies(2), ends: copies(3) },
    });
  });

  it('tells what waits in the journal, what was given up, and how the disk is', () => {
    expect(fallbackReport(fallback).journal).toEqual({
      entries: 3,
      maxEntries: 10,
      bytes: 300,
      maxBytes: 1_000,
      oldestMs: 2_500,
      isFull: true,
      dropped: 1,
      expired: 2,
      rejected: 3,
      refused: 4,
      file: {
        state: 'failed',
        reason: 'ENOSPC',
        since: '2026-01-01T12:00:00.000Z',
        bytes: 5,
        queuedBytes: 6,
        failures: 7,
      },
    });
  });

  it('tells of no file where there is none, and of nothing where the source does not', () => {
    const journal = { ...QUIET.journal, file: null };
    expect(fallbackReport({ journal }).journal?.file).toBeNull();
    expect(fallbackReport()).toEqual({});
    expect(fallbackMetrics({ breakers: QUIET.breakers })).toEqual({});
  });
});

describe('fallbackMetrics', () => {
  const usage = (entries: number) => ({
    entries,
    max_entries: 70,
    bytes: 10 * entries,
    max_bytes: 700,
    evictions: entries + 1,
  });

  it('tells the same in the names of dashboards', () => {
    expect(fallbackMetrics(fallback)).toEqual({
      memory: { ...usage(6), sessions: usage(1), values: usage(2), ends: usage(3) },
      journal: {
        entries: 3,
        max_entries: 10,
        bytes: 300,
        max_bytes: 1_000,
        oldest_ms: 2_500,
        is_full: true,
        dropped: 1,
        expired: 2,
        rejected: 3,
        refused: 4,
        file: {
          state: 'failed',
          reason: 'ENOSPC',
          since: '2026-01-01T12:00:00.000Z',
          bytes: 5,
          queued_bytes: 6,
          failures: 7,
        },
      },
    });
  });
});
