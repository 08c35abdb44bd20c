import 'reflect-metadata';
import { Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RedisCache, RedisModule, RedisService, type RedisHaEvent } from '../../src/redis/index.js';
import { SessionModule, SessionService } from '../../src/redis/sessions/index.js';
import { TTL_MS, type MemoryUse, type NoteBook, type OutageClient } from './outage-client.js';

/** So little that the load reaches it. */
const MEMORY_BYTES = 4 * 1024 * 1024;

@Module({})
class OutageModule {}

/** This library, as an application has it. */
export async function openOurs(port: number, book: NoteBook): Promise<OutageClient> {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  const app = await NestFactory.createApplicationContext(moduleFor(port), { logger: false });
  const redis = app.get(RedisService);
  const cache = app.get(RedisCache).namespace('bench', { ttlMs: TTL_MS });
  await redis.whenReady();
  redis.onAny((event) => {
    const text = noteOf(event);
    if (text !== null) book.note(text);
  });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    getOrSet: (key, loader) => cache.getOrSet(key, loader),
    openSessions: (count) => openSessions(app, count),
    memory: () => memoryOf(redis),
    close: () => app.close(),
  };
}

function moduleFor(port: number): DynamicModule {
  return {
    module: OutageModule,
    imports: [
      RedisModule.forRoot({
        mode: 'standalone',
        host: '127.0.0.1',
        port,
        fallback: { maxBytes: MEMORY_BYTES },
      }),
      SessionModule.forRoot(),
    ],
  };
}

async function openSessions(
  app: INestApplicationContext,
  count: number,
): Promise<(index: number) => Promise<boolean>> {
  const sessions = app.get(SessionService);
  const tokens: string[] = [];
  for (let i = 0; i < count; i++) {
    const { token } = await sessions.create({ userId: `user-${String(i)}`, data: { number: i } });
    tokens.push(token);
  }
  return async (index) => {
    const { userId } = await sessions.read(tokens[index] ?? '');
    return userId === `user-${String(index)}`;
  };
}

function memoryOf({ status }: RedisService): MemoryUse {
  const { bytes, maxBytes } = status.fallback.memory;
  return { bytes, bound: maxBytes };
}

/** What is worth a line; a breaker that tries again twice a second is not. */
function noteOf(event: RedisHaEvent): string | null {
  switch (event.type) {
    case 'breaker.opened':
      return `${event.type} ${event.direction}: ${event.reason}`;
    case 'breaker.closed':
      return `${event.type} ${event.direction}`;
    case 'mode.changed':
      return `${event.type} ${event.change.from} → ${event.change.to}: ${event.change.reason}`;
    case 'journal.replayed':
      return `${event.type} ${JSON.stringify(event.report)}`;
    case 'journal.dropped':
      return `${event.type} ${String(event.count)}: ${event.reason}`;
    case 'value.rejected':
    case 'cache.load-failed':
    case 'value.write-failed':
    case 'listener.failed':
      return event.type;
    default:
      return null;
  }
}
