import type { RedisService } from '../../src/redis/index.js';
import { startRedisServer, type RedisTestServer } from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import { describeRedisContract } from '../support/redis-contract/redis-contract.js';

describe('a real Redis', () => {
  let server: RedisTestServer;
  let redis: RedisService;

  beforeAll(async () => {
    server = await startRedisServer();
    ({ redis } = await startReadyEngine(server.options()));
  });

  afterAll(async () => {
    await closeEngines();
    await server.stop();
  });

  // Its calendar cannot be moved, only watched.
  const pass = async (ms: number): Promise<void> => {
    const now = async (): Promise<number> => {
      const [seconds, micros] = await redis.time();
      return Number(seconds) * 1_000 + Number(micros) / 1_000;
    };
    const until = (await now()) + ms;
    while ((await now()) < until);
  };

  describeRedisContract('a real Redis', () => ({ redis, pass }));
});
