import { dirname } from 'node:path';
import { renameSync } from 'node:fs';
import { EXIT } from '../../src/cli/frame/index.js';
import {
  startRedisCluster,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';
import { evidenceOf, runJson, type DoctorRun } from '../support/doctor-rig.js';

jest.setTimeout(60_000);

const SENTINEL_PASSWORD = 'secret-of-the-sentinels';

/** A fault, put in by a command and taken out by another one. */
interface Seed {
  readonly fault: string;
  readonly code: string;
  readonly at: 'primary' | 'replicas' | 'nodes' | 'sentinel';
  /** How much an empty node uses is another for each version of Redis. */
  readonly seed: readonly string[][] | ((usedMemory: string) => readonly string[][]);
  readonly heal: readonly string[][];
  readonly args?: readonly string[];
  readonly seen: RegExp;
}

const set = (name: string, value: string): string[] => ['CONFIG', 'SET', name, value];
const monitor = (name: string, value: string): string[] => [
  'SENTINEL',
  'SET',
  'mymaster',
  name,
  value,
];

const SEEDS: readonly Seed[] = [
  {
    fault: 'a quorum of 1',
    code: 'quorum-low',
    at: 'sentinel',
    seed: [monitor('quorum', '1')],
    heal: [monitor('quorum', '2')],
    seen: /quorum is 1/,
  },
  {
    fault: 'a quorum above the number of Sentinels',
    code: 'quorum-high',
    at: 'sentinel',
    seed: [monitor('quorum', '4')],
    heal: [monitor('quorum', '2')],
    seen: /quorum is 4/,
  },
  {
    fault: 'down-after-milliseconds 300',
    code: 'down-after-short',
    at: 'sentinel',
    seed: [monitor('down-after-milliseconds', '300')],
    heal: [monitor('down-after-milliseconds', '3000')],
    seen: /down-after-milliseconds is 300/,
  },
  {
    fault: 'Sentinels with different settings',
    code: 'sentinel-settings-differ',
    at: 'sentinel',
    seed: [monitor('failover-timeout', '20000')],
    heal: [monitor('failover-timeout', '10000')],
    seen: /failover-timeout 20000/,
  },
  {
    fault: 'min-replicas-to-write as high as the number of replicas',
    code: 'min-replicas-high',
    at: 'nodes',
    seed: [set('min-replicas-to-write', '2')],
    heal: [set('min-replicas-to-write', '1')],
    seen: /min-replicas-to-write is 2: the loss of one of 2/,
  },
  {
    fault: 'priority 0 everywhere',
    code: 'no-promotable-replica',
    at: 'replicas',
    seed: [set('replica-priority', '0')],
    heal: [set('replica-priority', '100')],
    seen: /replica-priority is 0/,
  },
  {
    fault: 'an eviction policy that evicts sessions',
    code: 'eviction-of-sessions',
    at: 'nodes',
    seed: [set('maxmemory', '100mb'), set('maxmemory-policy', 'allkeys-lru')],
    heal: [set('maxmemory', '0'), set('maxmemory-policy', 'noeviction')],
    args: ['--sessions'],
    seen: /maxmemory-policy is allkeys-lru/,
  },
  {
    fault: 'memory without a limit',
    code: 'memory-unlimited',
    at: 'primary',
    seed: [],
    heal: [],
    seen: /maxmemory is 0; .*[KMG]iB of the .*GiB/,
  },
  {
    fault: 'memory that is nearly full',
    code: 'memory-full',
    at: 'primary',
    seed: (used) => [set('maxmemory', used)],
    heal: [set('maxmemory', '0')],
    seen: /[\d.]+ [KM]iB of [\d.]+ [KM]iB are used/,
  },
  {
    fault: 'persistence with stop-writes-on-bgsave-error',
    code: 'writes-stop-on-failed-save',
    at: 'nodes',
    seed: [set('save', '3600 1')],
    heal: [set('save', '')],
    seen: /save "3600 1", stop-writes-on-bgsave-error yes/,
  },
  {
    fault: 'a maxclients that is too small',
    code: 'connections-few',
    at: 'primary',
    seed: [set('maxclients', '30')],
    heal: [set('maxclients', '4000')],
    seen: /maxclients is 30, \d+ are connected/,
  },
  {
    fault: 'an output buffer that is too small for a replica',
    code: 'output-buffer-small',
    at: 'primary',
    seed: [set('client-output-buffer-limit', 'replica 1mb 1mb 10')],
    heal: [set('client-output-buffer-limit', 'replica 256mb 64mb 60')],
    seen: /replica 1\.0 MiB, needed 16\.0 MiB/,
  },
  {
    fault: 'nodes with different settings',
    code: 'settings-differ',
    at: 'primary',
    seed: [set('min-replicas-max-lag', '10')],
    heal: [set('min-replicas-max-lag', '2')],
    seen: /min-replicas-max-lag 10/,
  },
  {
    fault: 'a primary without masterauth',
    code: 'masterauth-missing',
    at: 'primary',
    seed: [set('masterauth', '')],
    heal: [],
    seen: /masterauth is empty, and .* wants a password/,
  },
  {
    fault: 'a user of the application without a command',
    code: 'rights-missing',
    at: 'nodes',
    seed: [['ACL', 'SETUSER', 'app', 'on', '>pw-of-app', '~*', '&*', '+@all', '-role', '-time']],
    heal: [['ACL', 'DELUSER', 'app']],
    args: ['--rights-of', 'app'],
    seen: /user app lacks \+role .*\+time/,
  },
  {
    fault: 'Sentinels that may not promote',
    code: 'sentinel-rights-missing',
    at: 'replicas',
    seed: [['ACL', 'SETUSER', 'default', '-slaveof', '-config|rewrite']],
    heal: [['ACL', 'SETUSER', 'default', '+@all']],
    seen: /Sentinels log in as default: user default lacks \+slaveof .*nobody is promoted.*\+config\|rewrite/,
  },
  {
    fault: 'a replica that takes writes',
    code: 'replica-writable',
    at: 'replicas',
    seed: [set('replica-read-only', 'no')],
    heal: [set('replica-read-only', 'yes')],
    seen: /replica-read-only is no/,
  },
];

describe('doctor, of settings that are wrong', () => {
  let cluster: RedisTestCluster;
  const doctor = (args: readonly string[] = [], env = {}): Promise<DoctorRun> =>
    runJson(['doctor', '--deadline', '10s', '--patience', '2s', ...args, '--json'], {
      ...cluster.env(),
      ...env,
    });

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 3_000, sentinelPassword: SENTINEL_PASSWORD });
  });
  afterAll(() => cluster.stop());

  const targets = (at: Seed['at']): readonly RedisTestNode[] => {
    const replicas = cluster.replicas();
    const of = { primary: [cluster.primary()], replicas, nodes: [cluster.primary(), ...replicas] };
    return at === 'sentinel' ? cluster.sentinels().slice(0, 1) : of[at];
  };
  const usedBy = async (node: RedisTestNode): Promise<string> =>
    (await node.info('memory')).get('used_memory') ?? '';
  const send = async (at: Seed['at'], commands: Seed['seed']): Promise<void> => {
    for (const node of targets(at)) {
      const all = typeof commands === 'function' ? commands(await usedBy(node)) : commands;
      for (const words of all) await node.command(...words);
    }
  };

  it('finds nothing before, says what it could not look at, and is done within a second or two', async () => {
    const run = await doctor();
    expect({ alarms: run.alarms, code: run.code }).toEqual({ alarms: [], code: EXIT.done });
    expect(run.unseen.map(({ what }) => what)).toEqual([
      'whether Sentinels can write their state',
      'what is evicted of sessions',
    ]);
    expect(run.tookMs).toBeLessThan(5_000);
  });

  it.each(SEEDS)('names $code for $fault', async ({ code, at, seed, heal, args, seen }) => {
    const password = cluster.env()['REDIS_PASSWORD'] ?? '';
    await send(at, seed);
    try {
      const run = await doctor(args);
      expect(evidenceOf(run, code).join('\n')).toMatch(seen);
      // One fault is not told as many, but for what else is true of it.
      const expected = [code, 'settings-differ', 'sentinel-settings-differ', 'no-quorum'];
      expect(run.alarms.filter((other) => !expected.includes(other))).toEqual([]);
    } finally {
      await send(at, heal);
      if (code === 'masterauth-missing') await send(at, [set('masterauth', password)]);
    }
  });

  it('names open-to-everybody for protected-mode off and no password', async () => {
    const [replica] = cluster.replicas();
    const password = cluster.env()['REDIS_PASSWORD'] ?? '';
    const client = await replica!.connect();
    for (const words of [
      set('bind', '* -::*'),
      set('protected-mode', 'no'),
      set('requirepass', ''),
    ]) {
      await client.command(words);
    }
    const run = await doctor();
    for (const words of [
      set('requirepass', password),
      set('bind', '127.0.0.1'),
      set('protected-mode', 'yes'),
    ]) {
      await client.command(words);
    }
    client.close();
    expect(evidenceOf(run, 'open-to-everybody')).toEqual([
      `127.0.0.1:${String(replica?.address.port)}: no password is needed, protected-mode is off, and it listens at * -::*`,
    ]);
    expect(run.alarms).toEqual(['open-to-everybody', 'password-refused']);
  });

  it('finds nothing again when all of it is taken out', async () => {
    expect(await doctor()).toMatchObject({ alarms: [], code: EXIT.done });
  });

  it('names password-refused for a wrong password of the Sentinels, and of the nodes', async () => {
    const sentinels = await doctor([], { REDIS_SENTINEL_PASSWORD: 'wrong' });
    expect(sentinels.code).toBe(EXIT.failed);
    expect(sentinels.alarms).toEqual(['no-sentinel-answers', 'password-refused']);
    expect(evidenceOf(sentinels, 'password-refused')).toHaveLength(3);
    const nodes = await doctor([], { REDIS_PASSWORD: 'wrong' });
    expect(evidenceOf(nodes, 'password-refused')).toHaveLength(3);
  });

  it('names group-unknown for a wrong name, and says which names there are', async () => {
    const run = await doctor(['--master-name', 'other']);
    expect(run.code).toBe(EXIT.failed);
    expect(evidenceOf(run, 'group-unknown')).toHaveLength(3);
    expect(evidenceOf(run, 'group-unknown')[0]).toContain('it watches mymaster');
  });

  it('names not-a-sentinel for a port of a node in the list of the Sentinels', async () => {
    const { REDIS_SENTINELS = '' } = cluster.env();
    const { port } = cluster.primary().address;
    const run = await doctor([], {
      REDIS_SENTINELS: `${REDIS_SENTINELS},127.0.0.1:${String(port)}`,
    });
    expect(evidenceOf(run, 'not-a-sentinel')[0]).toContain(`127.0.0.1:${String(port)}`);
  });

  it('names not-a-node for a port of a Sentinel in place of a node', async () => {
    const [sentinel] = cluster.sentinels();
    const port = String(sentinel?.address.port);
    const env = { REDIS_PASSWORD: SENTINEL_PASSWORD };
    const run = await runJson(['doctor', '--node', `127.0.0.1:${port}`, '--json'], env);
    expect(evidenceOf(run, 'not-a-node')[0]).toContain('sentinel');
  });

  it('names sentinel-cannot-log-in where a Sentinel has a wrong password of the nodes', async () => {
    const [sentinel] = cluster.sentinels();
    const password = cluster.env()['REDIS_PASSWORD'] ?? '';
    await sentinel?.command(...monitor('auth-pass', 'wrong'));
    await sentinel?.command(...monitor('down-after-milliseconds', '1200'));
    for (const node of targets('nodes')) await node.command('CLIENT', 'KILL', 'TYPE', 'normal');
    try {
      const isBlind = async (): Promise<boolean> =>
        /s_down/.test(JSON.stringify(await sentinel?.command('SENTINEL', 'MASTER', 'mymaster')));
      await cluster.waitUntil(isBlind, { what: 'the Sentinel calls the primary down' });
      const run = await doctor();
      expect(evidenceOf(run, 'sentinel-cannot-log-in').join()).toMatch(/answered its PING/);
    } finally {
      await sentinel?.command(...monitor('auth-pass', password));
      await sentinel?.command(...monitor('down-after-milliseconds', '3000'));
      await cluster.waitForReady();
    }
  });

  it('names sentinel-state-unwritable when it may ask, and does not ask by itself', async () => {
    const [sentinel] = cluster.sentinels();
    const file = (await sentinel?.info('server'))?.get('config_file') ?? '';
    const folder = dirname(file);
    renameSync(folder, `${folder}-away`);
    try {
      expect((await doctor()).alarms).toEqual([]);
      const run = await doctor(['--sentinel-state']);
      expect(evidenceOf(run, 'sentinel-state-unwritable')).toHaveLength(1);
    } finally {
      renameSync(`${folder}-away`, folder);
    }
  });

  it('names variable-doubtful where Sentinels are listed, and one Redis is used', async () => {
    const { port } = cluster.primary().address;
    const { REDIS_SENTINELS = '', REDIS_PASSWORD = '' } = cluster.env();
    const env = { REDIS_SENTINELS, REDIS_PASSWORD, REDIS_PORT: String(port) };
    const run = await runJson(['doctor', '--json'], env);
    expect(evidenceOf(run, 'variable-doubtful')[0]).toContain('REDIS_SENTINELS');
    expect(run).toMatchObject({ alarms: ['variable-doubtful'], code: EXIT.unwell });
  });

  it('leaves out what is ignored, and counts advice where it is strict', async () => {
    const strict = await doctor(['--strict']);
    expect(strict.code).toBe(EXIT.unwell);
    const ignoring = await doctor(['--strict', '--ignore', 'memory-unlimited']);
    expect(ignoring).toMatchObject({ findings: [], code: EXIT.done });
  });
});
