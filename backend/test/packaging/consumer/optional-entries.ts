// The entries whose peers an application need not have: /liaoliaots, /metrics and /tracing. Compiled and run like main.ts.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Injectable, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RedisService as NamedClients } from '@liaoliaots/nestjs-redis';
import { RedisModule, RedisService, type RedisHaOptions } from 'nestjs-redis-ha';
import { LiaoliaotsRedisModule } from 'nestjs-redis-ha/liaoliaots';
import { RedisMetricsModule } from 'nestjs-redis-ha/metrics';
import { RedisTracingModule } from 'nestjs-redis-ha/tracing';
import { startRedisServer } from 'nestjs-redis-ha/testing';

@Injectable()
class Limits {
  constructor(readonly clients: NamedClients) {}

  hit(): Promise<number> {
    return this.clients.getOrThrow('limits').incr('hits');
  }
}

function appModule(options: RedisHaOptions) {
  @Module({
    imports: [
      RedisModule.forRoot(options),
      LiaoliaotsRedisModule.forRoot({ namespaces: ['limits', 'jobs'] }),
      RedisMetricsModule.forRoot(),
      RedisTracingModule.forRoot({ queryText: true }),
    ],
    providers: [Limits],
  })
  class AppModule {}
  return AppModule;
}

async function withApp(
  options: RedisHaOptions,
  use: (app: INestApplication) => Promise<void>,
): Promise<void> {
  const app = await NestFactory.create(appModule(options), { logger: ['error', 'warn'] });
  try {
    await app.listen(0, '127.0.0.1');
    await use(app);
  } finally {
    await app.close();
  }
}

async function namedClientsWork(app: INestApplication): Promise<void> {
  assert.equal(await app.get(Limits).hit(), 1);
  assert.equal(await app.get(RedisService).get('hits'), '1');
  // Blocked until the application closes: it must not wait for it.
  void app
    .get(Limits)
    .clients.getOrThrow('jobs')
    .blpop('nothing-comes', 0)
    .catch(() => undefined);
}

async function metricsAreThere(app: INestApplication): Promise<void> {
  const response = await fetch(`${await app.getUrl()}/metrics`);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  assert.match(text, /^redis_ha_\w+/m);
}

async function namedClientsRefuse(app: INestApplication): Promise<void> {
  await assert.rejects(app.get(Limits).hit(), { code: 'REDIS_DISABLED' });
}

async function main(): Promise<void> {
  const server = await startRedisServer();
  try {
    await withApp(server.options(), async (app) => {
      await namedClientsWork(app);
      await metricsAreThere(app);
    });
  } finally {
    await server.stop();
  }
  await withApp({ mode: 'memory' }, namedClientsRefuse);
  console.log('CLOSED');
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
