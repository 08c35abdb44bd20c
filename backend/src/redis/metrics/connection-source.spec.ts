import { Registry } from 'prom-client';
import {
  parseExposition,
  seriesIn,
  valueIn,
  type ScrapedFamily,
} from '../../../test/support/exposition.js';
import {
  CLUSTER,
  connection,
  failover,
  node,
  QUIET,
  sourceOf,
  type ToldConnection,
  WAITING,
} from '../../../test/support/metrics-rig.js';
import { CommandTimeoutError, NoReplicaError } from '../base/errors/index.js';
import { ManualClock } from '../testing/index.js';
import type { ConnectionSource } from './connection-source.js';
import { FAMILY_TABLE } from './family-table.js';
import { FamilySet } from './family-set.js';

type Scraped = ReadonlyMap<string, ScrapedFamily>;

async function scrape(...sources: ConnectionSource[]): Promise<Scraped> {
  const registry = new Registry();
  const set = FamilySet.of(registry, 'redis_ha_');
  for (const source of sources) set.add(source);
  return parseExposition(await registry.metrics());
}

function labelsIn(scraped: Scraped, name: string): Readonly<Record<string, string>>[] {
  return (scraped.get(`redis_ha_${name}`)?.samples ?? []).map(({ labels }) => labels);
}

