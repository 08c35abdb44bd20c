import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  RedisModule,
  RedisService,
  SessionModule,
  SessionService,
  type RedisHaOptions,
} from '../../src/redis/index.js';
import { serveCalls } from './serve-calls.js';
import { doorTo, type SessionDoor } from './session-door.js';

/** What the parent passes to this process. */
export interface SessionWorkerPlan {
  readonly options: RedisHaOptions;
}

const plan = JSON.parse(process.argv[2] ?? '{}') as SessionWorkerPlan;
const unhandled: string[] = [];
process.on('unhandledRejection', (reason) => {
  unhandled.push(String(reason));
});

@Module({ imports: [RedisModule.forRoot(plan.options), SessionModule.forRoot()] })
class WorkerModule {}

// eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
const started = NestFactory.createApplicationContext(WorkerModule, {
  logger: false,
  abortOnError: false,
});
started.catch(() => undefined);

const door = async (): Promise<SessionDoor> =>
  doorTo((await started).get<SessionService<{ n: number }>>(SessionService));

serveCalls({
  ready: async () => {
    await (await started).get(RedisService).whenReady(20_000);
    return true;
  },
  create: async (userId: string, n: number) => (await door()).create(userId, n),
  read: async (token: string) => (await door()).read(token),
  update: async (token: string, n: number) => (await door()).update(token, n),
  touch: async (token: string) => (await door()).touch(token),
  rotate: async (token: string) => (await door()).rotate(token),
  destroy: async (token: string) => (await door()).destroy(token),
  destroyOthers: async (userId: string, token: string) =>
    (await door()).destroyOthers(userId, token),
  readAll: async (tokens: readonly string[]) => (await door()).readAll(tokens),
  status: async () => (await started).get(RedisService).status.fallback,
  unhandled: () => unhandled,
});
