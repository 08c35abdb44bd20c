import { Test, type TestingModule } from '@nestjs/testing';
import { RedisService } from '../../src/redis/index.js';
import {
  RedisTestingModule,
  startRedisServer,
  type RedisTestServer,
} from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';
import { outcomeOf } from '../support/outcomes.js';
import { randomHistory, type Step } from '../support/random-histories.js';
import { callOf, describeRedisContract } from '../support/redis-contract/redis-contract.js';
import { callOfStep, comparable, RANDOM_CALLS } from '../support/redis-contract/random-commands.js';
import { SeededSearch } from '../support/seeded-search.js';

const STEPS = 150;
const HISTORY_MS = 3_000;

describe('a real Redis', () => {
  let server: RedisTestServer;
  let redis: RedisService;
  let module: TestingModule;
  let inMemory: RedisService;

  beforeAll(async () => {
    server = await startRedisServer();
    ({ redis } = await startReadyEngine(server.options()));
    const imports = [RedisTestingModule.forTest()];
    module = await Test.createTestingModule({ imports }).compile();
    inMemory = module.get(RedisService);
  });

  afterAll(async () => {
    await module.close();
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

  /** Runs a history on both. Returns the first difference. */
  const differenceIn = async (history: readonly Step<string>[]): Promise<string | null> => {
    await Promise.all([redis.flushall(), inMemory.flushall()]);
    for (const step of history) {
      const call = callOfStep(step);
      const [real, ours] = await Promise.all(
        [redis, inMemory].map(async (one) => {
          const { value, error } = await outcomeOf(callOf(one, call));
          const failure = error as Error | null;
          return JSON.stringify(failure?.message ?? comparable(call[0], value));
        }),
      );
      if (real !== ours)
        return `${JSON.stringify(call)} is ${String(real)}, and ${String(ours)} in memory`;
    }
    return null;
  };

  const search = new SeededSearch<Step<string>>({
    runs: 40,
    historyOf: (seed) => randomHistory(seed, RANDOM_CALLS, STEPS),
    faultOf: differenceIn,
    written: (history) => history.map((step) => JSON.stringify(callOfStep(step))).join('\n'),
  });

  it(
    'and the one in memory answer alike, whatever is done in whatever order',
    async () => {
      expect(await search.firstFault()).toBeNull();
    },
    search.limitMs(HISTORY_MS),
  );
});
