import { startRedisServer } from '../../src/redis/testing/index.js';
import { codeOf } from '../../src/redis/base/errors/index.js';
import { closeEngines, startReadyEngine } from '../support/engines.js';

jest.setTimeout(60_000);

afterEach(closeEngines);

it('more than the longest string that Node can hold may be handed over in one turn', async () => {
  await using server = await startRedisServer();
  const { redis } = await startReadyEngine({
    ...server.options(),
    // The machine may need seconds for it; what is proved here is that the process lives.
    node: { heartbeatTimeoutMs: 30_000, stallAfterMs: 20_000 },
    routing: { writeTimeoutMs: 40_000 },
  });
  const value = 'x'.repeat(1024 * 1024);
  const outcomes = await Promise.all(
    Array.from({ length: 520 }, (_, i) =>
      redis.set(`key:${String(i % 8)}`, value).catch((error: unknown) => codeOf(error)),
    ),
  );
  // What fits is written, about 64 MiB at once and 64 MiB later; the rest is refused at once.
  expect(new Set(outcomes)).toEqual(new Set(['OK', 'QUEUE_FULL']));
  expect(outcomes.filter((outcome) => outcome === 'OK').length).toBeGreaterThan(100);
  expect(await redis.strlen('key:7')).toBe(value.length);
  expect(await redis.set('key:8', value)).toBe('OK');
});

it('one transaction may be longer than the longest string that Node can hold', async () => {
  await using server = await startRedisServer();
  const { redis } = await startReadyEngine({
    ...server.options(),
    node: { heartbeatTimeoutMs: 30_000, stallAfterMs: 20_000 },
    routing: { writeTimeoutMs: 40_000, maxQueuedBytes: 1024 ** 3 },
  });
  const value = 'x'.repeat(1024 * 1024);
  const transaction = redis.multi();
  for (let i = 0; i < 520; i++) transaction.set(`key:${String(i % 8)}`, value);
  const results = await transaction.exec();
  expect(results).toHaveLength(520);
  expect(results?.every(([error, reply]) => error === null && reply === 'OK')).toBe(true);
});
