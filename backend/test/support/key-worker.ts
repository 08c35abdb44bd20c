import 'reflect-metadata';
import { Module, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RedisModule, RedisService, SessionModule, SessionService } from '../../src/redis/index.js';
import { serveCalls } from './serve-calls.js';

/** What the parent passes to this process. */
export interface KeyWorkerPlan {
  /** Environment variables, for all that is configured. */
  readonly env: Readonly<Record<string, string>>;
}

/** What became of a call: the data of the session, or why there is none. */
export interface SessionAnswer {
  readonly data?: unknown;
  readonly reason?: unknown;
}

const plan = JSON.parse(process.argv[2] ?? '{}') as KeyWorkerPlan;
Object.assign(process.env, plan.env);

@Module({ imports: [RedisModule.forRoot(), SessionModule.forRoot()] })
class WorkerModule {}

const lines: string[] = [];
const keep = (line: unknown): void => {
  lines.push(String(line));
};
const logger: LoggerService = { log: keep, error: keep, warn: keep, debug: keep, verbose: keep };
// eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
const started = NestFactory.createApplicationContext(WorkerModule, { logger, abortOnError: false });
started.catch(() => undefined);

async function sessions(): Promise<SessionService> {
  return (await started).get(SessionService);
}

async function answer(call: Promise<{ readonly data: unknown }>): Promise<SessionAnswer> {
  try {
    return { data: (await call).data };
  } catch (error) {
    const { code, details } = error as { code?: string; details?: { reason?: string } };
    return { reason: details?.reason ?? code ?? String(error) };
  }
}

serveCalls({
  ready: async () => {
    await (await started).get(RedisService).whenReady(20_000);
    return true;
  },
  create: async (userId: string, data: Record<string, unknown>) =>
    (await (await sessions()).create({ userId, data })).token,
  read: async (token: string) => answer((await sessions()).read(token)),
  update: async (token: string, data: Record<string, unknown>) =>
    answer((await sessions()).update(token, data)),
  isAway: async () => (await sessions()).keyspace.isAway,
  /** Everything that was logged, at every level. */
  log: () => lines,
});
