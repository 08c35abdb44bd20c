import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RedisTestCluster, RedisTestNode } from '../../src/redis/testing/index.js';

/** The user whom both judges are: what is taken from the users of the cluster itself is not taken from it. */
export const JUDGE = 'judge';
/** Another one, who may not do everything. */
const LIMITED = 'limited';
const ALL = ['~*', '&*', '+@all'];
const GROUP = 'mymaster';
const DOWN_AFTER_MS = 1_500;

type Undo = () => Promise<unknown>;
type Variables = Readonly<Record<string, string>>;

/** What a change of a cluster leaves behind. */
interface Applied {
  readonly undo: Undo;
  /** Variables of the judges that belong to it. */
  readonly env?: Variables;
}

/** A cluster that can be brought into states, and as whom it is judged. */
export class JudgedCluster {
  constructor(
    readonly cluster: RedisTestCluster,
    readonly password: string,
  ) {}

  /** What such a cluster is started with. */
  static readonly options = { downAfterMs: DOWN_AFTER_MS };

  get primary(): RedisTestNode {
    return this.cluster.primary();
  }

  replica(no: number): RedisTestNode {
    return this.cluster.replicas()[no % 2]!;
  }

  sentinel(no: number): RedisTestNode {
    return this.cluster.sentinels()[no % 3]!;
  }

  get dataNodes(): RedisTestNode[] {
    return [this.primary, ...this.cluster.replicas()];
  }

  /** The variables of a judge. */
  get env(): Variables {
    return {
      ...this.cluster.env(),
      ...{ REDIS_USERNAME: JUDGE, REDIS_PASSWORD: JUDGE },
      ...{ REDIS_SENTINEL_USERNAME: JUDGE, REDIS_SENTINEL_PASSWORD: JUDGE },
    };
  }

  /** Makes the judge known. Users do not outlive a restart. */
  async letIn(nodes: readonly RedisTestNode[] = this.cluster.nodes()): Promise<void> {
    await each(nodes, 'ACL', 'SETUSER', JUDGE, 'reset', 'on', `>${JUDGE}`, ...ALL);
  }

  /** Wakes what sleeps, and starts what ended. */
  async wake(node: RedisTestNode): Promise<void> {
    if (node.isFrozen) node.thaw();
    else if (!node.isRunning) await node.restart();
    await this.letIn([node]);
  }

  async config(nodes: readonly RedisTestNode[], name: string, value: string): Promise<Applied> {
    const was = new Map<RedisTestNode, string>();
    for (const node of nodes.filter(({ isAwake }) => isAwake)) {
      was.set(node, String(((await node.command('CONFIG', 'GET', name)) as string[])[1]));
      await node.command('CONFIG', 'SET', name, value);
    }
    return {
      undo: async () => {
        for (const [node, old] of was) await node.command('CONFIG', 'SET', name, old);
      },
    };
  }

  async set(sentinels: readonly RedisTestNode[], name: string, value: string, was: string) {
    const awake = sentinels.filter(({ isAwake }) => isAwake);
    await each(awake, 'SENTINEL', 'SET', GROUP, name, value);
    return { undo: () => each(awake, 'SENTINEL', 'SET', GROUP, name, was) };
  }

  /** Judges as somebody who lacks rights. */
  async without(rules: readonly string[], whose: 'REDIS' | 'REDIS_SENTINEL'): Promise<Applied> {
    const nodes = whose === 'REDIS' ? this.dataNodes : this.cluster.sentinels();
    await each(nodes, 'ACL', 'SETUSER', LIMITED, 'reset', 'on', `>${LIMITED}`, ...ALL, ...rules);
    const env = { [`${whose}_USERNAME`]: LIMITED, [`${whose}_PASSWORD`]: LIMITED };
    return { env, undo: () => Promise.resolve() };
  }

  /** Waits until the Sentinel says so of the group or one of its replicas. */
  async untilSaid(sentinel: RedisTestNode, question: string, words: RegExp): Promise<void> {
    await this.cluster.waitUntil(
      async () => words.test(JSON.stringify(await sentinel.command('SENTINEL', question, GROUP))),
      { what: `SENTINEL ${question} says ${words.source}`, timeoutMs: 15_000 },
    );
  }
}

/** Those that another change of the same state has put to sleep are left out. */
async function each(nodes: readonly RedisTestNode[], ...command: string[]): Promise<void> {
  for (const node of nodes.filter(({ isAwake }) => isAwake)) await node.command(...command);
}

/** One change of a cluster. `no` chooses the node. */
export type Change = (at: JudgedCluster, no: number) => Promise<Applied>;

const sleeping =
  (how: 'freeze' | 'kill', pick: 'replica' | 'sentinel'): Change =>
  async (at, no) => {
    const node = at[pick](no);
    await node[how]();
    return { undo: () => at.wake(node) };
  };

