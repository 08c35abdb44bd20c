import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RedisModule, RedisService } from '../../src/redis/index.js';
import { RedisHealthModule } from '../../src/redis/health/index.js';
import { RedisMetricsModule } from '../../src/redis/metrics/index.js';
import {
  startRedisCluster,
  waitUntil,
  type RedisTestCluster,
} from '../../src/redis/testing/index.js';
import { LogLines } from '../support/apps.js';
import { parseExposition, valueIn } from '../support/exposition.js';

const WRITERS = 10;

let cluster: RedisTestCluster;
let app: INestApplication;
let redis: RedisService;
let log: LogLines;
let url: string;
let events: { readonly type: string }[];
let isOver: boolean;
let writers: Promise<void>[];

beforeAll(async () => {
  // As the Compose file's, its primary refuses writes without a replica.
  cluster = await startRedisCluster();
});
beforeEach(async () => {
  @Module({
    imports: [
      RedisModule.forRoot(cluster.options()),
      RedisHealthModule.forRoot({ required: true, needs: 'writes', graceMs: 500, recoverMs: 100 }),
      RedisMetricsModule.forRoot(),
    ],
  })
  class WritingModule {}
  log = new LogLines();
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
  app = await NestFactory.create(WritingModule, { logger: log });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
  redis = app.get(RedisService);
  await redis.whenReady(10_000);
  events = [];
  redis.onAny(({ type }) => {
    if (type.startsWith('writes.')) events.push({ type });
  });
  isOver = false;
  writers = [];
});
afterEach(async () => {
  await stopWriters();
  await app.close();
});
afterAll(() => cluster.stop());

function startWriters(): void {
  writers = Array.from({ length: WRITERS }, async (_, i) => {
    while (!isOver) await redis.set(`writer:${String(i)}`, 'x').catch(() => undefined);
  });
}

async function stopWriters(): Promise<void> {
  isOver = true;
  await Promise.all(writers);
}

interface Told {
  readonly canWrite: boolean;
  readonly status: string;
  readonly message: string;
  readonly ready: number;
  readonly health: number;
  readonly summary: string;
  readonly writeAvailable: number | undefined;
}

async function whatIsTold(): Promise<Told> {
  const [ready, health, summary, metrics] = await Promise.all(
    ['/health/ready', '/health', '/api/health/redis', '/metrics'].map((path) => fetch(url + path)),
  );
  const { canWrite, status, message } = redis.status;
  expect([redis.canRead, redis.canWrite]).toEqual([true, canWrite]);
  return {
    canWrite,
    status,
    message,
    ready: ready!.status,
    health: health!.status,
    summary: ((await summary!.json()) as { status: string }).status,
    writeAvailable: valueIn(parseExposition(await metrics!.text()), 'redis_ha_write_available'),
  };
}

const WELL: Told = {
  canWrite: true,
  status: 'up',
  message: 'Redis is healthy (Sentinel mode)',
  ready: 200,
  health: 200,
  summary: 'healthy',
  writeAvailable: 1,
};

const REFUSED: Told = {
  canWrite: false,
  status: 'degraded',
  message: 'Redis answers reads only: the primary refuses writes (NOREPLICAS) (Sentinel mode)',
  ready: 503,
  health: 503,
  summary: 'degraded',
  writeAvailable: 0,
};

async function untilTold(expected: Told): Promise<void> {
  let told: Told | null = null;
  const isTold = async (): Promise<boolean> => {
    told = await whatIsTold();
    return JSON.stringify(told) === JSON.stringify(expected);
  };
  await waitUntil(isTold, {
    what: `every signal says ${expected.message}`,
    timeoutMs: 15_000,
  }).catch(() => undefined);
  expect(told).toEqual(expected);
}

describe('a primary that refuses every write', () => {
  it.each([
    ['while ten writers try', true],
    ['while nobody writes any more, as in a process that is out of service', false],
  ])('is called so by every signal, and called well again after it, %s', async (_, goOn) => {
    await redis.set('kept', 'x');
    await untilTold(WELL);
    startWriters();
    const replicas = cluster.replicas();
    await Promise.all(replicas.map((node) => node.kill()));
    await untilTold(REFUSED);
    expect(events).toEqual([{ type: 'writes.refused' }]);
    expect(await redis.get('kept')).toBe('x');
    if (!goOn) await stopWriters();
    await Promise.all(replicas.map((node) => node.restart()));
    await untilTold(WELL);
    expect(events).toEqual([{ type: 'writes.refused' }, { type: 'writes.accepted' }]);
    expect(log.texts().filter((line) => line.includes('refuse'))).toEqual([
      'The primary refuses every write: NOREPLICAS',
      expect.stringMatching(/^Writes are not refused any more after \d+ ms: a write was accepted$/),
    ]);
    await cluster.waitForReady();
  });
});
