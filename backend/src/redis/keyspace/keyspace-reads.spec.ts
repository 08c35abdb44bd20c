import { KeyspaceProcess } from '../../../test/model/keyspace-process.js';
import { ModelClock } from '../../../test/model/model-clock.js';
import { BASE_MS } from '../../../test/model/process-clock.js';
import { bodyOf, draftOf } from '../../../test/model/scene.js';
import { RedisInMemory } from '../../../test/support/redis-in-memory/redis-in-memory.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Two processes that read from a replica and hear of changes. */
async function twoReaders() {
  const clock = new ModelClock();
  const redis = new RedisInMemory(() => BASE_MS + clock.now());
  const settings = { offsetsMs: [0, 0], hasRoom: true, hasReplica: true, hasFile: false };
  const processes = [0, 1].map(
    (no) => new KeyspaceProcess(redis, clock, { no, life: 0 }, settings),
  );
  redis.onPublish = (channel, message) => {
    for (const { port } of processes) port.tell(channel, message);
  };
  await turn();
  const end = async (): Promise<void> => {
    const closed = processes.map(({ keyspaces }) => keyspaces.close(0));
    clock.jump(1);
    await Promise.all(closed);
  };
  const [reader, writer] = processes as [KeyspaceProcess, KeyspaceProcess];
  return { clock, redis, reader: reader.cache, port: reader.port, writer: writer.cache, end };
}

describe('a replica that is behind a change of which the reader has heard', () => {
  it('is not believed, also when memory has the same of before', async () => {
    const { clock, redis, reader, writer, end } = await twoReaders();
    await writer.write('k', draftOf('before'));
    redis.replicate();
    expect(await reader.read('k')).toMatchObject({ state: 'found' });
    clock.jump(10);
    await writer.delete('k');
    expect(await reader.read('k')).toMatchObject({ state: 'deleted' });
    expect(await reader.readMany(['k'])).toMatchObject([{ state: 'deleted' }]);
    await end();
  });

  it.each(['one by one', 'many at once'])(
    'is believed more than an older copy while the primary is away: %s',
    async (how) => {
      const { clock, redis, reader, port, writer, end } = await twoReaders();
      await writer.write('k', draftOf('first'));
      redis.replicate();
      expect(await reader.read('k')).toMatchObject({ state: 'found' });
      clock.jump(10);
      await writer.write('k', draftOf('second'));
      redis.replicate();
      clock.jump(10);
      await writer.write('k', draftOf('third'));
      port.link = 'replica';
      const [reading] =
        how === 'one by one' ? [await reader.read('k')] : await reader.readMany(['k']);
      expect(reading).toMatchObject({ state: 'found' });
      expect(bodyOf(reading!)).toBe('second');
      await end();
    },
  );
});
