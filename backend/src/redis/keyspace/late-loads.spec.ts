import { KeyspaceProcess } from '../../../test/model/keyspace-process.js';
import { ModelClock } from '../../../test/model/model-clock.js';
import { MODEL } from '../../../test/model/model-settings.js';
import { BASE_MS } from '../../../test/model/process-clock.js';
import { draftOf } from '../../../test/model/scene.js';
import { RedisInMemory } from '../../../test/support/redis-in-memory/redis-in-memory.js';
import type { Keyspace } from './keyspace.js';
import { laterThan, type Stamp } from './store/stamp.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A process. One without room has memory for the ends of two cached values, and for a few values. */
function started(hasRoom: boolean) {
  const clock = new ModelClock();
  const redis = new RedisInMemory(() => BASE_MS + clock.now());
  const settings = { offsetsMs: [0], hasRoom, hasReplica: false, hasFile: false };
  const process = new KeyspaceProcess(redis, clock, { no: 0, life: 0 }, settings);
  const pass = async (ms: number): Promise<void> => {
    clock.jump(ms);
    await turn();
  };
  const end = async (): Promise<void> => {
    const closed = process.keyspaces.close(0);
    await pass(1);
    await closed;
  };
  return { redis, process, pass, end };
}

/** One that has journaled more than is replayed at once, and reaches Redis again. */
async function cutOff(last: (cache: Keyspace) => Promise<void>) {
  const { redis, process, pass, end } = started(true);
  const { cache, port, keyspaces } = process;
  const before = cache.stamp();
  port.link = 'cut';
  for (let i = 0; i < 8; i++) await cache.write(`other${String(i)}`, draftOf('x'));
  await last(cache);
  port.link = 'open';
  for (let i = 0; i < 60 && keyspaces.status.breakers.writes !== 'closed'; i++) await pass(5);
  expect(process.pending).toBeGreaterThan(0);
  return { redis, cache, port, before, end };
}

describe('a write that comes while what ends it waits to be replayed', () => {
  it('is superseded by the drop of its group, and written when it is born after that', async () => {
    const { cache, port, end } = await cutOff(async (one) => {
      await one.dropGroup('g', { isFinal: true });
    });
    const draft = { ...draftOf('login'), groups: ['g'] };
    const birth = { wallMs: BASE_MS - 1, count: 0, origin: '00000000000000aa' };
    const first = await cache.write('k', draft, { stamp: cache.stamp(), birth });
    expect(first).toMatchObject({ outcome: 'superseded', by: expect.any(Object) });
    const { by } = first as { readonly by: Stamp };
    // What was refused is no end of the key, whoever is asked.
    port.link = 'cut';
    const after = { stamp: cache.stamp(), birth: laterThan(by, by) };
    expect(await cache.write('k', draft, after)).toEqual({ outcome: 'journaled' });
    await end();
  });

  it('is not written when it was loaded before a delete: Redis does not have that, and would take it', async () => {
    const { redis, cache, before, end } = await cutOff(async (one) => {
      expect(await one.delete('k')).toEqual({ outcome: 'journaled' });
    });
    expect(await cache.write('k', draftOf('loaded before'), { stamp: before })).toMatchObject({
      outcome: 'superseded',
    });
    expect(redis.find('cache:k')).toBeUndefined();
    await end();
  });
});

describe('what was loaded before an end that memory had no room to remember', () => {
  const ends: [string, (cache: Keyspace) => Promise<unknown>][] = [
    ['the drop of its tag', (cache) => cache.dropGroup('t')],
    ['its delete', (cache) => cache.delete('k')],
  ];

  it.each(ends)('is not served while Redis is away, however long ago: %s', async (_, endOf) => {
    const { process, pass, end } = started(false);
    const { cache, port } = process;
    const stamp = cache.birth();
    await endOf(cache);
    await pass(2 * MODEL.reapplyMs);
    for (const other of ['a', 'b']) await cache.delete(other);
    port.link = 'cut';
    const loaded = await cache.write('k', draftOf('loaded before', ['t']), { stamp });
    expect(loaded.outcome).toBe('superseded');
    expect((await cache.read('k')).state).not.toBe('found');
    expect(process.pending).toBe(0);
    // What is loaded from now on is kept.
    await cache.write('k', draftOf('loaded after', ['t']), { stamp: cache.birth() });
    expect((await cache.read('k')).state).toBe('found');
    await end();
  });
});
