import { networkInterfaces } from 'node:os';
import { inspect } from 'node:util';
import {
  optionsFromEnv,
  RedisModule,
  RedisService,
  type NodeAddress,
  type SentinelModeOptions,
} from '../../src/redis/index.js';
import {
  startRedisCluster,
  waitUntil,
  type RedisTestCluster,
} from '../../src/redis/testing/index.js';
import { closeApps, startApp } from '../support/apps.js';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { CustomCluster } from '../support/custom-cluster.js';
import {
  closeEngines,
  startEngine,
  startReadyEngine,
  withOptions,
  type RunningEngine,
} from '../support/engines.js';
import { EventLog, nextEvent } from '../support/events.js';
import { outcomeOf } from '../support/outcomes.js';

afterEach(async () => {
  await closeApps();
  await closeEngines();
});

describe('passwords', () => {
  const USER = 'shop';
  const PASSWORD = 'pw-of-the-data-nodes';
  const SENTINEL_PASSWORD = 'pw-of-the-sentinels';
  const WRONG = 'pw-that-is-wrong';
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({
      username: USER,
      password: PASSWORD,
      sentinelPassword: SENTINEL_PASSWORD,
      downAfterMs: 1200,
    });
  });
  afterAll(() => cluster.stop());

  /** Boots, fails to connect, and collects everything that anybody could read of it. */
  async function tryWith(options: SentinelModeOptions): Promise<{ told: string; message: string }> {
    const { app, log } = await startApp({
      imports: [RedisModule.forRoot(withOptions(options, { routing: { writeTimeoutMs: 700 } }))],
    });
    const redis = app.get(RedisService);
    const events = new EventLog(redis);
    const outcome = await outcomeOf(redis.set('key', 'value'));
    expect(outcome.code).toBe('NO_PRIMARY');
    const session = await outcomeOf(redis.exclusive((one) => one.get('key'), { timeoutMs: 300 }));
    await waitUntil(() => log.texts('error').length > 0, { what: 'the log says why' });
    const told = [
      ...log.texts(),
      events.toText(),
      inspect(outcome.error, { depth: 10 }),
      inspect(session.error, { depth: 10 }),
      JSON.stringify(redis.status),
    ].join('\n');
    for (const secret of [PASSWORD, SENTINEL_PASSWORD, WRONG]) expect(told).not.toContain(secret);
    events.stop();
    return { told: log.texts('error').join('\n'), message: String(outcome.error) };
  }

  it('those of Sentinels and data nodes are separate, and hold through a failover', async () => {
    const { redis } = await startReadyEngine(cluster.options());
    const client = redis.createClient({ maxRetriesPerRequest: null });
    expect(await client.set('raw', 'client')).toBe('OK');
    const switched = nextEvent(redis, 'failover.first-write');
    const old = await cluster.currentPrimary();
    await old.kill();
    expect(await redis.set('after', 'failover')).toBe('OK');
    await switched;
    await old.restart();
    await cluster.waitForReady();
    expect(await redis.call('acl', 'whoami')).toBe(USER);
  });

  it('are given to a single Sentinel that is listed: it knows the others, so there are enough', async () => {
    const base = cluster.options();
    const [only] = base.sentinel.nodes;
    const one = withOptions(base, { sentinel: { nodes: [only!] } });
    const { app, log } = await startApp({ imports: [RedisModule.forRoot(one)] });
    const redis = app.get(RedisService);
    expect(redis.status).toMatchObject({ mode: 'sentinel' });
    const switched = nextEvent(redis, 'failover.first-write');
    const old = await cluster.currentPrimary();
    await old.kill();
    expect(await redis.set('listed', 'one')).toBe('OK');
    await switched;
    expect(log.texts('warn').join('\n')).not.toContain('WITHOUT FAILOVER');
    await old.restart();
    await cluster.waitForReady();
  });

  it('a wrong one of the data nodes is named as the reason, and appears nowhere', async () => {
    const base = cluster.options();
    const { told, message } = await tryWith(withOptions(base, { node: { password: WRONG } }));
    expect(told).toMatch(/WRONGPASS/);
    expect(message).toMatch(/WRONGPASS/);
  });

  it('a missing one of the data nodes is named as the reason', async () => {
    const base = cluster.options();
    const { told, message } = await tryWith({ mode: 'sentinel', sentinel: base.sentinel });
    expect(told).toMatch(/NOAUTH/);
    expect(message).toMatch(/NOAUTH/);
  });

  it('a wrong one of the Sentinels is named as the reason, and appears nowhere', async () => {
    const base = cluster.options();
    const { told } = await tryWith(withOptions(base, { sentinel: { password: WRONG } }));
    expect(told).toMatch(/WRONGPASS/);
  });

  it('a missing one of the Sentinels is named as the reason', async () => {
    const base = cluster.options();
    const { masterName = 'mymaster', nodes } = base.sentinel;
    const { told } = await tryWith({ ...base, sentinel: { masterName, nodes } });
    expect(told).toMatch(/NOAUTH/);
  });

  it('a user who may not do something is told so, without the arguments', async () => {
    const { redis } = await startReadyEngine(cluster.options());
    const nodes = [cluster.primary(), ...cluster.replicas()];
    const limited = [
      'on',
      '>pw-of-reader',
      '~*',
      '&*',
      '+@read',
      '+info',
      '+role',
      '+client',
      '+ping',
    ];
    for (const node of nodes) await node.command('ACL', 'SETUSER', 'reader', ...limited);
    const base = cluster.options();
    const reader = await startReadyEngine({
      ...base,
      node: { username: 'reader', password: 'pw-of-reader' },
    });
    await redis.set('page', 'text');
    await redis.exclusive((session) => session.wait(2, 1000));
    expect(await reader.redis.get('page')).toBe('text');
    const outcome = await outcomeOf(reader.redis.set('page', 'pw-in-a-value'));
    expect(outcome.code).toBe('COMMAND_REJECTED');
    expect(String(outcome.error)).toMatch(/NOPERM/);
    expect(inspect(outcome.error, { depth: 10 })).not.toContain('pw-in-a-value');
  });

  it('no right to INFO and CLIENT is no hindrance', async () => {
    const nodes = [cluster.primary(), ...cluster.replicas()];
    const bare = [
      'on',
      '>pw-of-bare',
      '~*',
      '&*',
      '+@read',
      '+@write',
      '+role',
      '+ping',
      '+multi',
      '+exec',
    ];
    for (const node of nodes) await node.command('ACL', 'SETUSER', 'bare', ...bare);
    const { redis } = await startReadyEngine({
      ...cluster.options(),
      node: { username: 'bare', password: 'pw-of-bare' },
    });
    expect(await redis.set('bare', 'works')).toBe('OK');
    expect(await redis.with({ readPolicy: 'primary' }).get('bare')).toBe('works');
    expect(await redis.multi().incr('bare:n').exec()).toEqual([[null, expect.any(Number)]]);
  });
});

