import {
  AggregatorRegistry,
  Counter,
  Registry,
  type OpenMetricsContentType,
  type PrometheusContentType,
} from 'prom-client';
import { parseExposition, valueIn } from '../../../test/support/exposition.js';
import { connection, sourceOf } from '../../../test/support/metrics-rig.js';
import { ConfigInvalidError } from '../base/errors/index.js';
import { FAMILY_TABLE } from './family-table.js';
import { FamilySet, type MetricsSource } from './family-set.js';

const PREFIX = 'redis_ha_';
const READS = { kind: 'read', outcome: 'ok' };

type Told = ReturnType<typeof connection>;

function registered(registry: Registry, name = 'default'): { redis: Told; source: MetricsSource } {
  const redis = connection({ name });
  const source = sourceOf(redis);
  FamilySet.of(registry, PREFIX).add(source);
  return { redis, source };
}

async function readsIn(registry: Registry, labels: Record<string, string> = {}): Promise<number> {
  const scraped = parseExposition(await registry.metrics());
  return valueIn(scraped, 'redis_ha_commands_total', { ...READS, ...labels });
}

describe('the metrics in a registry of prom-client', () => {
  it('are registered once for all connections, which are told apart by their label', async () => {
    const registry = new Registry();
    const first = registered(registry);
    const second = registered(registry, 'sessions');
    first.redis.recorder.succeeded('read', 0);
    expect(await readsIn(registry, { connection: 'default' })).toBe(1);
    expect(await readsIn(registry, { connection: 'sessions' })).toBe(0);
    expect(registry.getMetricsAsArray()).toHaveLength(FAMILY_TABLE.length);
    expect(second.source.connection).toBe('sessions');
  });

  it('are those of the connection that came last, when one of the same name is still there', async () => {
    const registry = new Registry();
    const old = registered(registry);
    const current = registered(registry);
    current.redis.recorder.succeeded('read', 0);
    expect(await readsIn(registry)).toBe(1);
    FamilySet.of(registry, PREFIX).remove(old.source);
    expect(await readsIn(registry)).toBe(1);
  });

  it('never go below 0, also where another connection takes the place of one that was reset', async () => {
    const registry = new Registry();
    const old = registered(registry);
    for (let i = 0; i < 7; i++) old.redis.recorder.succeeded('read', 0);
    registry.resetMetrics();
    expect(await readsIn(registry)).toBe(0);
    const current = registered(registry);
    expect(await readsIn(registry)).toBe(0);
    current.redis.recorder.succeeded('read', 0);
    expect(await readsIn(registry)).toBe(1);
  });

  it('are found again by another copy of this library', async () => {
    const registry = new Registry();
    registered(registry);
    let copy: typeof FamilySet | undefined;
    await jest.isolateModulesAsync(async () => {
      copy = (await import('./family-set.js')).FamilySet;
    });
    expect(copy).not.toBe(FamilySet);
    const late = connection();
    copy?.of(registry, PREFIX).add(sourceOf(late));
    late.recorder.succeeded('read', 0);
    expect(await readsIn(registry)).toBe(1);
  });

  it('leave with the last connection, and leave alone what is not theirs', async () => {
    const registry = new Registry();
    new Counter({ name: 'orders_total', help: 'Orders.', registers: [registry] }).inc();
    const set = FamilySet.of(registry, PREFIX);
    const { source } = registered(registry);
    const other = registered(registry, 'other').source;
    set.remove(source);
    expect(registry.getSingleMetric('redis_ha_info')).toBeDefined();
    set.remove(other);
    expect(await registry.metrics()).toBe(
      '# HELP orders_total Orders.\n# TYPE orders_total counter\norders_total 1\n',
    );
  });

  it('do not take away a metric that somebody else put in their place', () => {
    const registry = new Registry();
    const set = FamilySet.of(registry, PREFIX);
    const { source } = registered(registry);
    registry.clear();
    const theirs = new Counter({ name: 'redis_ha_info', help: 'Theirs.', registers: [registry] });
    set.remove(source);
    expect(registry.getSingleMetric('redis_ha_info')).toBe(theirs);
  });

  it('are not registered at all when somebody has one of their names, which is said', () => {
    const registry = new Registry();
    new Counter({ name: 'redis_ha_retries_total', help: 'Theirs.', registers: [registry] });
    const registering = (): FamilySet => FamilySet.of(registry, PREFIX);
    expect(registering).toThrow(ConfigInvalidError);
    expect(registering).toThrow(/redis_ha_retries_total.*prefix: 'my_redis_'/s);
    expect(registry.getMetricsAsArray()).toHaveLength(1);
    expect(() => FamilySet.of(registry, 'my_redis_')).not.toThrow();
  });

  it('can be registered again after the registry was cleared', async () => {
    const registry = new Registry();
    registered(registry);
    registry.clear();
    expect(await registry.metrics()).toBe('\n');
    registered(registry).redis.recorder.succeeded('read', 0);
    expect(await readsIn(registry)).toBe(1);
  });

  it('are read once for one scrape, and again for the next, however soon it comes', async () => {
    const registry = new Registry();
    let reads = 0;
    const read: MetricsSource['read'] = () => {
      reads++;
      return new Map();
    };
    FamilySet.of(registry, PREFIX).add({ connection: 'default', labels: {}, read });
    await registry.metrics();
    expect(reads).toBe(1);
    await Promise.all([registry.metrics(), registry.getMetricsAsJSON()]);
    expect(reads).toBe(3);
  });

  it('count from zero again after resetMetrics, except for what simply is', async () => {
    const registry = new Registry();
    const { redis } = registered(registry);
    for (let n = 0; n < 3; n++) redis.recorder.succeeded('read', 0);
    registry.resetMetrics();
    redis.recorder.succeeded('read', 0);
    const scraped = parseExposition(await registry.metrics());
    expect(valueIn(scraped, 'redis_ha_commands_total', READS)).toBe(1);
    const count = 'redis_ha_command_duration_seconds_count';
    expect(valueIn(scraped, count, { kind: 'read' })).toBe(1);
    expect(valueIn(scraped, 'redis_ha_sentinel_quorum')).toBe(2);
  });

  it('take on default labels, in the text and as JSON', async () => {
    const registry = new Registry();
    registered(registry);
    registry.setDefaultLabels({ zone: 'a', connection: 'never' });
    expect(await readsIn(registry, { zone: 'a', connection: 'default' })).toBe(0);
    const json = await registry.getMetricsAsJSON();
    const info = json.find(({ name }) => name === 'redis_ha_info');
    expect(info?.values[0]?.labels).toMatchObject({ zone: 'a', mode: 'sentinel' });
    expect(await registry.getSingleMetricAsString('redis_ha_config_epoch')).toBe(
      '# HELP redis_ha_config_epoch Config-epoch of the primary; grows with every failover.\n' +
        '# TYPE redis_ha_config_epoch gauge\n' +
        'redis_ha_config_epoch{connection="default",zone="a"} 7',
    );
  });

  it('can be merged with those of another registry', async () => {
    const [ours, theirs] = [new Registry(), new Registry()];
    registered(ours).redis.recorder.succeeded('read', 0);
    new Counter({ name: 'orders_total', help: 'Orders.', registers: [theirs] }).inc();
    const merged = Registry.merge([ours, theirs]);
    expect(await readsIn(merged)).toBe(1);
    expect(await merged.metrics()).toContain('orders_total 1');
  });

  it('speak OpenMetrics, and Prometheus again afterwards', async () => {
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    registered(registry as unknown as Registry);
    const both = new Registry();
    for (const metric of registry.getMetricsAsArray()) both.registerMetric(metric as never);
    for (let scrapes = 0; scrapes < 2; scrapes++) {
      const text = await registry.metrics();
      expect(text).toMatch(/^# TYPE redis_ha_retries counter$/m);
      expect(text).toMatch(/^redis_ha_retries_total\{connection="default",reason="lost"\} 0$/m);
      expect(text).not.toContain('_total_total');
      expect(text).toMatch(/^redis_ha_command_duration_seconds_bucket\{.*le="0.0001"\} 0$/m);
      expect(await readsIn(both)).toBe(0);
    }
  });

  it('are put together over the processes of a Node.js cluster', async () => {
    const workers = await Promise.all(
      [1, 2].map((calls) => {
        const registry = new Registry();
        const { redis } = registered(registry);
        for (let n = 0; n < calls; n++) redis.recorder.succeeded('read', 0);
        return registry.getMetricsAsJSON();
      }),
    );
    const whole = AggregatorRegistry.aggregate<PrometheusContentType>(workers);
    expect(await readsIn(whole)).toBe(3);
    const scraped = parseExposition(await whole.metrics());
    expect(valueIn(scraped, 'redis_ha_config_epoch')).toBe(7);
    expect(valueIn(scraped, 'redis_ha_info')).toBe(1);
    expect(valueIn(scraped, 'redis_ha_pending_commands')).toBe(18);
  });
});
