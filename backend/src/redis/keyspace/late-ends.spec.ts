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
  { hasRoom = true, hasFile = false } = {},
): Promise<void> {
  const clock = new ModelClock();
  const redis = new RedisInMemory(() => BASE_MS + clock.now());
  const settings = { offsetsMs, hasRoom, hasReplica: false, hasFile };
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
  it('ends nothing that was written since: a delete', () =>
    together([0, 0], async ([deleting, other], pass) => {
      const { cache } = other!;
      await cache.write('k', draftOf('before'));
      // Redis knows the script.
      await deleting!.cache.delete('other');
      deleting!.port.link = 'frozen';
      expect(await deleting!.cache.delete('k')).toEqual({ outcome: 'journaled' });
      await pass(1_000);
      expect(await cache.write('k', draftOf('after'))).toEqual({ outcome: 'stored' });
      await pass(10);
      deleting!.port.link = 'open';
      await untilHandedIn(deleting!, pass);
      expect((await cache.read('k')).state).toBe('found');
    }));

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

describe('what a process has ended', () => {
  it('is not found in a journal that it takes over, though its own has no room to remember the end', () =>
    together(
      [0, 0],
      async ([one, ending], pass) => {
        one!.port.link = 'cut';
        const draft = { ...draftOf('x'), groups: ['u'] };
        expect(await one!.sessions.write('s', draft)).toEqual({ outcome: 'journaled' });
        await pass(10);
        const ended = await ending!.sessions.dropGroup('u', { isFinal: true, keepMs: 3_600_000 });
        expect(ended).toEqual({ outcome: 'stored' });
        ending!.port.link = 'cut';
        for (const key of ['a', 'b', 'c', 'd', 'e']) await ending!.cache.delete(key);
        const left = one!.log.successor();
        await one!.crash();
        await ending!.log.adopt(left);
        await pass(1);
        expect((await ending!.sessions.read('s')).state).toBe('deleted');
      },
      { hasRoom: false, hasFile: true },
    ));

  it('goes to Redis, though it is changed in the same breath by one who had found it before', () =>
    together([0, 0], async ([ending, other], pass) => {
      const { sessions, port, keyspaces } = ending!;
      const stamp = sessions.stamp();
      await sessions.write('s', draftOf('x'), { stamp });
      port.link = 'cut';
      const how = { isFinal: true, keepMs: 3_600_000 };
      expect(await sessions.delete('s', how)).toEqual({ outcome: 'journaled' });
      const changed = await sessions.write('s', draftOf('y'), { replaces: stamp });
      expect(changed).toMatchObject({ outcome: 'superseded' });
      expect(keyspaces.status.journal.entries).toBe(1);
      port.link = 'open';
      await untilHandedIn(ending!, pass);
      expect((await other!.sessions.read('s')).state).toBe('deleted');
    }));

  it('is not changed with what was found before, though memory has no room for all that was ended', () =>
    together(
      [0],
      async ([ending], pass) => {
        const { sessions, port } = ending!;
        const how = { isFinal: true, keepMs: 3_600_000 };
        const [lost, kept] = [sessions.stamp(), sessions.stamp()];
        await sessions.write('lost', draftOf('x'), { stamp: lost });
        await sessions.write('kept', draftOf('x'), { stamp: kept });
        for (const key of ['lost', 'a', 'b', 'c']) await sessions.delete(key, how);
        await pass(2_000);
        port.link = 'cut';
        const late = await sessions.write('lost', draftOf('y'), { replaces: lost });
        expect(late).toMatchObject({ outcome: 'superseded' });
        // Of what it still has it knows that it was not ended here.
        const change = await sessions.write('kept', draftOf('y'), { replaces: kept });
        expect(change).toEqual({ outcome: 'journaled' });
      },
      { hasRoom: false },
    ));
});

describe('a delete by a process whose calendar is behind', () => {
  it('is later than a load that began before it and asked nobody', () =>
    together([0, -4], async ([loading, deleting], pass) => {
      const stamp = loading!.cache.birth();
      await pass(1);
      expect(await deleting!.cache.delete('k')).toEqual({ outcome: 'stored' });
      const late = await loading!.cache.write('k', draftOf('loaded before'), { stamp });
      expect(late.outcome).toBe('superseded');
    }));

  it('is later than what another process journaled before it', () =>
    together([0, -15], async ([setting, deleting], pass) => {
      setting!.port.link = 'cut';
      expect(await setting!.cache.write('k', draftOf('set before'))).toEqual({
        outcome: 'journaled',
      });
      await pass(1);
      expect(await deleting!.cache.delete('k')).toEqual({ outcome: 'stored' });
      setting!.port.link = 'open';
      await untilHandedIn(setting!, pass);
      for (const { cache } of [setting!, deleting!]) {
        expect((await cache.read('k')).state).toBe('deleted');
      }
    }));

  it('loses to all that is written after it, at once or by a journal', () =>
    together([0, -15], async ([setting, deleting], pass) => {
      expect(await deleting!.cache.delete('k')).toEqual({ outcome: 'stored' });
      expect(await setting!.cache.write('k', draftOf('at once'))).toEqual({ outcome: 'stored' });
      expect((await deleting!.cache.read('k')).state).toBe('found');
      expect(await deleting!.cache.delete('k')).toEqual({ outcome: 'stored' });
      setting!.port.link = 'cut';
      await pass(1);
      await setting!.cache.write('k', draftOf('journaled'));
      setting!.port.link = 'open';
      await untilHandedIn(setting!, pass);
      expect((await deleting!.cache.read('k')).state).toBe('found');
    }));
});

describe('a delete by a process whose calendar is ahead', () => {
  it('loses to what is written after it by one whose calendar is right', () =>
    together([0, 15], async ([setting, deleting]) => {
      expect(await deleting!.cache.delete('k')).toEqual({ outcome: 'stored' });
      expect(await setting!.cache.write('k', draftOf('after'))).toEqual({ outcome: 'stored' });
      expect((await deleting!.cache.read('k')).state).toBe('found');
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

describe('the end of a group', () => {
  it.each(['stored', 'journaled'])(
    'ends no value without it that another process has put in the place of a member: %s',
    (outcome) =>
      together([0, 0], async ([dropping, other], pass) => {
        const expectBoth = async (): Promise<void> => {
          for (const { cache } of [dropping!, other!]) {
            const found = await cache.read('k');
            expect(found.state === 'found' && found.value.toString()).toBe('instead');
          }
        };
        await dropping!.cache.write('k', draftOf('member', ['t']));
        await pass(5);
        await other!.cache.write('k', draftOf('instead', ['u']));
        await pass(5);
        if (outcome === 'journaled') dropping!.port.link = 'cut';
        expect(await dropping!.cache.dropGroup('t')).toEqual({ outcome });
        dropping!.port.link = 'open';
        await untilHandedIn(dropping!, pass);
        await expectBoth();
        // What each has done last is written once more.
        for (const { port } of [dropping!, other!]) port.tellOfSwitch();
        await pass(1);
        for (const process of [dropping!, other!]) await untilHandedIn(process, pass);
        await expectBoth();
      }),
  );
});

describe('a value that Redis had no room for', () => {
  it.each(['cache', 'sessions'] as const)(
    'is not found again while Redis is away by who was told that it is gone: in %s',
    (name) =>
      together([0], async ([process], pass, redis) => {
        await process![name].write('k', draftOf('x'));
        await pass(5);
        redis.evict(`${name}:k`);
        expect((await process![name].read('k')).state).toBe('missing');
        process!.port.link = 'cut';
        expect((await process![name].read('k')).state).not.toBe('found');
      }),
  );

  it('is not there for who has written it either, when its group was emptied and an older one came', () =>
    together([0, 0, 0], async ([late, writing, dropping], pass, redis) => {
      late!.port.link = 'cut';
      await late!.cache.write('k', draftOf('older'));
      await pass(5);
      await writing!.cache.write('k', draftOf('dropped', ['t']));
      redis.evict('cache:k');
      await pass(100);
      expect(await dropping!.cache.dropGroup('t')).toEqual({ outcome: 'stored' });
      late!.port.link = 'open';
      await untilHandedIn(late!, pass);
      const found = await writing!.cache.read('k');
      expect(found.state === 'found' && found.value.toString()).toBe('older');
    }));
});
