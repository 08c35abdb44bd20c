import { KeyspaceProcess } from '../../../test/model/keyspace-process.js';
import { ModelClock } from '../../../test/model/model-clock.js';
import { BASE_MS } from '../../../test/model/process-clock.js';
import { draftOf } from '../../../test/model/scene.js';
import { RedisInMemory } from '../../../test/support/redis-in-memory/redis-in-memory.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Processes over one Redis, the calendars of which are wrong by so much. */
async function together(
  offsetsMs: readonly number[],
  act: (
    processes: readonly KeyspaceProcess[],
    pass: (ms: number) => Promise<void>,
    redis: RedisInMemory,
  ) => Promise<void>,
): Promise<void> {
  const clock = new ModelClock();
  const redis = new RedisInMemory(() => BASE_MS + clock.now());
  const settings = { offsetsMs, hasRoom: true, hasReplica: false, hasFile: false };
  const processes = offsetsMs.map(
    (_, no) => new KeyspaceProcess(redis, clock, { no, life: 0 }, settings),
  );
  const pass = async (ms: number): Promise<void> => {
    clock.jump(ms);
    await turn();
  };
  await act(processes, pass, redis);
  const closed = processes.map(({ keyspaces }) => keyspaces.close(0));
  await pass(1);
  await Promise.all(closed);
}

async function untilHandedIn(
  { keyspaces }: KeyspaceProcess,
  pass: (ms: number) => Promise<void>,
): Promise<void> {
  for (let i = 0; i < 100 && keyspaces.status.journal.entries > 0; i++) await pass(5);
  expect(keyspaces.status.journal.entries).toBe(0);
}

describe('an end that Redis comes to after its caller was told', () => {
  it('ends nothing that was begun since, and refuses no change of it: an end of all', () =>
    together([0, 0], async ([ending, other], pass) => {
      const { sessions, port } = other!;
      const draft = { ...draftOf('x'), groups: ['u'] };
      const how = { isFinal: true, keepMs: 3_600_000 };
      await sessions.write('before', draft);
      // Redis knows the script.
      await ending!.sessions.dropGroup('v', how);
      ending!.port.link = 'frozen';
      expect(await ending!.sessions.dropGroup('u', how)).toEqual({ outcome: 'journaled' });
      await pass(1_000);
      const [stamp, birth] = [sessions.stamp(), sessions.birth()];
      expect(await sessions.write('at once', draft, { stamp, birth })).toEqual({
        outcome: 'stored',
      });
      port.link = 'cut';
      const journaled = await sessions.write('later', draft, { birth: sessions.birth() });
      expect(journaled).toEqual({ outcome: 'journaled' });
      await pass(10);
      ending!.port.link = 'open';
      await untilHandedIn(ending!, pass);
      port.link = 'open';
      await untilHandedIn(other!, pass);
      const states = ['before', 'at once', 'later'].map(
        async (key) => (await ending!.sessions.read(key)).state,
      );
      expect(await Promise.all(states)).toEqual(['deleted', 'found', 'found']);
      expect(await sessions.write('at once', draft, { replaces: stamp, birth })).toEqual({
        outcome: 'stored',
      });
    }));
});

describe('an end of all by a process whose calendar is wrong', () => {
  it.each([-4_000, -300, 300, 4_000])('is done all the same: by %i ms', (offsetMs) =>
    together([offsetMs, 0], async ([ending, other], pass) => {
      const draft = { ...draftOf('begun'), groups: ['u'] };
      await other!.sessions.write('s', draft);
      await pass(10);
      const how = { isFinal: true, keepMs: 3_600_000 };
      expect(await ending!.sessions.dropGroup('u', how)).toEqual({ outcome: 'stored' });
      expect((await other!.sessions.read('s')).state).toBe('deleted');
    }),
  );
});
