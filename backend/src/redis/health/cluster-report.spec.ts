import { QUIET } from '../../../test/support/metrics-rig.js';
import { HitCounter, type KeyspaceHits } from '../base/stats/index.js';
import { ManualClock } from '../testing/index.js';
import { clusterMetrics, clusterSummary, type ClusterSource } from './cluster-report.js';

const at = (host: string, port = 6379) => ({ host, port });
const REPLICA = {
  address: at('redis-replica-1'),
  connection: 'ready',
  role: 'replica',
  isLinked: true,
  isStalled: false,
  lagMs: 12.34,
} as const;
const SENTINEL = { address: at('s', 26_379), isAnswering: true };
const MUTE = { ...SENTINEL, isAnswering: false };

const source = (over: Partial<ClusterSource> = {}): ClusterSource => ({
  mode: 'sentinel',
  status: 'up',
  message: '',
  canWrite: true,
  canRead: true,
  masterName: 'mymaster',
  primary: { address: at('redis-master') },
  replicas: [REPLICA],
  sentinels: [SENTINEL, SENTINEL, SENTINEL],
  quorum: 2,
  failovers: { count: 0, last: null, countInLast24h: 0 },
  clockAheadMs: -12,
  pools: { write: { size: 10, available: 8 }, read: { size: 20, available: 17 } },
  ...over,
});

const kind = (p50Ms: number | null, p99Ms: number | null) => ({ p50Ms, p99Ms });
const measures = (
  hits: KeyspaceHits[] = [],
  read: [number | null, number | null] = [null, null],
) => ({
  latency: { read: kind(...read), write: kind(null, null) },
  hits,
  warmUps: [],
});

describe('clusterMetrics', () => {
  it('has the shape that dashboards are made for', async () => {
    const clock = new ManualClock();
    const counter = new HitCounter(clock);
    for (let i = 0; i < 106; i++) counter.miss();
    await clock.advance(61_000);
    for (let i = 0; i < 894; i++) counter.hit();
    const { totals, rates } = counter;
    const hits = [{ name: 'products', ...totals, rates }];
    expect(clusterMetrics(source(), measures(hits, [1.1, 3.2]))).toEqual({
      status: 'healthy',
      mode: 'sentinel',
      cluster: {
        master: 'redis-master:6379',
        replicas: [{ host: 'redis-replica-1', port: 6379, lag_ms: 12.3, status: 'online' }],
        sentinels: { count: 3, answering: 3, quorum: 2, status: 'healthy' },
      },
      performance: {
        read_latency_p50_ms: 1.1,
        read_latency_p99_ms: 3.2,
        write_latency_p50_ms: null,
        write_latency_p99_ms: null,
        cache_hit_rate_percent: 89.4,
      },
      hit_rates: [
        {
          namespace: 'products',
          last_1m_percent: 100,
          last_5m_percent: 89.4,
          last_15m_percent: 89.4,
          reads_15m: 1000,
        },
      ],
      warm_up: [],
      pool: {
        write_pool_size: 10,
        write_pool_available: 8,
        read_pool_size: 20,
        read_pool_available: 17,
      },
      clock: { offset_ms: -12 },
      failover: { last_event: null, total_count_24h: 0 },
    });
  });

  it('shows warm-ups, with calendar times for people', () => {
    const progress = {
      plan: 'catalogue',
      namespace: 'products',
      state: 'running',
      cause: 'boot',
      ...{ done: 30, total: 100, loaded: 20, skipped: 9, failed: 1 },
      startedAt: Date.UTC(2026, 0, 1, 12),
      endedAt: null,
    } as const;
    const { startedAt, endedAt, ...same } = progress;
    const report = clusterMetrics(source(), { ...measures(), warmUps: [progress] });
    expect([startedAt, endedAt]).toHaveLength(2);
    expect(report.warm_up).toEqual([
      { ...same, started_at: '2026-01-01T12:00:00.000Z', ended_at: null },
    ]);
  });

  it('shows memory and the journal where the source tells of them, and is degraded with it', () => {
    const journal = { ...QUIET.journal, isFull: true };
    const report = clusterMetrics(source({ fallback: { ...QUIET, journal } }), measures());
    expect(report.memory?.sessions).toMatchObject({ entries: 0, max_entries: 10 });
    expect(report.journal).toMatchObject({ entries: 0, is_full: true });
    expect(report.status).toBe('degraded');
  });

  it('is degraded while a node is missing, although every call is answered', () => {
    const reduced = source({ missing: ['the replica redis-replica-1:6379'] });
    expect(clusterMetrics(reduced, measures()).status).toBe('degraded');
    expect(clusterSummary(reduced, measures()).status).toBe('degraded');
  });

  it('knows no hit rate of a cache that nobody asked', () => {
    const { performance } = clusterMetrics(source(), measures());
    expect(performance.cache_hit_rate_percent).toBeNull();
  });

  it.each([
    ['online', {}],
    ['syncing', { isLinked: false }],
    ['syncing', { role: 'primary' }],
    ['stalled', { isStalled: true }],
    ['offline', { connection: 'lost' as const, isStalled: true }],
    ['offline', { connection: 'connecting' as const }],
  ])('says %s of a replica with %j', (status, over) => {
    const report = clusterMetrics(source({ replicas: [{ ...REPLICA, ...over }] }), measures());
    expect(report.cluster.replicas[0]?.status).toBe(status);
  });

  it.each([
    [[SENTINEL, SENTINEL, SENTINEL], 2, 'healthy'],
    [[SENTINEL, SENTINEL, MUTE], 2, 'degraded'],
    [[SENTINEL, MUTE, MUTE], 1, 'lost'],
    [[SENTINEL, SENTINEL, MUTE], 3, 'lost'],
    [[SENTINEL, SENTINEL, SENTINEL], null, 'lost'],
    [[], null, 'lost'],
  ])('judges the Sentinels %j with quorum %j as %s', (sentinels, quorum, status) => {
    const report = clusterMetrics(source({ sentinels, quorum }), measures());
    expect(report.cluster.sentinels).toMatchObject({ count: sentinels.length, status });
  });

  it.each(['standalone', 'memory'] as const)('has no Sentinels in %s mode', (mode) => {
    const none = { sentinels: [], replicas: [], quorum: null, primary: null };
    const report = clusterMetrics(source({ mode, ...none }), measures());
    expect(report.cluster).toEqual({ master: null, replicas: [], sentinels: null });
  });

  it('writes an address of IPv6 so that the port can be told', () => {
    const primary = { address: at('fd00::1') };
    expect(clusterMetrics(source({ primary }), measures()).cluster.master).toBe('[fd00::1]:6379');
  });
});

describe('clusterSummary', () => {
  it('counts the nodes that can be used now', () => {
    const replicas = [REPLICA, { ...REPLICA, connection: 'lost' as const }];
    const sentinels = [SENTINEL, SENTINEL, MUTE];
    expect(clusterSummary(source({ replicas, sentinels }), measures())).toMatchObject({
      status: 'healthy',
      mode: 'sentinel',
      cluster: { master: 'redis-master:6379', replicas: 1, sentinels: 2 },
    });
  });
});
