import type { AccessedKey } from '../hot-keys/index.js';
import { hotKeysReport } from './hot-keys-report.js';

const SINCE = Date.UTC(2026, 0, 1, 12);
const KEY: AccessedKey = {
  key: 'user:alice@example.org',
  shown: '#84ace947968b',
  keyspace: 'users',
  readsPerMinute: 5_000,
  writesPerMinute: 20,
  hotSince: { reads: SINCE + 1_000, writes: SINCE },
  isSpared: true,
};

describe('hotKeysReport', () => {
  it('tells of each key how often it is accessed and since when it is hot, under the name that may be shown', () => {
    const source = { level: 'on', perMinute: 1_000, hot: { reads: 1, writes: 1 } } as const;
    const report = hotKeysReport({ ...source, top: [KEY] });
    expect(report).toEqual({
      level: 'on',
      threshold_per_minute: 1_000,
      hot_reads: 1,
      hot_writes: 1,
      top: [
        {
          key: '#84ace947968b',
          namespace: 'users',
          reads_per_minute: 5_000,
          writes_per_minute: 20,
          hot_since: '2026-01-01T12:00:00.000Z',
          is_spared: true,
        },
      ],
    });
    expect(JSON.stringify(report)).not.toContain('alice');
  });

  it('has no time for a key that is not hot', () => {
    const source = { level: 'watch', perMinute: 1_000, hot: { reads: 0, writes: 0 } } as const;
    const cold = { ...KEY, hotSince: { reads: null, writes: null } };
    expect(hotKeysReport({ ...source, top: [cold] }).top[0]?.hot_since).toBeNull();
  });
});
