import { EXIT } from '../../src/cli/frame/index.js';
import { examine } from '../../src/cli/doctor/examine.js';
import { resolveFromEnv } from '../../src/redis/config/index.js';
import {
  startRedisCluster,
  startRedisServer,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { CustomCluster } from '../support/custom-cluster.js';
import { evidenceOf, runJson, type DoctorRun } from '../support/doctor-rig.js';
import { FakeNode } from '../support/fake-node.js';

jest.setTimeout(60_000);

const PASSWORD = 'secret-of-the-nodes';
const HOUR_MS = 3_600_000;
const NOWHERE = '192.0.2.1';

const doctor = (env: Readonly<Record<string, string>>, ...args: string[]): Promise<DoctorRun> =>
  runJson(['doctor', '--deadline', '10s', '--patience', '2s', ...args, '--json'], env);
const textOf = ({ address }: RedisTestNode): string => `127.0.0.1:${String(address.port)}`;

describe('doctor, of nodes and Sentinels in the wrong place', () => {
  let cluster: RedisTestCluster;
  let other: RedisTestCluster;
  /** The three Sentinels of the start, whoever came later. */
  let env: Record<string, string>;

  beforeAll(async () => {
    const options = { downAfterMs: 1_200, password: PASSWORD };
    [cluster, other] = await Promise.all([
      startRedisCluster(options),
      startRedisCluster({ ...options, replicas: 1 }),
    ]);
    env = cluster.env();
  });
  afterAll(() => Promise.all([cluster.stop(), other.stop()]));

  /** Has a replica follow somebody else while something is looked at. */
  async function following(
    source: readonly [string, string],
    look: (replica: RedisTestNode) => Promise<void>,
  ): Promise<void> {
    const replica = cluster.replicas()[0]!;
    const { host, port } = cluster.primary().address;
    await replica.command('REPLICAOF', ...source);
    try {
      await look(replica);
    } finally {
      await replica.command('REPLICAOF', host, String(port));
      await cluster.waitForReady();
    }
  }

  it('finds nothing before', async () => {
    expect(await doctor(env)).toMatchObject({ alarms: [], code: EXIT.done });
  });

  it('names min-replicas-high for min-replicas-to-write 2 with 1 replica', async () => {
    await other.primary().command('CONFIG', 'SET', 'min-replicas-to-write', '2');
    const run = await doctor(other.env());
    await other.primary().command('CONFIG', 'SET', 'min-replicas-to-write', '0');
    expect(evidenceOf(run, 'min-replicas-high')).toEqual([
      `${textOf(other.primary())}: min-replicas-to-write is 2: more replicas must follow than there are (1), so every write is refused`,
    ]);
    expect(run.alarms).toContain('writes-refused');
    expect(run.code).toBe(EXIT.failed);
  });

  it('names two-primaries for a replica that was made a primary by hand', async () => {
    await following(['NO', 'ONE'], async (replica) => {
      const run = await doctor(env);
      expect(evidenceOf(run, 'two-primaries').join('\n')).toContain(textOf(replica));
      expect(run.findings.find(({ code }) => code === 'two-primaries')?.severity).toBe('danger');
    });
  });

  it('names replica-of-replica', async () => {
    const port = String(cluster.replicas()[1]!.address.port);
    await following(['127.0.0.1', port], async (replica) => {
      const run = await doctor(env);
      expect(evidenceOf(run, 'replica-of-replica').join('\n')).toContain(
        `${textOf(replica)}: it follows 127.0.0.1:${port}, which is a replica`,
      );
    });
  });

  it('names replica-elsewhere for a replica that follows another cluster', async () => {
    // Without Sentinels: those of two clusters with one name would meet at the replica.
    const stranger = await startRedisServer({ password: PASSWORD });
    const port = String(stranger.node.address.port);
    await following(['127.0.0.1', port], async (replica) => {
      await cluster.waitUntil(
        async () => (await replica.info('replication')).get('master_link_status') === 'up',
        { what: 'the replica has copied the other cluster' },
      );
      const run = await doctor(env);
      expect(evidenceOf(run, 'replica-elsewhere')[0]).toContain(
        `${textOf(replica)}: it follows 127.0.0.1:${port}, whose data is not that of`,
      );
    });
    await stranger.stop();
  });

  it('names sentinel-elsewhere for a Sentinel of another cluster with the same name, and takes no fault of it for ours', async () => {
    const stranger = textOf(other.sentinels()[0]!);
    const run = await doctor({
      ...env,
      REDIS_SENTINELS: `${stranger},${env['REDIS_SENTINELS'] ?? ''}`,
    });
    expect(evidenceOf(run, 'sentinel-elsewhere')).toEqual([
      `${stranger}: it names ${textOf(other.primary())}, and knows 2 Sentinels, none of ours`,
    ]);
    expect(run.alarms).toEqual(['sentinel-elsewhere']);
  });

  it('names address-unreachable for a replica that announces an address nobody can reach', async () => {
    const replica = await cluster.addReplica();
    await replica.command('CONFIG', 'SET', 'replica-announce-ip', NOWHERE);
    await replica.command('CLIENT', 'KILL', 'TYPE', 'master');
    const quicken = (ms: string): Promise<unknown> =>
      Promise.all(
        cluster.sentinels().map((one) => one.command('SENTINEL', 'DEBUG', 'INFO-PERIOD', ms)),
      );
    await quicken('200');
    await cluster.waitUntil(
      async () =>
        JSON.stringify(
          await cluster.sentinels()[0]?.command('SENTINEL', 'REPLICAS', 'mymaster'),
        ).includes(NOWHERE),
      { what: 'a Sentinel has heard of it' },
    );
    const run = await doctor(env).finally(() => quicken('10000'));
    await cluster.removeReplica(replica);
    expect(evidenceOf(run, 'address-unreachable').join('\n')).toMatch(
      new RegExp(`${NOWHERE}:\\d+: .*the primary has it linked, and hears of it`),
    );
  });

  it('names a Sentinel that nobody listed, what it is set to, and later that it is stale', async () => {
    const rogue = await cluster.addSentinel();
    await rogue.command('SENTINEL', 'SET', 'mymaster', 'quorum', '1');
    const run = await doctor(env);
    expect(evidenceOf(run, 'sentinel-unlisted').join()).toContain(textOf(rogue));
    expect(evidenceOf(run, 'quorum-low').join()).toContain(textOf(rogue));
    expect(run.alarms).toEqual(['quorum-low', 'sentinel-settings-differ']);

    await rogue.kill();
    const isMissed = async (): Promise<boolean> =>
      JSON.stringify(
        await cluster.sentinels()[0]?.command('SENTINEL', 'SENTINELS', 'mymaster'),
      ).includes('s_down');
    await cluster.waitUntil(isMissed, { what: 'the others miss it' });
    const later = await doctor(env);
    expect(evidenceOf(later, 'sentinel-stale')[0]).toMatch(/3 Sentinels count it as one of them/);
    expect(later.alarms).toEqual(['sentinel-stale']);
    await rogue.restart();
    await cluster.waitForReady();
  });
});

describe('doctor, of the world around', () => {
  it('names clock-skew for a node whose calendar is an hour ahead', async () => {
    const node = await FakeNode.start();
    node.wallTime = () => Date.now() + HOUR_MS;
    const { port } = node.address;
    const run = await doctor({}, '--node', `127.0.0.1:${String(port)}`);
    await node.stop();
    expect(evidenceOf(run, 'clock-skew')).toEqual([
      `127.0.0.1:${String(port)}: 60 min ahead of this machine`,
    ]);
  });

  it('names name-slow for a name server that says nothing, and is done by its deadline', async () => {
    const node = await FakeNode.start();
    const { options } = resolveFromEnv({
      REDIS_HOST: 'localhost',
      REDIS_PORT: String(node.address.port),
    });
    if (options.mode === 'memory') throw new TypeError('it has a Redis');
    const startedAt = performance.now();
    const { findings } = await examine({
      ...{
        options,
        doubts: [],
        keepsSessions: false,
        user: null,
        writesStates: false,
        now: Date.now,
      },
      deadlineMs: 10_000,
      patienceMs: 2_000,
      signal: new AbortController().signal,
      lookUp: () => new Promise(() => undefined),
    });
    await node.stop();
    expect(findings.find(({ code }) => code === 'name-slow')).toMatchObject({
      severity: 'danger',
      evidence: [{ at: 'localhost' }],
    });
    expect(performance.now() - startedAt).toBeLessThan(10_500);
  });
});

describe('doctor, of certificates', () => {
  let certificates: Certificates;
  let cluster: CustomCluster;
  let env: Record<string, string>;

  beforeAll(async () => {
    const made = makeCertificates();
    if (made === null) throw new Error('These tests need openssl');
    certificates = made;
    const plan = { bind: '127.0.0.1', announce: '127.0.0.1', certificates };
    cluster = await CustomCluster.start(plan);
    const { nodes } = cluster.options().sentinel;
    const tls = { TLS: 'true', TLS_CA_FILE: certificates.files.ca };
    env = {
      REDIS_SENTINEL_ENABLED: 'true',
      REDIS_SENTINELS: (nodes as { host: string; port: number }[])
        .map(({ host, port }) => `${host}:${String(port)}`)
        .join(','),
      ...Object.fromEntries(
        Object.entries(tls).flatMap(([name, value]) => [
          [`REDIS_${name}`, value],
          [`REDIS_SENTINEL_${name}`, value],
        ]),
      ),
    };
  });
  afterAll(async () => {
    await cluster.stop();
    certificates.remove();
  });

  it('names certificate-ends-soon where two days are left', async () => {
    const run = await doctor(env);
    expect(run.alarms).toEqual(['certificate-ends-soon', 'min-replicas-off']);
    expect(evidenceOf(run, 'certificate-ends-soon')).toHaveLength(6);
    expect(evidenceOf(run, 'certificate-ends-soon')[0]).toContain('for localhost, 127.0.0.1');
  });

  it('names certificate-ended for one that is over', async () => {
    const swap = ({ cert, key }: { cert: string; key: string }): Promise<{ port: number }> =>
      cluster.toReplica(0, 'CONFIG', 'SET', 'tls-cert-file', cert, 'tls-key-file', key);
    const { port } = await swap(certificates.expiredFiles);
    const run = await doctor(env);
    expect(evidenceOf(run, 'certificate-ended').join('\n')).toContain(
      `127.0.0.1:${String(port)}: `,
    );
    expect(run.alarms).not.toContain('node-down');
  });

  it('names certificate-other-name for a name that is not in it', async () => {
    const run = await doctor({ ...env, REDIS_SENTINEL_TLS_SERVERNAME: 'redis.example' });
    expect(evidenceOf(run, 'certificate-other-name')).toHaveLength(3);
    expect(run.code).toBe(EXIT.failed);
  });

  it('names transport-differs where we do not speak TLS', async () => {
    const run = await doctor({}, '--sentinels', env['REDIS_SENTINELS'] ?? '');
    expect(evidenceOf(run, 'transport-differs')).toHaveLength(3);
  });
});
