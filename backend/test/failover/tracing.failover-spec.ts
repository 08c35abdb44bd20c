import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import * as driver from 'ioredis';
import { RedisCache, RedisModule, RedisService } from '../../src/redis/index.js';
import {
  startRedisCluster,
  waitUntil,
  type RedisTestCluster,
} from '../../src/redis/testing/index.js';
import { traceRedis } from '../../src/redis/tracing/index.js';
import { closeApps, startApp } from '../support/apps.js';
import { withOptions } from '../support/engines.js';
import { nextEvent } from '../support/events.js';
import { orphansAmong, type ReceivedSpan } from '../support/otlp-receiver.js';
import { startTracingRig, type TracingRig } from '../support/tracing-rig.js';

jest.setTimeout(180_000);

const REQUESTS = 10_000;
const AT_ONCE = 64;
const PLANTED = 'planted-9b2e';
const KEEPS_PLACE = ['set', 'get', 'cache.getOrSet', 'PIPELINE'];

/** OpenTelemetry's own instrumentation of the driver, as strict and as talkative as it can be set. */
function instrumentDriver(): () => void {
  const instrumentation = new IORedisInstrumentation({ requireParentSpan: false });
  const [definition] = instrumentation.init();
  const exported = driver.Redis;
  definition?.patch?.(exported, '6.0.0');
  return () => definition?.unpatch?.(exported, '6.0.0');
}

describe('traces through a failover', () => {
  let cluster: RedisTestCluster;
  let rig: TracingRig;
  let ends: (() => void)[];

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
    rig = await startTracingRig();
    ends = [traceRedis(), instrumentDriver()];
  });
  afterAll(async () => {
    await closeApps();
    for (const end of ends) end();
    await rig.stop();
    await cluster.stop();
  });

  it(`have the right parents in ${String(REQUESTS)} requests, and no orphan, key or value`, async () => {
    const { app } = await startApp({
      imports: [
        RedisModule.forRoot(
          withOptions(cluster.options(), {
            routing: { readTimeoutMs: 5_000, writeTimeoutMs: 20_000 },
          }),
        ),
      ],
    });
    const redis = app.get(RedisService);
    const cache = app.get(RedisCache);
    await redis.whenReady();
    const old = await cluster.currentPrimary();
    let done = 0;
    let begun = 0;
    const request = async (): Promise<void> => {
      const number = begun++;
      const key = `${PLANTED}:${String(number)}`;
      const calls = [
        () => redis.set(key, PLANTED),
        () => redis.get(key),
        () => cache.getOrSet(key, () => PLANTED),
        () => redis.pipeline().incr(`${PLANTED}:n`).get(key).exec(),
      ];
      await rig.inSpan('request', async () => {
        // Not all in one order: those that run at once would all be at the same call when the primary dies.
        for (const at of calls.keys()) await calls[(at + number) % calls.length]?.();
      });
      done++;
    };
    const killing = waitUntil(() => done > REQUESTS / 4, {
      what: 'a quarter of the requests is done',
      timeoutMs: 120_000,
    }).then(async () => {
      const switched = nextEvent(redis, 'failover.first-write');
      await old.kill();
      await switched;
    });
    const runner = async (): Promise<void> => {
      while (begun < REQUESTS) await request();
    };
    await Promise.all([...Array.from({ length: AT_ONCE }, runner), killing]);
    const now = await cluster.currentPrimary();

    const spans = await rig.arrived();
    const requests = spans.filter(({ name }) => name === 'request');
    expect(requests).toHaveLength(REQUESTS);
    expect(orphansAmong(spans)).toEqual([]);

    // Every request has each of its four calls once, whichever of them waited, was refused or was repeated.
    const callsOf = new Map<string, string[]>(requests.map(({ id }) => [id, []]));
    for (const { parent, name } of spans) callsOf.get(parent)?.push(name);
    const kinds = new Set([...callsOf.values()].map((names) => [...names].sort().join()));
    expect([...kinds]).toEqual([[...KEEPS_PLACE].sort().join()]);

    // Nothing of what the library asks by itself, and no command twice.
    const ofDriver = spans.filter(({ scope }) => scope.includes('ioredis'));
    expect(new Set(ofDriver.map(({ name }) => name))).toEqual(new Set(['connect']));

    const waited = spans.filter(({ events }) =>
      events.some(({ name }) => name === 'waiting for a node'),
    );
    const sets = waited.filter(({ name }) => name === 'set');
    expect(sets.length).toBeGreaterThan(0);
    expect(sets.filter(({ isError }) => isError)).toEqual([]);
    for (const span of sets) expect(peerOf(span)).toEqual(now.address);
    expect(spans.every(({ statusText }) => statusText === '')).toBe(true);
    const bodies = rig.receiver.bodies.filter((body) => !body.includes('instrumentation-ioredis'));
    expect(bodies.join().includes(PLANTED)).toBe(false);
    console.log(
      `${String(spans.length)} spans, ${String(waited.length)} that waited for a node, ` +
        `${String(spans.filter(({ isError }) => isError).length)} errors, ${String(ofDriver.length)} connects of the driver`,
    );
  });
});

function peerOf({ attributes }: ReceivedSpan): unknown {
  return {
    host: attributes['network.peer.address'],
    port: attributes['network.peer.port'],
  };
}
