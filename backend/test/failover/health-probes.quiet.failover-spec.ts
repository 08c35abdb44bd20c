import { get, type IncomingMessage } from 'node:http';
import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  RedisHealthModule,
  type ClusterMetrics,
  type FullHealth,
  type ProbeAnswer,
  type RedisHealthModuleOptions,
} from '../../src/redis/health/index.js';
import { RedisCache, RedisModule, RedisService } from '../../src/redis/index.js';
import {
  startRedisCluster,
  waitUntil,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';

const PERIOD_MS = 200;
const FAILURES_TO_RESTART = 3;
const GRACE_MS = 1000;
const RECOVER_MS = 500;
const FREEZE_MS = 12_000;
const ROUTES = { live: '/health/live', ready: '/health/ready', full: '/health' } as const;
type Route = keyof typeof ROUTES;

interface Probe {
  readonly sentAt: number;
  readonly tookMs: number;
  readonly status: number;
  readonly body: unknown;
}

/** One probe as kubelet makes it: with a connection of its own. */
function probe(url: string): Promise<Probe> {
  const sentAt = Date.now();
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: 5000 }, (response: IncomingMessage) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const body: unknown = JSON.parse(Buffer.concat(parts).toString());
        const tookMs = performance.now() - begun;
        resolve({ sentAt, tookMs, status: response.statusCode ?? 0, body });
      });
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error(`no answer from ${url}`)));
  });
}

/** Probes every route at a steady pace, whatever the answers are. */
class Kubelet {
  readonly probes: Record<Route, Probe[]> = { live: [], ready: [], full: [] };
  readonly #url: string;
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Set<Promise<void>>();

  constructor(url: string) {
    this.#url = url;
    this.#timer = setInterval(() => {
      for (const route of Object.keys(ROUTES) as Route[]) this.#send(route);
    }, PERIOD_MS);
  }

  since(route: Route, at: number): Probe[] {
    return this.probes[route].filter(({ sentAt }) => sentAt >= at);
  }

  /** How often it would have restarted the container. */
  get restarts(): number {
    let failures = 0;
    let restarts = 0;
    for (const { status } of this.probes.live) {
      failures = status === 200 ? 0 : failures + 1;
      if (failures === FAILURES_TO_RESTART) restarts++;
    }
    return restarts;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }

  #send(route: Route): void {
    const sending = probe(`${this.#url}${ROUTES[route]}`)
      .catch((error: unknown) => ({ sentAt: Date.now(), tookMs: 5000, status: 0, body: error }))
      .then((done) => {
        this.probes[route].push(done);
        this.#open.delete(sending);
      });
    this.#open.add(sending);
  }
}

let cluster: RedisTestCluster;
const apps: INestApplication[] = [];
const kubelets: Kubelet[] = [];

async function startApp(options: RedisHealthModuleOptions): Promise<INestApplication> {
  @Module({
    imports: [RedisModule.forRoot(cluster.options()), RedisHealthModule.forRoot(options)],
  })
  class ProbedModule {}
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  const app = await NestFactory.create(ProbedModule, { logger: false });
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  await app.get(RedisService).whenReady(10_000);
  return app;
}

async function watch(app: INestApplication): Promise<Kubelet> {
  const kubelet = new Kubelet(await app.getUrl());
  kubelets.push(kubelet);
  return kubelet;
}

const everyNode = (): RedisTestNode[] => [...cluster.nodes(), ...cluster.sentinels()];

async function connectionIds(): Promise<string[]> {
  const lists = await Promise.all(everyNode().map((node) => node.command('CLIENT', 'LIST')));
  const ours = /^id=(\d+).* name=nestjs-redis-ha/gm;
  return lists.flatMap((list, i) =>
    [...(list as string | Buffer).toString().matchAll(ours)]
      .map(([, id]) => `${String(i)}:${String(id)}`)
      .sort(),
  );
}

function p99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
}

const isReady = ({ status }: Probe): boolean => status === 200;
const redisOf = ({ body }: Probe): FullHealth['redis'] => (body as FullHealth).redis;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let optional: INestApplication;
let required: INestApplication;
let ofOptional: Kubelet;
let ofRequired: Kubelet;
let traffic: NodeJS.Timeout;

beforeAll(async () => {
  cluster = await startRedisCluster();
  optional = await startApp({});
  required = await startApp({
    required: true,
    needs: 'reads',
    graceMs: GRACE_MS,
    recoverMs: RECOVER_MS,
  });
  ofOptional = await watch(optional);
  ofRequired = await watch(required);
  let turn = 0;
  traffic = setInterval(() => {
    for (const app of [optional, required]) {
      const cache = app.get(RedisCache);
      cache.getOrSet(`key-${String(turn++ % 50)}`, () => turn).catch(() => undefined);
    }
  }, 20);
});

afterAll(async () => {
  clearInterval(traffic);
  await Promise.all(kubelets.map((kubelet) => kubelet.stop()));
  for (const node of everyNode()) node.thaw();
  await Promise.all(apps.map((app) => app.close()));
  await cluster.stop();
});

it('five hundred probes open no connection to Redis', async () => {
  const url = await required.getUrl();
  await waitUntil(() => ofRequired.probes.ready.some(isReady), { what: 'it is ready' });
  const before = await connectionIds();
  const paths = [...Object.values(ROUTES), '/health/startup', '/api/health/redis/metrics'];
  for (let i = 0; i < 100; i++) await Promise.all(paths.map((path) => probe(`${url}${path}`)));
  expect(await connectionIds()).toEqual(before);
});