/** The same Sentinels as people write them: each in another spelling, in code and in the environment. */
function inBrackets(cluster: CustomCluster): {
  code: SentinelModeOptions;
  env: SentinelModeOptions;
} {
  const ports = cluster.options().sentinel.nodes.map((node) => (node as NodeAddress).port);
  const [first = 0, second = 0, third = 0] = ports;
  const listed = [
    `[::1]:${String(first)}`,
    `[0:0:0:0:0:0:0:1]:${String(second)}`,
    `[::0001]:${String(third)}`,
  ];
  const { options } = optionsFromEnv({
    REDIS_SENTINEL_ENABLED: 'true',
    REDIS_SENTINELS: listed.join(', '),
  });
  const nodes = [listed[0]!, { host: '[0:0::1]', port: second }, { host: '::1', port: third }];
  return {
    code: { mode: 'sentinel', sentinel: { nodes } },
    env: options as SentinelModeOptions,
  };
}

const PATIENT = { writeTimeoutMs: 15_000, readTimeoutMs: 1500 };

async function expectToWork(cluster: CustomCluster, options: SentinelModeOptions): Promise<void> {
  await expectFailover(cluster, options);
  await closeEngines();
}

/** Boots on the cluster, writes, kills the primary, and writes again. */
async function expectFailover(
  cluster: CustomCluster,
  options: SentinelModeOptions,
): Promise<RunningEngine> {
  const running = await startReadyEngine(withOptions(options, { routing: PATIENT }));
  const { redis } = running;
  expect(await redis.set('before', '1')).toBe('OK');
  const client = redis.createClient({ maxRetriesPerRequest: null });
  expect(await client.set('raw', '1')).toBe('OK');
  const old = redis.status.primary!.address;
  expect(redis.status.replicas).toHaveLength(2);
  expect(redis.status.sentinels).toHaveLength(3);
  const switched = nextEvent(redis, 'failover.first-write');
  await cluster.kill(old.port);
  expect(await redis.set('after', '1')).toBe('OK');
  const { failover } = await switched;
  expect(failover.from).toEqual(old);
  expect(await outcomeOf(client.set('raw', '2'), 10_000)).toMatchObject({ value: 'OK' });
  expect(redis.status.sentinels).toHaveLength(3);
  return running;
}

