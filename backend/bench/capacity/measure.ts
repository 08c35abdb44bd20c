import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  RedisCache,
  RedisModule,
  RedisService,
  SessionModule,
  SessionService,
} from '../../src/redis/index.js';
import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';

/** What one thing takes of the memory of Redis. */
export interface Room {
  readonly what: string;
  /** Bytes of what the application gives. */
  readonly given: number;
  readonly bytes: number;
}

/** What one call takes of processors. */
export interface Work {
  readonly what: string;
  readonly perSecond: number;
  /** Microseconds of Redis, and of the process that calls. */
  readonly redisUs: number;
  readonly processUs: number;
  readonly errors: number;
}

/** How much of what is measured. */
export interface Extent {
  readonly count: number;
  readonly legMs: number;
  readonly rounds: number;
}

interface Scene {
  readonly server: RedisTestServer;
  readonly redis: RedisService;
  readonly cache: RedisCache;
  readonly sessions: SessionService;
}

const SIZES = [100, 1_000, 10_000] as const;
const SESSION_SIZES = [100, 500, 2_000] as const;
const AT_ONCE = 100;
const CALLERS = 50;
const WORKED = 1_000;
const TTL_MS = 86_400_000;

/** Measures on a Redis of its own, which keeps nothing on disk. */
export async function measureCapacity(
  extent: Extent,
): Promise<{ readonly version: string; readonly rooms: Room[]; readonly works: Work[] }> {
  const server = await startRedisServer();
  @Module({ imports: [RedisModule.forRoot(server.options()), SessionModule.forRoot()] })
  class App {}
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  try {
    const redis = app.get(RedisService);
    await redis.whenReady();
    const sessions = app.get<SessionService>(SessionService);
    const scene = { server, redis, cache: app.get(RedisCache), sessions };
    const rooms = await measureRooms(scene, extent.count);
    const works = await measureWorks(scene, extent);
    const version = (await server.node.info('server')).get('redis_version') ?? '';
    return { version, rooms, works };
  } finally {
    await app.close();
    await server.stop();
  }
}

/** Text that does not repeat, so that nothing can make it smaller. */
function textOf(bytes: number): string {
  return randomBytes(bytes).toString('base64').slice(0, bytes);
}

async function forEach(count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const size = Math.min(AT_ONCE, count - from);
    await Promise.all(Array.from({ length: size }, (_, i) => work(from + i)));
  }
}

async function measureRooms(
  { server, redis, cache, sessions }: Scene,
  count: number,
): Promise<Room[]> {
  const rooms: Room[] = [];
  const room = async (
    what: string,
    given: number,
    write: (i: number) => Promise<unknown>,
  ): Promise<void> => {
    // What buffers and scripts take is there once, and is no part of it.
    await forEach(AT_ONCE, (i) => write(-i - 1));
    const before = await usedMemory(server);
    await forEach(count, write);
    rooms.push({ what, given, bytes: ((await usedMemory(server)) - before) / count });
    await server.node.command('FLUSHALL');
  };
  for (const given of SIZES) {
    await room('a plain key', given, (i) => redis.set(`plain:${i}`, textOf(given)));
  }
  for (const given of SIZES) {
    await room('a cached value', given, (i) =>
      cache.set(`value:${i}`, textOf(given), { ttlMs: TTL_MS }),
    );
  }
  for (const given of SESSION_SIZES) {
    await room('a session, each of another user', given, (i) =>
      sessions.create({ userId: `user-${i}`, data: { text: textOf(given) } }),
    );
  }
  return rooms;
}

async function usedMemory(server: RedisTestServer): Promise<number> {
  return Number((await server.node.info('memory')).get('used_memory'));
}

async function measureWorks(scene: Scene, { legMs, rounds }: Extent): Promise<Work[]> {
  const { redis, cache, sessions } = scene;
  const value = textOf(1_000);
  await forEach(WORKED, (i) => redis.set(`plain:${i}`, value));
  await forEach(WORKED, (i) => cache.set(`value:${i}`, value, { ttlMs: TTL_MS }));
  const tokens: string[] = [];
  await forEach(WORKED, async (i) => {
    const { token } = await sessions.create({ userId: `user-${i}`, data: { text: textOf(500) } });
    tokens.push(token);
  });
  const acts: Readonly<Record<string, (i: number) => Promise<unknown>>> = {
    'GET of 1 kB': (i) => redis.get(`plain:${i}`),
    'SET of 1 kB': (i) => redis.set(`plain:${i}`, value),
    'cached value of 1 kB, from Redis': (i) => cache.get(`value:${i}`),
    'cached value of 1 kB, written': (i) => cache.set(`value:${i}`, value, { ttlMs: TTL_MS }),
    'session of 500 bytes, read': (i) => sessions.read(tokens[i] ?? ''),
    'session of 500 bytes, begun': (i) =>
      sessions.create({ userId: `user-${i}`, data: { text: value.slice(0, 500) } }),
  };
  const works: Work[] = [];
  for (let round = 0; round <= rounds; round++) {
    for (const [what, act] of Object.entries(acts)) {
      const leg = await oneLeg(scene.server, what, act, legMs);
      // The first round warms all up.
      if (round > 0) works.push(leg);
    }
  }
  return works;
}

async function oneLeg(
  server: RedisTestServer,
  what: string,
  act: (i: number) => Promise<unknown>,
  legMs: number,
): Promise<Work> {
  const redisBefore = await redisSeconds(server);
  const usedBefore = process.cpuUsage();
  const startedAt = performance.now();
  let [calls, errors] = [0, 0];
  const caller = async (): Promise<void> => {
    while (performance.now() - startedAt < legMs) {
      await act(calls++ % WORKED).catch(() => errors++);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const tookMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(usedBefore);
  const redisUs = ((await redisSeconds(server)) - redisBefore) * 1e6;
  return {
    what,
    perSecond: (calls * 1000) / tookMs,
    redisUs: redisUs / calls,
    processUs: (user + system) / calls,
    errors,
  };
}

async function redisSeconds(server: RedisTestServer): Promise<number> {
  const cpu = await server.node.info('cpu');
  return Number(cpu.get('used_cpu_user')) + Number(cpu.get('used_cpu_sys'));
}
