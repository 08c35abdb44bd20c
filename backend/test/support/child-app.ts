import 'reflect-metadata';
import { EventEmitter } from 'node:events';
import { createInterface } from 'node:readline';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RedisModule, RedisService, type RedisHaOptions } from '../../src/redis/index.js';

/** What the parent passes to this process on its command line. */
export interface ChildPlan {
  readonly options: RedisHaOptions;
  readonly work: readonly ChildWork[];
  readonly waitReady: boolean;
}

/** Calls that are under way when the application is closed. */
export type ChildWork =
  | 'writes'
  | 'reads'
  | 'blpop'
  | 'many-blpop'
  | 'session'
  | 'subscribe'
  | 'raw-client'
  | 'raw-blpop'
  | 'scan'
  | 'switchover'
  | 'whenReady';

/** What it reports after it has closed. */
export interface ChildReport {
  readonly closeMs: number;
  /** How each call ended: `ok`, or its code. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly unsettled: number;
  readonly unhandled: readonly string[];
}

const plan = JSON.parse(process.argv[2] ?? '{}') as ChildPlan;
const outcomes: Record<string, number> = {};
const unhandled: string[] = [];
const settled = new EventEmitter();
let unsettled = 0;

process.on('unhandledRejection', (reason) => {
  unhandled.push(String(reason));
});

function track(call: Promise<unknown>): void {
  unsettled++;
  const note = (outcome: string): void => {
    unsettled--;
    if (unsettled === 0) settled.emit('all');
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  call.then(
    () => {
      note('ok');
    },
    (error: unknown) => {
      note((error as { code?: string }).code ?? String(error));
    },
  );
}

async function scanAll(redis: RedisService): Promise<void> {
  for (;;) for await (const page of redis.scanIterator()) if (page.length === 0) return;
}

const WORK: Readonly<Record<ChildWork, (redis: RedisService) => void>> = {
  writes: (redis) => {
    for (let i = 0; i < 200; i++) {
      track(redis.set(`child:${String(i)}`, 'x'));
      track(redis.incr('child:counter'));
    }
  },
  reads: (redis) => {
    for (let i = 0; i < 200; i++) track(redis.get(`child:${String(i)}`));
  },
  blpop: (redis) => {
    track(redis.blpop('nothing', 0));
  },
  'many-blpop': (redis) => {
    for (let i = 0; i < 25; i++) track(redis.blpop('nothing', 0));
  },
  session: (redis) => {
    track(redis.exclusive((session) => session.call('blpop', 'nothing', 0)));
  },
  subscribe: (redis) => {
    track(redis.subscribe('news', () => undefined));
  },
  'raw-client': (redis) => {
    const client = redis.createClient({ maxRetriesPerRequest: null });
    client.set('raw', '1').catch(() => undefined);
  },
  'raw-blpop': (redis) => {
    const client = redis.createClient({ maxRetriesPerRequest: null });
    client.blpop('nothing', 0).catch(() => undefined);
  },
  scan: (redis) => {
    track(scanAll(redis));
  },
  switchover: (redis) => {
    track(redis.switchover({ timeoutMs: 20_000 }));
  },
  whenReady: (redis) => {
    track(redis.whenReady(60_000));
  },
};

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function sayWhenSettled(): Promise<void> {
  while (unsettled > 0) await new Promise((resolve) => settled.once('all', resolve));
  say('SETTLED');
}

@Module({ imports: [RedisModule.forRoot(plan.options)] })
class ChildModule {}

async function main(): Promise<void> {
  const input = createInterface({ input: process.stdin });
  const lines = input[Symbol.asyncIterator]();
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  const app = await NestFactory.createApplicationContext(ChildModule, { logger: false });
  const redis = app.get(RedisService);
  if (plan.waitReady) await redis.whenReady(20_000);
  say('READY');
  await lines.next();
  for (const name of plan.work) WORK[name](redis);
  // What is sent in this turn is on its way before the parent is told.
  await new Promise((resolve) => setTimeout(resolve, 60));
  say('WORKING');
  while ((await lines.next()).value === 'settle') await sayWhenSettled();
  const startedAt = performance.now();
  await app.close();
  const closeMs = performance.now() - startedAt;
  // One turn for the promises that were settled by it.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const report: ChildReport = { closeMs, outcomes, unsettled, unhandled };
  say(`REPORT ${JSON.stringify(report)}`);
  input.close();
  process.stdin.destroy();
}

void main();
