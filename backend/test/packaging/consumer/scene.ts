// The scene in which the examples of the pages are run: a cluster, and an application on it. The environment names
// that cluster, so that `RedisModule.forRoot()` of an example finds it.
import type { AddressInfo } from 'node:net';
import { format } from 'node:util';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  RedisCache,
  RedisModule,
  RedisService,
  SessionModule,
  SessionService,
} from 'nestjs-redis-ha';
import { startRedisCluster, type RedisTestCluster } from 'nestjs-redis-ha/testing';

/** What is done with an example sees these, beside the example itself. */
export interface Scene {
  readonly redis: RedisService;
  readonly cache: RedisCache;
  readonly sessions: SessionService;
  readonly cluster: RedisTestCluster;
  /** What the example has printed, line by line. */
  readonly printed: readonly string[];
  /** The example itself. */
  readonly text: string;
  /** A signal that does not fire. */
  readonly signal: AbortSignal;
  /** Starts an application of these modules. It is closed when the example has ended. */
  start(...imports: (Type | DynamicModule)[]): Promise<Started>;
}

export interface Started {
  get<T>(token: string | (abstract new (...args: never[]) => T)): T;
  /** Sends a request to it. */
  ask(path: string, init?: RequestInit): Promise<{ status: number; text: string; json: unknown }>;
}

export interface Stage {
  readonly scene: Omit<Scene, 'text'>;
  /** Ends what the last example has begun, and empties Redis. */
  clear(): Promise<void>;
  end(): Promise<void>;
}

class Root {}

const printed: string[] = [];

function print(...said: unknown[]): void {
  printed.push(...format(...said).split('\n'));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function start(
  ending: (() => Promise<void>)[],
  imports: (Type | DynamicModule)[],
): Promise<Started> {
  const app = await NestFactory.create({ module: Root, imports }, { logger: false });
  ending.push(() => app.close());
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    get: (token) => app.get(token as string),
    ask: async (path, init) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
      const text = await response.text();
      return { status: response.status, text, json: parsed(text) };
    },
  };
}

export async function openStage(): Promise<Stage> {
  const cluster = await startRedisCluster();
  // An example reads what it has just written: from the primary, since a replica may not have it yet.
  Object.assign(process.env, cluster.env(), { REDIS_ROUTING_READ_POLICY: 'primary' });
  console.log = print;
  console.error = print;
  const connection = RedisModule.forRoot(
    // As docs/near.md says.
    { near: { prefixes: ['flag:', 'price:'] } },
    { overEnvironment: true },
  );
  const app = await NestFactory.createApplicationContext(
    { module: Root, imports: [connection, SessionModule.forRoot()] },
    { logger: false },
  );
  const redis = app.get(RedisService);
  await redis.whenReady(10_000);
  const ending: (() => Promise<void>)[] = [];
  const clear = async (): Promise<void> => {
    await Promise.all(ending.splice(0).map((end) => end()));
    await redis.flushall();
    printed.length = 0;
  };
  return {
    scene: {
      redis,
      cluster,
      printed,
      cache: app.get(RedisCache),
      sessions: app.get(SessionService),
      signal: new AbortController().signal,
      start: (...imports) => start(ending, imports),
    },
    clear,
    end: async () => {
      await clear();
      await app.close();
      await cluster.stop();
    },
  };
}