/** Changes by name, and what they touch: two of one state touch different things. */
export const CHANGES: Readonly<Record<string, readonly [touches: string, change: Change]>> = {
  'a replica is frozen': ['replica', sleeping('freeze', 'replica')],
  'a replica is dead': ['replica', sleeping('kill', 'replica')],
  'a Sentinel is dead': ['sentinel', sleeping('kill', 'sentinel')],
  'a replica is never promoted': [
    'replica',
    (at, no) => at.config([at.replica(no)], 'replica-priority', '0'),
  ],
  'no replica may be promoted': [
    'replica',
    (at) => at.config(at.cluster.replicas(), 'replica-priority', '0'),
  ],
  'a replica takes writes': [
    'replica',
    (at, no) => at.config([at.replica(no)], 'replica-read-only', 'no'),
  ],
  'a replica follows a replica': [
    'replica',
    async (at, no) => {
      const [node, other, primary] = [at.replica(no), at.replica(no + 1), at.primary];
      await node.command('REPLICAOF', '127.0.0.1', String(other.address.port));
      return { undo: () => node.command('REPLICAOF', '127.0.0.1', String(primary.address.port)) };
    },
  ],
  'a replica has no link': [
    'replica',
    async (at, no) => {
      const node = at.replica(no);
      const applied = await at.config([node], 'masterauth', 'wrong');
      await node.command('CLIENT', 'KILL', 'TYPE', 'master');
      return applied;
    },
  ],
  'a Sentinel forgets everybody': [
    'sentinel',
    async (at, no) => {
      await at.sentinel(no).command('SENTINEL', 'RESET', GROUP);
      return { undo: () => Promise.resolve() };
    },
  ],
  'a Sentinel has a high quorum': [
    'quorum',
    (at, no) => at.set([at.sentinel(no)], 'quorum', '4', '2'),
  ],
  'the quorum is all': ['quorum', (at) => at.set(at.cluster.sentinels(), 'quorum', '3', '2')],
  'a Sentinel has a wrong password of the nodes': [
    'sentinel',
    async (at, no) => {
      const sentinel = at.sentinel(no);
      const applied = await at.set([sentinel], 'auth-pass', 'wrong', at.password);
      await at.untilSaid(sentinel, 'MASTER', /"[^"]*s_down/);
      await at.untilSaid(sentinel, 'REPLICAS', /s_down.*s_down/);
      return applied;
    },
  ],
  'a Sentinel stood still': [
    'sentinel',
    async (at, no) => {
      const sentinel = at.sentinel(no);
      await sentinel.command('SENTINEL', 'DEBUG', 'TILT-TRIGGER', '300', 'TILT-PERIOD', '600000');
      await sentinel.freeze();
      await new Promise((done) => setTimeout(done, 1_000));
      sentinel.thaw();
      await at.cluster.waitUntil(
        async () => (await sentinel.info('sentinel')).get('sentinel_tilt') === '1',
        { what: 'the Sentinel is in TILT' },
      );
      const undo = ['TILT-TRIGGER', '2000', 'TILT-PERIOD', '100'];
      return { undo: () => sentinel.command('SENTINEL', 'DEBUG', ...undo) };
    },
  ],
  'a dead Sentinel is not in the list': [
    'sentinel',
    async (at, no) => {
      const [gone, ...others] = [at.sentinel(no), at.sentinel(no + 1), at.sentinel(no + 2)];
      await gone.kill();
      const list = others.map(({ address }) => `127.0.0.1:${String(address.port)}`);
      return { env: { REDIS_SENTINELS: list.join(',') }, undo: () => at.wake(gone) };
    },
  ],
  'Sentinels may not ping a replica': [
    'replica',
    async (at, no) => {
      const node = at.replica(no);
      await node.command('ACL', 'SETUSER', 'default', '-ping');
      for (const one of at.cluster.sentinels().filter(({ isAwake }) => isAwake)) {
        await at.untilSaid(one, 'REPLICAS', /s_down/);
      }
      return { undo: () => node.command('ACL', 'SETUSER', 'default', '+ping') };
    },
  ],
  'memory is full': ['primary', (at) => at.config([at.primary], 'maxmemory', '1')],
  'writes want more replicas than there are': [
    'primary',
    (at) => at.config([at.primary], 'min-replicas-to-write', '3'),
  ],
  'saving fails': [
    'primary',
    async (at) => {
      const node = at.primary;
      const [, dir = ''] = (await node.command('CONFIG', 'GET', 'dir')) as string[];
      const file = join(dir, 'dump.rdb');
      rmSync(file, { force: true, recursive: true });
      mkdirSync(file);
      const saved = (is: string) =>
        at.cluster.waitUntil(
          async () => {
            const info = await node.info('persistence');
            if (info.get('rdb_bgsave_in_progress') === '1') return false;
            if (info.get('rdb_last_bgsave_status') === is) return true;
            await node.command('BGSAVE');
            return false;
          },
          { what: `the last save is ${is}` },
        );
      const applied = await at.config([node], 'save', '3600 1');
      await saved('err');
      const undo = async (): Promise<void> => {
        rmSync(file, { recursive: true });
        await saved('ok');
        await applied.undo();
      };
      return { undo };
    },
  ],
  'the judge may not ask for INFO': ['user', (at) => at.without(['-info'], 'REDIS')],
  'the judge may not ask for ROLE': ['user', (at) => at.without(['-role'], 'REDIS')],
  'the judge may not ask for settings': ['user', (at) => at.without(['-config'], 'REDIS')],
  'the judge may not write': ['user', (at) => at.without(['-set'], 'REDIS')],
  'the judge may not wait': ['user', (at) => at.without(['-wait'], 'REDIS')],
  'the judge may not ask for quorum': [
    'user',
    (at) => at.without(['-sentinel|ckquorum'], 'REDIS_SENTINEL'),
  ],
  'the judge may not ask for replicas': [
    'user',
    (at) => at.without(['-sentinel|replicas'], 'REDIS_SENTINEL'),
  ],
  'the judge may not ask for the address': [
    'user',
    (at) => at.without(['-sentinel|get-master-addr-by-name'], 'REDIS_SENTINEL'),
  ],
  'the judge may not ask for Sentinels': [
    'user',
    (at) => at.without(['-sentinel|sentinels'], 'REDIS_SENTINEL'),
  ],
};
