// The application of a stranger who installed the package: compiled and run by scripts/test-pack.mjs, as ESM and
// as CommonJS, against several versions of Nest, ioredis and Node. Nothing here may know the repository.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import {
  Controller,
  Get,
  Injectable,
  Module,
  UseGuards,
  type INestApplication,
} from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import {
  Cached,
  CurrentSession,
  RedisCache,
  RedisErrorFilter,
  RedisModule,
  RedisService,
  SessionGuard,
  SessionModule,
  SessionService,
  type RedisHaOptions,
  type Session,
} from 'nestjs-redis-ha';
import { RedisHealthIndicator, RedisHealthModule } from 'nestjs-redis-ha/health';
import { startRedisServer } from 'nestjs-redis-ha/testing';

@Controller('own-health')
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

@Injectable()
class Prices {
  loads = 0;

  @Cached({ namespace: 'prices', ttlMs: 60_000 })
  async of(article: string): Promise<{ article: string; cents: number }> {
    this.loads++;
    return { article, cents: 100 };
  }
}

@Controller('me')
@UseGuards(SessionGuard)
class MeController {
  @Get()
  me(@CurrentSession() session: Session) {
    return { userId: session.userId };
  }
}

@Controller('failing')
class FailingController {
  constructor(private readonly redis: RedisService) {}

  /** There is no replica. */
  @Get('for-now')
  forNow() {
    return this.redis.with({ readPolicy: 'replica', timeoutMs: 20 }).get('key');
  }

  @Get('for-good')
  forGood() {
    return this.redis.call('no-such-command');
  }
}

function appModule(options: RedisHaOptions) {
  @Module({
    imports: [
      RedisModule.forRoot(options),
      RedisHealthModule.forRoot(),
      SessionModule.forRoot(),
      TerminusModule,
    ],
    controllers: [HealthController, MeController, FailingController],
    providers: [RedisHealthIndicator, Prices, { provide: APP_FILTER, useClass: RedisErrorFilter }],
  })
  class AppModule {}
  return AppModule;
}

async function setsAndGets(app: INestApplication): Promise<void> {
  const redis = app.get(RedisService);
  await redis.set('packaging', 'works');
  assert.equal(await redis.get('packaging'), 'works');
}

async function loadsOnce(app: INestApplication): Promise<void> {
  const prices = app.get(Prices);
  assert.deepEqual(await prices.of('tea'), { article: 'tea', cents: 100 });
  assert.deepEqual(await prices.of('tea'), { article: 'tea', cents: 100 });
  assert.equal(prices.loads, 1);
  const cache = app.get(RedisCache);
  assert.equal(await cache.getOrSet('answer', () => 42), 42);
  assert.equal(await cache.get('answer'), 42);
}

async function letsIn(app: INestApplication): Promise<void> {
  const { token } = await app.get(SessionService).create({ userId: 'ada', data: {} });
  const url = `${await app.getUrl()}/me`;
  const known = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(known.status, 200, await known.clone().text());
  assert.deepEqual(await known.json(), { userId: 'ada' });
  assert.equal((await fetch(url)).status, 401);
}

async function answersErrors(app: INestApplication): Promise<void> {
  const forNow = await fetch(`${await app.getUrl()}/failing/for-now`);
  assert.equal(forNow.status, 503);
  assert.equal(forNow.headers.get('retry-after'), '1');
  assert.equal(((await forNow.json()) as { code: string }).code, 'NO_REPLICA');
  const forGood = await fetch(`${await app.getUrl()}/failing/for-good`);
  assert.equal(forGood.status, 500);
  assert.equal(((await forGood.json()) as { code: string }).code, 'COMMAND_REJECTED');
}

async function answersHealth(app: INestApplication): Promise<void> {
  for (const path of ['own-health', 'health']) {
    const body = await answerOf<HealthBody>(app, path);
    assert.equal(body.status, 'ok', JSON.stringify(body));
    assert.ok('redis' in body.details, JSON.stringify(body));
  }
  const { redis } = await answerOf<HealthBody>(app, 'health');
  assert.equal(redis?.status, 'up');
  assert.equal(redis.mode, 'standalone');
  for (const probe of ['live', 'ready', 'startup']) await answerOf(app, `health/${probe}`);
  assert.equal((await answerOf<HealthBody>(app, 'api/health/redis/metrics')).status, 'healthy');
}

interface HealthBody {
  readonly status: string;
  readonly details: Record<string, unknown>;
  readonly redis?: { readonly status: string; readonly mode: string };
}

async function answerOf<T>(app: INestApplication, path: string): Promise<T> {
  const response = await fetch(`${await app.getUrl()}/${path}`);
  const text = await response.text();
  assert.equal(response.status, 200, `${path}: ${text}`);
  return JSON.parse(text) as T;
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
      await loadsOnce(app);
      await letsIn(app);
      await answersErrors(app);
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
