// Operations without HTTP: one process that reads sessions, reads cached products and writes, on an open loop. What the
// library does by itself when everything is switched on: sessions, cache, metrics (read once a second), facts.
import { createRequire } from 'node:module';
import { Redis } from 'ioredis';
import { at } from '../lib/paths.mjs';
import { now, sleep } from './clock.mjs';
import { seededRandom } from './mix.mjs';
import { OpenLoop } from './open-loop.mjs';
import { summary } from './series.mjs';

const SESSIONS = 200;
const PRODUCTS = 1000;
const SESSION_SHARE = 0.7;
const WRITE_SHARE = 0.03;
const DRAIN_MS = 3_000;

const product = (id) => ({ id, name: `Product ${id}`, description: 'A thing. '.repeat(15) });

async function openOurs() {
  const lib = await import(at('dist', 'lib', 'esm', 'index.js'));
  const metrics = await import(at('dist', 'lib', 'esm', 'observability', 'index.js'));
  const require = createRequire(at('package.json'));
  const { NestFactory } = require('@nestjs/core');
  const { Registry } = require('prom-client');
  const registry = new Registry();
  const imports = [
    lib.RedisModule.forRoot(),
    lib.SessionModule.forRoot(),
    metrics.RedisMetricsModule.forRoot({ registry, path: false }),
  ];
  class Root {}
  const app = await NestFactory.createApplicationContext(
    { module: Root, imports },
    { logger: false },
  );
  const redis = app.get(lib.RedisService);
  const sessions = app.get(lib.SessionService);
  const products = app.get(lib.RedisCache).namespace('products', { ttlMs: 60_000 });
  await redis.whenReady();
  const tokens = [];
  for (let user = 1; user <= SESSIONS; user++) {
    tokens.push((await sessions.create({ userId: `user-${user}`, data: {} })).token);
  }
  const scrape = setInterval(() => void registry.metrics(), 1_000);
  return {
    readSession: (index) => sessions.read(tokens[index]),
    readProduct: (id) => products.getOrSet(`product:${id}`, () => product(id)),
    write: (id) => redis.set(`drill:direct:${id}`, 'value'),
    close: () => {
      clearInterval(scrape);
      return app.close();
    },
  };
}

async function openBare() {
  const sentinels = process.env.REDIS_SENTINELS.split(',').map((address) => {
    const [host, port] = address.split(':');
    return { host, port: Number(port) };
  });
  const redis = new Redis({ sentinels, name: process.env.REDIS_SENTINEL_MASTER_NAME });
  redis.on('error', () => undefined);
  for (let user = 0; user < SESSIONS; user++) {
    await redis.set(`session:${user}`, JSON.stringify({ userId: `user-${user}` }), 'EX', 1800);
  }
  return {
    readSession: async (index) => JSON.parse(await redis.get(`session:${index}`)),
    readProduct: async (id) => {
      const kept = await redis.get(`product:${id}`);
      if (kept !== null) return JSON.parse(kept);
      const loaded = product(id);
      await redis.set(`product:${id}`, JSON.stringify(loaded), 'EX', 60);
      return loaded;
    },
    write: (id) => redis.set(`drill:direct:${id}`, 'value'),
    close: () => redis.disconnect(),
  };
}

function next(client, random) {
  const chance = random();
  const id = 1 + Math.floor(random() * PRODUCTS);
  if (chance < SESSION_SHARE) return client.readSession(id % SESSIONS);
  return chance < 1 - WRITE_SHARE ? client.readProduct(id) : client.write(id);
}

/** One level: `rate` operations a second for some seconds. */
async function level(client, rate, seconds, random) {
  const latencies = [];
  let failed = 0;
  let open = 0;
  const loop = new OpenLoop(rate, (dueAt) => {
    open += 1;
    next(client, random)
      .then(
        () => latencies.push(now() - dueAt),
        () => (failed += 1),
      )
      .finally(() => (open -= 1));
  });
  const startedAt = now();
  loop.start(startedAt);
  await sleep(seconds * 1000);
  loop.stop(startedAt + seconds * 1000);
  const done = latencies.length;
  const giveUpAt = now() + DRAIN_MS;
  while (open > 0 && now() < giveUpAt) await sleep(10);
  const { p50, p99 } = summary(latencies);
  return { rate, perSecond: Math.round(done / seconds), p50, p99, failed: failed + open };
}

process.on('message', async ({ rates, seconds }) => {
  const client = await (process.argv[2] === 'bare' ? openBare() : openOurs());
  const random = seededRandom(7);
  await level(client, rates[0] / 2, 2, random);
  const levels = [];
  for (const rate of rates) levels.push(await level(client, rate, seconds, random));
  await client.close();
  process.send({ levels }, () => process.exit(0));
});
process.on('disconnect', () => process.exit(0));
