import 'reflect-metadata';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Registry } from 'prom-client';
import { RedisCache, RedisModule, RedisService } from '../../src/redis/index.js';
import { RedisMetricsModule } from '../../src/redis/metrics/index.js';
import { SessionModule, SessionService } from '../../src/redis/sessions/index.js';
import type { ClusterPlace } from '../clients/bench-client.js';
import { productOf, SESSIONS, writtenKey, type DirectClient } from './direct-client.js';

const SCRAPE_EVERY_MS = 1000;
const PRODUCT_TTL_MS = 60_000;

@Module({})
class DirectModule {}

/** This library with everything that is on by default, and its metrics read once a second. */
export async function openOurs(place: ClusterPlace): Promise<DirectClient> {
  const registry = new Registry();
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  const app = await NestFactory.createApplicationContext(moduleFor(place, registry), {
    logger: false,
  });
  const redis = app.get(RedisService);
  const sessions = app.get(SessionService);
  const products = app.get(RedisCache).namespace('products', { ttlMs: PRODUCT_TTL_MS });
  await redis.whenReady();
  const tokens: string[] = [];
  for (let user = 1; user <= SESSIONS; user++) {
    tokens.push((await sessions.create({ userId: `user-${user}`, data: {} })).token);
  }
  const scrape = setInterval(() => void registry.metrics(), SCRAPE_EVERY_MS);
  return {
    readSession: (index) => sessions.read(tokens[index] ?? ''),
    readProduct: (id) => products.getOrSet(`product:${id}`, () => productOf(id)),
    write: (id) => redis.set(writtenKey(id), 'value'),
    close() {
      clearInterval(scrape);
      return app.close();
    },
  };
}

function moduleFor(
  { masterName, sentinels, password }: ClusterPlace,
  registry: Registry,
): DynamicModule {
  return {
    module: DirectModule,
    imports: [
      RedisModule.forRoot({
        mode: 'sentinel',
        sentinel: { masterName, nodes: sentinels },
        node: { password },
      }),
      SessionModule.forRoot(),
      RedisMetricsModule.forRoot({ registry, path: false }),
    ],
  };
}