describe('the metrics of a connection', () => {
  it('are at most 243 series with three nodes, three Sentinels and five namespaces', async () => {
    const redis = connection();
    const source = sourceOf(redis, { names: ['default', 'a', 'b', 'c', 'd', 'e'] });
    const failovers = { count: 1, countInLast24h: 1, last: failover() };
    redis.status = { ...CLUSTER, failovers, fallback: WAITING };
    const scraped = await scrape(source);
    expect(seriesIn(scraped)).toBeLessThanOrEqual(243);
    const empty = [...scraped.values()].filter(({ samples }) => samples.length === 0);
    expect(empty).toEqual([]);
  });

  it('have the labels that the table says, and no others', async () => {
    const redis = connection();
    const failovers = { count: 1, countInLast24h: 1, last: failover() };
    redis.status = { ...CLUSTER, failovers, fallback: WAITING };
    const scraped = await scrape(sourceOf(redis));
    for (const { name, labels, type } of FAMILY_TABLE) {
      const family = scraped.get(`redis_ha_${name}`);
      const told = new Set(family?.samples.flatMap((sample) => Object.keys(sample.labels)));
      told.delete('le');
      expect([name, ...told].sort()).toEqual([name, 'connection', ...labels].sort());
      expect(family?.type).toBe(type);
    }
  });

  it('are named by convention', () => {
    for (const { name, type } of FAMILY_TABLE) {
      expect(name).toMatch(/^[a-z][a-z_]*[a-z]$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(name).not.toMatch(/_(ms|milliseconds|kb|count|sum|bucket)$/);
    }
    expect(new Set(FAMILY_TABLE.map(({ name }) => name)).size).toBe(FAMILY_TABLE.length);
  });

  it('count commands by kind and outcome, and deadline misses from both ways to miss one', async () => {
    const redis = connection();
    redis.recorder.succeeded('read', 0);
    redis.recorder.retried('lost');
    redis.recorder.failed('read', 0, new CommandTimeoutError('late'));
    redis.recorder.failed('read', 0, new NoReplicaError('none'));
    const source = sourceOf(redis);
    const scraped = await scrape(source);
    const ok = { kind: 'read', outcome: 'ok' };
    expect(valueIn(scraped, 'redis_ha_commands_total', ok)).toBe(1);
    const misses = 'redis_ha_deadline_misses_total';
    expect(valueIn(scraped, misses, { kind: 'read' })).toBe(2);
    expect(valueIn(scraped, misses, { kind: 'write' })).toBe(0);
    expect(valueIn(scraped, 'redis_ha_retries_total', { reason: 'lost' })).toBe(1);
    expect(valueIn(scraped, 'redis_ha_queue_commands', { direction: 'writes' })).toBe(4);
    expect(valueIn(scraped, 'redis_ha_pending_commands')).toBe(9);
    const pool = 'redis_ha_pool_connections';
    expect(valueIn(scraped, pool, { pool: 'write', state: 'idle' })).toBe(7);
    expect(valueIn(scraped, pool, { pool: 'write', state: 'unavailable' })).toBe(3);
  });

  it('have sub-millisecond buckets in seconds', async () => {
    const redis = connection();
    redis.recorder.succeeded('read', -0.2);
    const scraped = await scrape(sourceOf(redis));
    const bucket = (le: string): number =>
      valueIn(scraped, 'redis_ha_command_duration_seconds_bucket', { kind: 'read', le });
    expect([bucket('0.0001'), bucket('0.00025'), bucket('0.0005'), bucket('+Inf')]).toEqual([
      0, 1, 1, 1,
    ]);
  });

  it('show nodes and Sentinels, and leave out what is not known', async () => {
    const stalled = node(3, 'replica', { isStalled: true, lagMs: null });
    const redis = connection({ replicas: [node(2, 'replica'), stalled] });
    const scraped = await scrape(sourceOf(redis));
    expect(valueIn(scraped, 'redis_ha_node_up', { node: '10.0.0.2:6379' })).toBe(1);
    expect(valueIn(scraped, 'redis_ha_node_up', { node: '10.0.0.3:6379' })).toBe(0);
    expect(labelsIn(scraped, 'replication_lag_seconds')).toEqual([
      { connection: 'default', node: '10.0.0.2:6379' },
    ]);
    expect(valueIn(scraped, 'redis_ha_replication_lag_seconds')).toBe(0.04);
    expect(valueIn(scraped, 'redis_ha_sentinels', { state: 'up' })).toBe(2);
    expect(valueIn(scraped, 'redis_ha_sentinels', { state: 'down' })).toBe(1);
    expect(valueIn(scraped, 'redis_ha_sentinel_quorum')).toBe(2);
    expect(valueIn(scraped, 'redis_ha_config_epoch')).toBe(7);
    expect(labelsIn(scraped, 'last_failover_timestamp_seconds')).toEqual([]);
  });

  it('name no node twice, and at most 32', async () => {
    const replicas = Array.from({ length: 60 }, (_, n) => node(n + 1, 'replica'));
    const scraped = await scrape(sourceOf(connection({ replicas })));
    const nodes = labelsIn(scraped, 'node_up').map((labels) => labels['node']);
    expect(nodes).toHaveLength(32);
    expect(new Set(nodes).size).toBe(32);
    expect(labelsIn(scraped, 'replication_lag_seconds').length).toBeLessThanOrEqual(32);
  });

  it('name at most 20 namespaces, and sum up the others', async () => {
    const names = Array.from({ length: 25 }, (_, n) => (n === 3 ? 'other' : `ns${String(n)}`));
    const scraped = await scrape(sourceOf(connection(), { names }));
    const labels = labelsIn(scraped, 'cache_requests_total');
    expect(new Set(labels.map(({ namespace }) => namespace)).size).toBe(21);
    const requests = 'redis_ha_cache_requests_total';
    expect(valueIn(scraped, requests, { namespace: 'other', result: 'miss' })).toBe(3);
    expect(valueIn(scraped, requests, { namespace: '(other)', result: 'miss' })).toBe(15);
    expect(valueIn(scraped, requests, { namespace: '(other)', result: 'stale' })).toBe(10);
    expect(valueIn(scraped, 'redis_ha_cache_loads_total')).toBe(75);
    expect(valueIn(scraped, 'redis_ha_cache_load_failures_total')).toBe(25);
  });

  it('show the mode, the breakers, the guards and the journal', async () => {
    const fallback = {
      ...QUIET,
      mode: 'degraded',
      breakers: { reads: 'closed', writes: 'half-open' },
      guards: { ...QUIET.guards, writes: { answered: 5, failed: 2, away: 9 } },
      journal: { ...QUIET.journal, entries: 3, dropped: 1 },
    } as const;
    const scraped = await scrape(sourceOf(connection({ fallback, canWrite: false })));
    expect(valueIn(scraped, 'redis_ha_mode', { mode: 'degraded' })).toBe(1);
    expect(valueIn(scraped, 'redis_ha_mode', { mode: 'healthy' })).toBe(0);
    expect(valueIn(scraped, 'redis_ha_breaker_open', { direction: 'reads' })).toBe(0);
    expect(valueIn(scraped, 'redis_ha_breaker_open', { direction: 'writes' })).toBe(1);
    const away = { direction: 'writes', outcome: 'away' };
    expect(valueIn(scraped, 'redis_ha_keyspace_operations_total', away)).toBe(9);
    expect(valueIn(scraped, 'redis_ha_journal_entries')).toBe(3);
    expect(valueIn(scraped, 'redis_ha_journal_dropped_total')).toBe(1);
    expect(valueIn(scraped, 'redis_ha_write_available')).toBe(0);
  });

  it('show how long writes have waited, what was refused, and how the disk is', async () => {
    const file = {
      state: 'failed',
      reason: 'ENOSPC',
      since: 1,
      bytes: 9,
      queuedBytes: 4_096,
      failures: 2,
    } as const;
    const fallback = {
      ...WAITING,
      journal: { ...WAITING.journal, refused: 7, file },
      notices: { refused: 5, isRefused: true },
    };
    const scraped = await scrape(sourceOf(connection({ fallback })));
    expect(valueIn(scraped, 'redis_ha_journal_oldest_age_seconds')).toBe(2.5);
    expect(valueIn(scraped, 'redis_ha_journal_refused_total')).toBe(7);
    expect(valueIn(scraped, 'redis_ha_journal_file_available')).toBe(0);
    expect(valueIn(scraped, 'redis_ha_journal_file_queued_bytes')).toBe(4_096);
    expect(valueIn(scraped, 'redis_ha_journal_file_failures_total')).toBe(2);
    expect(valueIn(scraped, 'redis_ha_notices_refused_total')).toBe(5);
  });

  it('show no file where the journal is in memory only, and no age while nothing waits', async () => {
    const fallback = { ...QUIET, journal: { ...QUIET.journal, file: null } };
    const scraped = await scrape(sourceOf(connection({ fallback })));
    for (const name of ['oldest_age_seconds', 'file_available', 'file_queued_bytes']) {
      expect(labelsIn(scraped, `journal_${name}`)).toEqual([]);
    }
  });

  it('show no Sentinels where there are none', async () => {
    const scraped = await scrape(
      sourceOf(connection({ mode: 'standalone', masterName: null, sentinels: [], quorum: null })),
    );
    for (const name of ['sentinels', 'sentinel_quorum', 'config_epoch']) {
      expect(labelsIn(scraped, name)).toEqual([]);
    }
  });
});

describe('what is remembered between two scrapes', () => {
  function watched(): { redis: ToldConnection; clock: ManualClock; source: ConnectionSource } {
    const redis = connection();
    const clock = new ManualClock(100_900);
    return { redis, clock, source: sourceOf(redis, { clock }) };
  }
  const duration = 'redis_ha_failover_duration_seconds';

  it('is how long a failover took: from the first doubt until the new primary took writes', async () => {
    const { redis, clock, source } = watched();
    redis.bus.emit({ type: 'failover.completed', failover: failover() });
    expect(valueIn(await scrape(source), `${duration}_count`, { reason: 'failure' })).toBe(0);
    await clock.advance(700);
    redis.bus.emit({ type: 'primary.ready', node: failover().to });
    await clock.advance(60_000);
    const firstWriteAt = clock.wallTime();
    redis.bus.emit({ type: 'failover.first-write', failover: failover({ firstWriteAt }) });
    const scraped = await scrape(source);
    expect(valueIn(scraped, `${duration}_count`, { reason: 'failure' })).toBe(1);
    expect(valueIn(scraped, `${duration}_sum`, { reason: 'failure' })).toBe(1.6);
    expect(valueIn(scraped, `${duration}_bucket`, { reason: 'failure', le: '1' })).toBe(0);
    expect(valueIn(scraped, `${duration}_bucket`, { reason: 'failure', le: '2.5' })).toBe(1);
    expect(valueIn(scraped, 'redis_ha_failovers_total', { reason: 'failure' })).toBe(1);
    expect(valueIn(scraped, 'redis_ha_failovers_total', { reason: 'planned' })).toBe(0);
  });

  it.each([
    ['the promotion', failover({ suspectedAt: null }), 0.1],
    ['the switch', failover({ suspectedAt: null, promotedAt: null }), 0],
    ['the switch, when the calendar was set back', failover({ suspectedAt: 900_000 }), 0],
  ])('begins at %s where nobody doubted before', async (_, record, seconds) => {
    const { redis, source } = watched();
    redis.bus.emit({ type: 'failover.completed', failover: record });
    redis.bus.emit({ type: 'primary.ready', node: record.to });
    const scraped = await scrape(source);
    expect(valueIn(scraped, `${duration}_sum`, { reason: 'failure' })).toBeCloseTo(seconds);
    expect(valueIn(scraped, `${duration}_count`, { reason: 'failure' })).toBe(1);
  });

  it('is one outage when a second failover comes before the first has ended', async () => {
    const { redis, clock, source } = watched();
    redis.bus.emit({ type: 'failover.completed', failover: failover() });
    await clock.advance(1_000);
    const second = failover({ suspectedAt: 101_500, switchedAt: 101_900 });
    redis.bus.emit({ type: 'failover.completed', failover: second });
    redis.bus.emit({ type: 'primary.ready', node: second.to });
    const scraped = await scrape(source);
    expect(valueIn(scraped, 'redis_ha_failovers_total', { reason: 'failure' })).toBe(2);
    expect(valueIn(scraped, `${duration}_count`, { reason: 'failure' })).toBe(1);
    expect(valueIn(scraped, `${duration}_sum`, { reason: 'failure' })).toBeCloseTo(1.9);
  });

  it('does not count a primary that becomes ready without a failover', async () => {
    const { redis, source } = watched();
    redis.bus.emit({ type: 'primary.ready', node: failover().to });
    expect(valueIn(await scrape(source), `${duration}_count`, { reason: 'failure' })).toBe(0);
  });

  it('is what came before the metrics were registered, too', async () => {
    const redis = connection();
    redis.failovers = [failover(), failover({ reason: 'switchover' })];
    const change = { from: 'healthy', to: 'degraded', reason: 'r', at: 0, afterMs: 1 } as const;
    redis.status = { ...redis.status, fallback: { ...QUIET, history: [change] } };
    const source = sourceOf(redis);
    redis.bus.emit({ type: 'mode.changed', change });
    redis.bus.emit({ type: 'primary.reset', node: failover().to });
    const scraped = await scrape(source);
    expect(valueIn(scraped, 'redis_ha_failovers_total', { reason: 'switchover' })).toBe(1);
    expect(valueIn(scraped, 'redis_ha_mode_changes_total', { to: 'degraded' })).toBe(2);
    expect(valueIn(scraped, 'redis_ha_primary_resets_total')).toBe(1);
  });

  it('listens to nothing after it was closed', () => {
    const { redis, source } = watched();
    expect(redis.bus.listenerCount).toBeGreaterThan(0);
    source.close();
    expect(redis.bus.listenerCount).toBe(0);
  });
});
