import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RedisModule, RedisService, SessionModule, SessionService } from '../../src/redis/index.js';
import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';

/** What is done over and over. */
export const ACTS = ['read', 'update'] as const;
/** Bytes of the data of a session, about. */
export const SIZES = [200, 2_000, 20_000] as const;
/** Whether the sessions are encrypted. */
export const WAYS = ['plain', 'encrypted'] as const;

type Act = (typeof ACTS)[number];
type Way = (typeof WAYS)[number];

/** One leg: so many calls a second. */
export interface Leg {
  readonly act: Act;
  readonly bytes: number;
  readonly way: Way;
  readonly perSecond: number;
  /** Processor time of this process for one call. */
  readonly cpuUs: number;
  readonly errors: number;
}

/** One application, and the tokens of sessions of one size. */
interface Application {
  readonly way: Way;
  readonly sessions: SessionService;
  readonly tokens: ReadonlyMap<number, readonly string[]>;
  close(): Promise<void>;
}

const SESSIONS = 500;
const CALLERS = 50;

/** Lets both ways take turns on one Redis. */
export async function measureAll(rounds: number, legMs: number): Promise<readonly Leg[]> {
  const server = await startRedisServer();
  const applications: Application[] = [];
  try {
    for (const way of WAYS) applications.push(await open(way, server));
    const legs: Leg[] = [];
    // The first round warms both up.
    for (let round = 0; round <= rounds; round++) {
      const measured = await oneRound(applications, legMs);
      if (round > 0) legs.push(...measured);
    }
    return legs;
  } finally {
    await Promise.all(applications.map((application) => application.close()));
    await server.stop();
  }
}

async function oneRound(applications: readonly Application[], legMs: number): Promise<Leg[]> {
  const legs: Leg[] = [];
  for (const bytes of SIZES) {
    for (const act of ACTS) {
      for (const application of applications)
        legs.push(await oneLeg(application, act, bytes, legMs));
    }
  }
  return legs;
}

async function oneLeg(
  { way, sessions, tokens }: Application,
  act: Act,
  bytes: number,
  legMs: number,
): Promise<Leg> {
  const mine = tokens.get(bytes) ?? [];
  const data = dataOf(bytes);
  const startedAt = performance.now();
  const usedBefore = process.cpuUsage();
  let [calls, errors, next] = [0, 0, 0];
  const caller = async (): Promise<void> => {
    while (performance.now() - startedAt < legMs) {
      const token = mine[next++ % mine.length] ?? '';
      try {
        await (act === 'read' ? sessions.read(token) : sessions.update(token, data));
        calls++;
      } catch {
        errors++;
      }
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const { user, system } = process.cpuUsage(usedBefore);
  const perSecond = (calls * 1000) / (performance.now() - startedAt);
  return { act, bytes, way, perSecond, cpuUs: (user + system) / calls, errors };
}

async function open(way: Way, server: RedisTestServer): Promise<Application> {
  const keys = [randomBytes(32).toString('base64')];
  const options = way === 'plain' ? {} : { keys, plainData: 'refuse' as const };
  @Module({
    imports: [
      RedisModule.forRoot(server.options()),
      SessionModule.forRoot({ ...options, keyspace: way }),
    ],
  })
  class App {}
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  const app = await NestFactory.createApplicationContext(App, { logger: false });
  await app.get(RedisService).whenReady();
  const sessions = app.get<SessionService>(SessionService);
  const tokens = new Map<number, readonly string[]>();
  for (const bytes of SIZES) {
    const begun = Array.from({ length: SESSIONS }, () =>
      sessions.create({ userId: String(bytes), data: dataOf(bytes) }),
    );
    tokens.set(
      bytes,
      (await Promise.all(begun)).map(({ token }) => token),
    );
  }
  return { way, sessions, tokens, close: () => app.close() };
}

function dataOf(bytes: number): Record<string, unknown> {
  const items = Array.from({ length: Math.ceil(bytes / 40) }, (_, i) => ({
    item: `book ${String(i)}`,
    n: i,
  }));
  return { roles: ['editor'], items };
}