it('a killed primary costs no readiness, and is shown in the metrics', async () => {
  const killedAt = Date.now();
  const old = await cluster.currentPrimary();
  await old.kill();
  const redis = required.get(RedisService);
  await waitUntil(() => redis.status.failovers.count > 0 && redis.status.canWrite, {
    what: 'the application writes again',
    timeoutMs: 20_000,
  });
  await pause(RECOVER_MS + 2 * PERIOD_MS);
  for (const kubelet of [ofOptional, ofRequired]) {
    expect(kubelet.since('ready', killedAt).filter((one) => !isReady(one))).toEqual([]);
    expect(kubelet.since('full', killedAt).filter((one) => !isReady(one))).toEqual([]);
  }
  const metrics = await probe(`${await required.getUrl()}/api/health/redis/metrics`);
  const body = metrics.body as ClusterMetrics;
  expect(body.failover.total_count_24h).toBe(1);
  expect(Date.parse(body.failover.last_event ?? '')).toBeGreaterThanOrEqual(killedAt);
  const gone = body.cluster.replicas.find(({ port }) => port === old.address.port);
  expect(gone?.status ?? 'offline').toBe('offline');
  const shown = redisOf(await probe(`${await required.getUrl()}/health`));
  expect(shown.sentinel).toMatchObject({ failoverCount: 1, lastFailover: { from: old.address } });
  await old.restart();
  await cluster.waitForReady();
});

it('with every node frozen: an optional Redis is degraded; with a required one, the application is not ready after the grace, and ready again after the return', async () => {
  const frozenAt = Date.now();
  await Promise.all(everyNode().map((node) => node.freeze()));
  await pause(FREEZE_MS);
  const thawedAt = Date.now();
  for (const node of everyNode()) node.thaw();
  await waitUntil(() => isReady(ofRequired.probes.ready.at(-1)!), {
    what: 'the application that needs Redis is ready again',
    timeoutMs: 20_000,
  });
  const readyAt = Date.now();
  await pause(4 * PERIOD_MS);
  await Promise.all(kubelets.map((kubelet) => kubelet.stop()));

  const unready = ofRequired.since('ready', frozenAt).filter((one) => !isReady(one));
  const since = Date.parse((unready[0]!.body as ProbeAnswer).since);
  expect(since).toBeGreaterThanOrEqual(frozenAt);
  // Not ready before the grace is over, and no later than the second probe after it.
  const due = ofRequired.since('ready', since + GRACE_MS);
  expect(due.findIndex((one) => !isReady(one))).toBeLessThanOrEqual(1);
  // The calendar of the answer is in whole milliseconds.
  expect(unready[0]!.sentAt + unready[0]!.tookMs).toBeGreaterThanOrEqual(since + GRACE_MS - 2);
  expect(since - frozenAt).toBeLessThan(3000);
  // Ready again no later than the second probe after Redis has worked for long enough.
  const full = ofRequired.since('full', thawedAt);
  const lastDown = full.findLastIndex((one) => redisOf(one).status === 'down');
  const wellAt = full[lastDown + 1]!.sentAt;
  const afterwards = ofRequired.since('ready', wellAt + RECOVER_MS);
  expect(afterwards.findIndex(isReady)).toBeLessThanOrEqual(1);
  expect(afterwards.slice(2).every(isReady)).toBe(true);
  // The full response says the same.
  const failing = ofRequired.since('full', frozenAt).filter((one) => !isReady(one));
  expect(failing.length).toBeGreaterThan(0);
  expect(Math.abs(failing.length - unready.length)).toBeLessThanOrEqual(2);
  expect(failing[0]!.body).toMatchObject({ status: 'error', error: { redis: { status: 'down' } } });

  const away = ofOptional.since('full', frozenAt).filter((one) => redisOf(one).status === 'down');
  expect(away.length).toBeGreaterThan(20);
  expect(new Set(away.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(away.map(({ body }) => (body as FullHealth).status))).toEqual(
    new Set(['degraded']),
  );
  expect(ofOptional.probes.ready.every(isReady)).toBe(true);
  console.log(
    `frozen ${String(thawedAt - frozenAt)} ms: seen after ${String(since - frozenAt)} ms, unready ` +
      `${String(unready[0]!.sentAt - frozenAt)} ms after the freeze, ready ${String(readyAt - thawedAt)} ms after the thaw`,
  );
});

it('liveness never failed, and every probe was answered in time', () => {
  for (const kubelet of kubelets) expect(kubelet.restarts).toBe(0);
  const live = kubelets.flatMap(({ probes }) => probes.live);
  const ready = kubelets.flatMap(({ probes }) => probes.ready);
  const times = live.map(({ tookMs }) => tookMs);
  const slowest = Math.max(...ready.map(({ tookMs }) => tookMs));
  console.log(
    `${String(live.length)} probes each: live p99 ${p99(times).toFixed(1)} ms, slowest ready ${slowest.toFixed(1)} ms`,
  );
  expect(live.filter(({ status }) => status !== 200)).toEqual([]);
  expect(p99(times)).toBeLessThan(50);
  expect(slowest).toBeLessThan(300);
});