describe('TLS', () => {
  let certificates: Certificates | null = null;
  let cluster: CustomCluster | null = null;

  beforeAll(async () => {
    certificates = makeCertificates();
    if (certificates === null) return;
    cluster = await CustomCluster.start({ bind: '127.0.0.1', announce: '127.0.0.1', certificates });
  });
  afterAll(async () => {
    await cluster?.stop();
    certificates?.remove();
  });

  function tlsOptions(sentinelCa: string, nodeCa: string): SentinelModeOptions {
    return withOptions(cluster!.options(), {
      sentinel: { tls: { ca: sentinelCa } },
      node: { tls: { ca: nodeCa } },
      routing: { writeTimeoutMs: 700 },
    });
  }

  it.each(['Sentinels', 'data nodes'])(
    'an authority that did not sign the %s is refused, with the reason',
    async (whose) => {
      if (certificates === null) return;
      const { ca, otherCa } = certificates;
      const isSentinel = whose === 'Sentinels';
      const options = isSentinel ? tlsOptions(otherCa, ca) : tlsOptions(ca, otherCa);
      const { redis } = startEngine(options);
      const outcome = await outcomeOf(redis.set('never', 'sent'));
      expect(outcome.code).toBe('NO_PRIMARY');
      const reasons = isSentinel
        ? redis.status.sentinels.map(({ problem }) => problem ?? '').join()
        : String(outcome.error);
      expect(reasons).toMatch(/certificate|self.signed|unable to verify/i);
    },
  );

  it('plain TCP to a TLS port is refused with a reason, not a hang', async () => {
    if (certificates === null) return;
    const { redis } = startEngine(
      withOptions(cluster!.options(), { routing: { writeTimeoutMs: 700 } }),
    );
    const outcome = await outcomeOf(redis.set('never', 'sent'));
    expect(outcome.code).toBe('NO_PRIMARY');
    for (const { problem } of redis.status.sentinels) expect(problem).toEqual(expect.any(String));
  });

  it('works for Sentinels, data nodes and raw clients, through a failover, with verified certificates', async () => {
    if (certificates === null) return;
    await expectToWork(cluster!, tlsOptions(certificates.ca, certificates.ca));
  });
});

describe('other addresses', () => {
  it('IPv6 works through a failover, however its addresses are written', async () => {
    const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
      list?.some(({ address }) => address === '::1'),
    );
    if (!hasIpv6) {
      console.warn('This machine has no ::1, so IPv6 is not tested here');
      return;
    }
    const cluster = await CustomCluster.start({ bind: '::1', announce: '::1' });
    try {
      const { code, env } = inBrackets(cluster);
      const other = await startReadyEngine(withOptions(env, { routing: PATIENT }));
      const heard: string[] = [];
      await other.redis.subscribe('news', (message) => heard.push(message));
      const { redis } = await expectFailover(cluster, code);
      // The announced addresses are known, in whichever spelling the Sentinels were listed.
      expect(redis.status.sentinels).toHaveLength(3);
      expect(await other.redis.set('other', '1')).toBe('OK');
      expect(await other.redis.exclusive((one) => one.get('after'))).toBe('1');
      await waitUntil(async () => (await redis.publish('news', 'x')) > 0 && heard.length > 0, {
        what: 'the subscription has followed',
      });
    } finally {
      await closeEngines();
      await cluster.stop();
    }
  });

  it('names instead of addresses work through a failover', async () => {
    const cluster = await CustomCluster.start({ bind: '127.0.0.1', announce: 'localhost' });
    try {
      await expectToWork(cluster, cluster.options());
    } finally {
      await cluster.stop();
    }
  });
});
