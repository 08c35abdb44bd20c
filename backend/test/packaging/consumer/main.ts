// The application of a stranger who installed the package: compiled and run by scripts/test-pack.mjs, as ESM and
// as CommonJS, against several versions of Nest, ioredis and Node. Nothing here may know the repository.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { RedisModule, RedisService, type RedisHaOptions } from 'nestjs-redis-ha';
import { RedisHealthIndicator } from 'nestjs-redis-ha/health';
import { startRedisServer } from 'nestjs-redis-ha/testing';

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicator: RedisHealthIndicator,
    private readonly redis: RedisService,
  ) {}

  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.indicator.isHealthy('redis', this.redis)]);
  }
}

function appModule(options: RedisHaOptions) {
  @Module({
    imports: [RedisModule.forRoot(options), TerminusModule],
    controllers: [HealthController],
    providers: [RedisHealthIndicator],
  })
  class AppModule {}
  return AppModule;
}

async function setsAndGets(app: INestApplication): Promise<void> {
  const redis = app.get(RedisService);
  await redis.set('packaging', 'works');
  assert.equal(await redis.get('packaging'), 'works');
}

async function answersHealth(app: INestApplication): Promise<void> {
  const response = await fetch(`${await app.getUrl()}/health`);
  const body = (await response.json()) as { status: string; details: Record<string, unknown> };
  assert.equal(response.status, 200, JSON.stringify(body));
  assert.equal(body.status, 'ok');
  assert.ok('redis' in body.details, JSON.stringify(body));
}

async function main(): Promise<void> {
  const server = await startRedisServer();
  try {
    const app = await NestFactory.create(appModule(server.options()), {
      logger: ['error', 'warn'],
    });
    try {
      await app.listen(0, '127.0.0.1');
      await setsAndGets(app);
      await answersHealth(app);
    } finally {
      await app.close();
    }
  } finally {
    await server.stop();
  }
  // From here on nothing may keep the process alive: the caller measures it.
  console.log('CLOSED');
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
