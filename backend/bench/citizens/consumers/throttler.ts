import 'reflect-metadata';
import { ThrottlerStorageRedisService } from '@nest-lab/throttler-storage-redis';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule, type ThrottlerStorage } from '@nestjs/throttler';
import { Books } from '../books.js';
import type { StartConsumer } from '../consumer.js';

const LIMIT = 1_000_000;
const TTL_MS = 600_000;
const ANSWER_MS = 10_000;

@Controller()
class HelloController {
  @Get()
  hello(): string {
    return 'hello';
  }
}

@Module({})
class ThrottledModule {}

/** A Nest application behind `ThrottlerGuard`, asked over HTTP: each request is a hit of the same caller. */
export const startThrottler: StartConsumer = async (connections, name) => {
  const client = connections.client();
  const app = await listen(new ThrottlerStorageRedisService(client), name);
  await client.ping();
  const url = await app.getUrl();
  const books = new Books('requests');
  return {
    books: [books],
    ask: (number) => books.ask(number, request(url), { isDone: true }),
    // This request is counted too.
    rows: async () => [books.counted(LIMIT - (await request(url).catch(() => NaN)) - 1)],
    async close() {
      await app.close();
      client.disconnect();
    },
  };
};

async function listen(storage: ThrottlerStorage, caller: string): Promise<INestApplication> {
  const throttlers = [{ limit: LIMIT, ttl: TTL_MS, generateKey: () => caller }];
  const app = await NestFactory.create(
    {
      module: ThrottledModule,
      imports: [ThrottlerModule.forRoot({ throttlers, storage })],
      controllers: [HelloController],
      providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
    },
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
    { logger: false },
  );
  await app.listen(0, '127.0.0.1');
  return app;
}

/** How many hits the caller has left. */
async function request(url: string): Promise<number> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(url, { signal });
  await answer.text();
  if (answer.status !== 200) throw new Error(`HTTP ${String(answer.status)}`);
  return Number(answer.headers.get('x-ratelimit-remaining'));
}
