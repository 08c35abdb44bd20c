import { KeyspaceProcess } from '../../../test/model/keyspace-process.js';
import { ModelClock } from '../../../test/model/model-clock.js';
import { BASE_MS } from '../../../test/model/process-clock.js';
import { draftOf } from '../../../test/model/scene.js';
import { RedisInMemory } from '../../../test/support/redis-in-memory/redis-in-memory.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a load that ends while the delete of its key waits to be replayed', () => {
  it('is not written: Redis does not have the delete yet, and would take it', async () => {
    const clock = new ModelClock();
    const redis = new RedisInMemory(() => BASE_MS + clock.now());
    const settings = { offsetsMs: [0], hasRoom: true, hasReplica: false, hasFile: false };
    const process = new KeyspaceProcess(redis, clock, { no: 0, life: 0 }, settings);
    const { cache, port, keyspaces } = process;
    const pass = async (ms: number): Promise<void> => {
      clock.jump(ms);
      await turn();
    };
    const stamp = cache.stamp();
    port.link = 'cut';
    // More than is replayed at once: the delete is the last of them.
    for (let i = 0; i < 8; i++) await cache.write(`other${String(i)}`, draftOf('x'));
    expect(await cache.delete('k')).toEqual({ outcome: 'journaled' });
    port.link = 'open';
    for (let i = 0; i < 60 && keyspaces.status.breakers.writes !== 'closed'; i++) await pass(5);
    expect(process.pending).toBeGreaterThan(0);
    expect(await cache.write('k', draftOf('loaded before'), { stamp })).toMatchObject({
      outcome: 'superseded',
    });
    expect(redis.find('cache:k')).toBeUndefined();
    const closed = keyspaces.close(0);
    await pass(1);
    await closed;
  });
});
