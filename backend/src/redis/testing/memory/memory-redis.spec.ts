import { Test, type TestingModule } from '@nestjs/testing';
import { describeRedisContract } from '../../../../test/support/redis-contract/redis-contract.js';
import { RedisService } from '../../index.js';
import { ManualClock, RedisTestingModule } from '../index.js';

describe('RedisTestingModule', () => {
  let module: TestingModule;
  let clock: ManualClock;
  let redis: RedisService;

  beforeAll(async () => {
    clock = new ManualClock();
    module = await Test.createTestingModule({
      imports: [RedisTestingModule.forTest({ clock })],
    }).compile();
    redis = module.get(RedisService);
  });

  afterAll(async () => {
    await module.close();
    expect(clock.pending).toBe(0);
  });

  describeRedisContract('a Redis in memory', () => ({ redis, pass: (ms) => clock.advance(ms) }));
});
