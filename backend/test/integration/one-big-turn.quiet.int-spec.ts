import { startRedisServer } from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';

jest.setTimeout(60_000);

afterEach(closeEngines);

it('more than the longest string that Node can hold may be written in one turn', async () => {
  await using server = await startRedisServer();
  const { redis } = await startReadyEngine({
    ...server.options(),
    // The machine may need seconds for it; what is proved here is that the process lives.
    node: { heartbeatTimeoutMs: 30_000, stallAfterMs: 20_000 },
    routing: { writeTimeoutMs: 40_000 },
  });
  const value = 'x'.repeat(1024 * 1024);
  const writes = Array.from({ length: 520 }, (_, i) => redis.set(`key:${String(i % 8)}`, value));
  const answers = await Promise.all(writes);
  expect(new Set(answers)).toEqual(new Set(['OK']));
  expect(await redis.strlen('key:7')).toBe(value.length);
});
