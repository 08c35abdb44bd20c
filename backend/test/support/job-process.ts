import 'reflect-metadata';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  RedisCache,
  RedisModule,
  RedisService,
  type RedisHaOptions,
} from '../../src/redis/index.js';

/** What a process without a server does. */
export type JobName =
  /** One write; then the application is closed. */
  | 'one-write'
  /** Takes elements of a list until one of them is `stop`; then the application is closed. */
  | 'worker'
  /** Nothing, until a signal closes the application. */
  | 'idle'
  /** Stores a value in a namespace of the cache, then as `idle`. */
  | 'store'
  /** Closes the application as soon as it has started. */
  | 'close'
  /** The same, of a test of the application that replaces `RedisService`. */
  | 'close-test'
  /** Makes calls wrongly and awaits none of them, then awaits one that is right. */
  | 'forgetful';

/** What the parent passes to this process on its command line. */
export interface JobPlan {
  readonly options: RedisHaOptions;
  readonly job: JobName;
}

const plan = JSON.parse(process.argv[2] ?? '{}') as JobPlan;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function takeUntilStop(redis: RedisService): Promise<void> {
  say('WORKING');
  for (;;) {
    try {
      const taken = await redis.blpop('jobs', 0);
      say(`TAKEN ${taken?.[1] ?? ''}`);
      if (taken?.[1] === 'stop') return;
    } catch (error) {
      // The connection was cut while it waited. A worker asks again.
      say(`FAILED ${(error as { code?: string }).code ?? String(error)}`);
    }
  }
}

const JOBS: Readonly<Record<JobName, (app: INestApplicationContext) => Promise<unknown>>> = {
  'one-write': (app) => app.get(RedisService).set('job', 'done'),
  worker: (app) => takeUntilStop(app.get(RedisService)),
  idle: () => untilSignal(),
  store: async (app) => {
    const values = app.get(RedisCache).namespace('values', { ttlMs: 60_000 });
    await values.set('key', 'value');
    say('STORED');
    await untilSignal();
  },
  close: () => Promise.resolve(),
  'close-test': () => Promise.resolve(),
  forgetful: async (app) => {
    process.on('unhandledRejection', (error) => {
      say(`UNHANDLED ${(error as { code?: string }).code ?? String(error)}`);
    });
    const redis = app.get(RedisService);
    const values = app.get(RedisCache).namespace('values', { ttlMs: 60_000 });
    const nothing = undefined as never;
    for (const call of [
      () => redis.get(nothing),
      () => redis.set('k', nothing),
      () => redis.exclusive(nothing),
      () => redis.subscribe('news', nothing),
      () => values.set('k', 1n),
      () => redis.ping(),
    ]) {
      void forget(call);
    }
    await redis.ping();
  },
};

// Whether it throws at once or rejects, nobody awaits it.
async function forget(call: () => unknown): Promise<void> {
  await call();
}

// Nest ends the process by the signal itself when the application is closed, so this is never over.
function untilSignal(): Promise<void> {
  say('IDLE');
  return new Promise(() => undefined);
}

@Module({ imports: [RedisModule.forRoot(plan.options)] })
class JobModule {}

function startJob(): Promise<INestApplicationContext> {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  return NestFactory.createApplicationContext(JobModule, { logger: ['warn', 'error'] });
}

async function startTest(): Promise<INestApplicationContext> {
  const module = Test.createTestingModule({ imports: [JobModule] });
  const app = await module
    .overrideProvider(RedisService)
    .useValue({ get: () => 'fake' })
    .compile();
  return app.init();
}

async function main(): Promise<void> {
  const app = plan.job === 'close-test' ? await startTest() : await startJob();
  app.enableShutdownHooks();
  say('STARTED');
  try {
    await JOBS[plan.job](app);
  } finally {
    await app.close();
    say('CLOSED');
  }
}

main().catch((error: unknown) => {
  say(`ERROR ${(error as { code?: string }).code ?? String(error)}`);
  process.exitCode = 1;
});
