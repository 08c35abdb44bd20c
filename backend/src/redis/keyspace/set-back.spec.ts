import { KeyspaceProcess } from '../../../test/model/keyspace-process.js';
import { ModelClock } from '../../../test/model/model-clock.js';
import { BASE_MS } from '../../../test/model/process-clock.js';
import { draftOf } from '../../../test/model/scene.js';
import { RedisInMemory } from '../../../test/support/redis-in-memory/redis-in-memory.js';

const AHEAD_MS = 60_000;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Two processes and a Redis by whose calendar they go: it is set back, as by a failover to a node whose own is behind. */
class Stage {
  readonly clock = new ModelClock();
  readonly redis = new RedisInMemory(() => BASE_MS + this.clock.now() + this.#aheadMs);
  readonly processes = [0, 1].map((no) => {
    const settings = { offsetsMs: [AHEAD_MS, AHEAD_MS], hasRoom: true };
    const more = { hasReplica: false, hasFile: false };
    const life = { no, life: 0 };
    const process = new KeyspaceProcess(this.redis, this.clock, life, { ...settings, ...more });
    // As it was measured: that it is set back comes as news.
    Object.assign(process.clock, { uncertaintyMs: () => 1 });
    return process;
  });
  #aheadMs = AHEAD_MS;

  setBack(): void {
    this.redis.replicate();
    this.#aheadMs = 0;
    for (const { clock } of this.processes) clock.set(0);
    this.redis.failOver();
    for (const { port } of this.processes) port.tellOfSwitch();
  }

  async pass(ms: number): Promise<void> {
    this.clock.jump(ms);
    for (let i = 0; i < 20; i++) await turn();
  }

  async untilHandedIn(): Promise<void> {
    for (let i = 0; i < 40; i++) await this.pass(100);
    for (const { pending } of this.processes) expect(pending).toBe(0);
  }

  async close(): Promise<void> {
    const closed = this.processes.map(({ keyspaces }) => keyspaces.close(0));
    await this.pass(1);
    await Promise.all(closed);
  }
}

describe('a calendar that is set back', () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
  });
  afterEach(() => stage.close());

  it.each([
    ['by who has written it', 0],
    ['by another process', 1],
  ])(
    'keeps no value of before from ending with its group, %s, nor after another failover',
    async (_, by) => {
      const { redis, processes } = stage;
      const [writer, dropping] = [processes[0]!, processes[by]!];
      await writer.cache.write('k', draftOf('old', ['t']));
      stage.setBack();
      await stage.untilHandedIn();
      await writer.cache.write('late', draftOf('old', ['t']));
      await stage.pass(10);
      expect(await dropping.cache.dropGroup('t')).toEqual({ outcome: 'stored' });
      await stage.pass(10);
      for (const { cache } of processes) {
        expect((await cache.read('k')).state).not.toBe('found');
        expect((await cache.read('late')).state).not.toBe('found');
      }
      redis.replicate();
      redis.failOver();
      for (const { port } of processes) port.tellOfSwitch();
      await stage.untilHandedIn();
      for (const { cache } of processes) {
        expect((await cache.read('k')).state).not.toBe('found');
        expect((await cache.read('late')).state).not.toBe('found');
      }
      // What is written now stays.
      expect(await writer.cache.write('k', draftOf('new', ['t']))).toEqual({ outcome: 'stored' });
      expect(await dropping.cache.read('k')).toMatchObject({ state: 'found' });
    },
  );

  it('keeps no session of before from ending with all of its user', async () => {
    const [one, other] = stage.processes;
    const stamp = one!.sessions.stamp();
    const birth = one!.sessions.birth();
    await one!.sessions.write('s', { ...draftOf('x'), groups: ['u'] }, { stamp, birth });
    await stage.pass(100);
    stage.setBack();
    await stage.untilHandedIn();
    expect(await other!.sessions.read('s')).toMatchObject({ state: 'found' });
    const how = { isFinal: true, keepMs: 3_600_000 };
    expect(await other!.sessions.dropGroup('u', how)).toEqual({ outcome: 'stored' });
    for (const { sessions } of stage.processes) {
      expect((await sessions.read('s')).state).not.toBe('found');
    }
  });
});
