import { Redis } from 'ioredis';
import { type RedisService, type SentinelModeOptions } from '../../src/redis/index.js';
import {
  startRedisCluster,
  waitUntil,
  type RedisTestCluster,
} from '../../src/redis/testing/index.js';
import { makeCertificates, type Certificates } from '../support/certificates.js';
import { CustomCluster } from '../support/custom-cluster.js';
import { closeEngines, startEngine, startReadyEngine, withOptions } from '../support/engines.js';
import { nextEvent } from '../support/events.js';
import { Load } from '../support/load.js';
import { outcomeOf } from '../support/outcomes.js';

const PATIENT = { writeTimeoutMs: 15_000, readTimeoutMs: 1500 };

afterEach(() => closeEngines());

/** Resolves when so many more writes were acknowledged. */
async function more(load: Load, count = 300): Promise<void> {
  const target = load.writesAcknowledged + count;
  await waitUntil(() => load.writesAcknowledged >= target, {
    what: `${String(target)} writes are acknowledged`,
    timeoutMs: 30_000,
  });
}

/** Writes with a client of another library, a hundred times a second, and looks whether each answer is its own. */
class RawLoad {
  readonly #raw: Redis;
  readonly #failed: unknown[] = [];
  readonly #pending = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  constructor(raw: Redis) {
    this.#raw = raw;
    this.#timer = setInterval(() => {
      const write: Promise<void> = this.#write().finally(() => this.#pending.delete(write));
      this.#pending.add(write);
    }, 10);
  }

  get sent(): number {
    return this.#sent;
  }

  /** Resolves with what failed. */
  async stop(): Promise<readonly unknown[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
    return this.#failed;
  }

  async #write(): Promise<void> {
    const value = String(this.#sent++);
    try {
      const answers = await this.#raw.pipeline().set('raw', value).echo(value).exec();
      if (answers?.[1]?.[1] !== value) this.#failed.push(answers);
    } catch (error) {
      this.#failed.push(String(error));
    }
  }
}

/** Ends the load and compares what it was told with what the primary holds. */
async function expectNoFailedCall(load: Load): Promise<void> {
  const { errors, hung, uncertain, wrongReads } = await load.stop();
  expect({ errors, hung, wrongReads }).toEqual({ errors: [], hung: 0, wrongReads: [] });
  // INCR is not repeated when its answer was lost with the primary; SET is.
  expect(uncertain.set).toBe(0);
}

describe('credentials that rotate under 1,000 operations a second', () => {
  let cluster: RedisTestCluster;
  let raw: Redis | null = null;
  let rawLoad: RawLoad | null = null;
  const toAll = async (...args: string[]): Promise<void> => {
    const nodes = [cluster.primary(), ...cluster.replicas()];
    for (const node of nodes) await node.command(...args);
  };

  beforeAll(async () => {
    cluster = await startRedisCluster({ sentinelPassword: 'first-of-sentinels' });
    await toAll('ACL', 'SETUSER', 'app', 'on', '>first-pw', '~*', '&*', '+@all');
  });
  afterEach(async () => {
    raw?.disconnect();
    await rawLoad?.stop();
  });
  afterAll(() => cluster.stop());

  it('fail no call, and log in to the next primary', async () => {
    let password = 'first-pw';
    let sentinelPassword = 'first-of-sentinels';
    const base = cluster.options();
    const { redis } = await startReadyEngine({
      ...base,
      node: { credentials: () => Promise.resolve({ username: 'app', password }) },
      sentinel: {
        nodes: base.sentinel.nodes,
        masterName: base.sentinel.masterName ?? 'mymaster',
        credentials: () => ({ password: sentinelPassword }),
      },
      routing: PATIENT,
    });
    // As BullMQ makes it, of options.
    raw = new Redis({ ...redis.connectionOptions(), maxRetriesPerRequest: null });
    raw.on('error', () => undefined);
    const load = new Load(redis, { opsPerSecond: 1000 });
    rawLoad = new RawLoad(raw);
    await more(load);

    await toAll('ACL', 'SETUSER', 'app', '>second-pw');
    for (const sentinel of cluster.sentinels()) {
      await sentinel.command('ACL', 'SETUSER', 'default', '>second-of-sentinels');
    }
    password = 'second-pw';
    sentinelPassword = 'second-of-sentinels';
    const { renewed, refused, later } = await redis.renewCredentials();
    expect(refused).toBe(0);
    // Three data nodes, the questions to three Sentinels and their messages, and the raw client, which may be busy.
    expect(renewed + later).toBe(10);
    await toAll('ACL', 'SETUSER', 'app', '<first-pw');
    await more(load);

    const switched = nextEvent(redis, 'failover.first-write');
    await (await cluster.currentPrimary()).kill();
    await switched;
    await more(load);
    expect(await redis.exclusive((one) => one.call('acl', 'whoami'))).toBe('app');
    expect(await raw.call('acl', 'whoami')).toBe('app');
    expect(await rawLoad.stop()).toEqual([]);
    expect(rawLoad.sent).toBeGreaterThan(100);
    await expectNoFailedCall(load);
  });
});

describe('TLS', () => {
  let certificates: Certificates | null = null;

  beforeAll(() => {
    certificates = makeCertificates();
  });
  afterAll(() => certificates?.remove());

  /** Runs on a cluster with certificates, where there is an openssl to make them. */
  async function onCluster(
    asksClients: boolean,
    run: (cluster: CustomCluster, own: Certificates) => Promise<void>,
  ): Promise<void> {
    // The reason stands on the console: see `makeCertificates`.
    if (certificates === null) return;
    const cluster = await CustomCluster.start({
      bind: '127.0.0.1',
      announce: '127.0.0.1',
      certificates,
      asksClients,
    });
    try {
      await run(cluster, certificates);
    } finally {
      await closeEngines();
      await cluster.stop();
    }
  }

  async function expectFailover(redis: RedisService, cluster: CustomCluster): Promise<void> {
    const switched = nextEvent(redis, 'failover.first-write');
    await cluster.kill(redis.status.primary!.address.port);
    expect(await redis.set('after', '1')).toBe('OK');
    await switched;
  }

  it('with certificates of clients works through a failover; without one it is refused with the reason', async () => {
    await onCluster(true, async (cluster, { ca, client }) => {
      const options = (tls: object): SentinelModeOptions =>
        withOptions(cluster.options(), {
          sentinel: { tls },
          node: { tls },
          routing: PATIENT,
        });
      const stranger = startEngine({ ...options({ ca }), routing: { writeTimeoutMs: 700 } });
      const refused = await outcomeOf(stranger.redis.set('never', 'sent'));
      expect(refused.code).toBe('NO_PRIMARY');
      for (const { problem } of stranger.redis.status.sentinels) {
        expect(problem).toMatch(/certificate|alert|closed/i);
      }
      const { redis } = await startReadyEngine(options({ ca, ...client }));
      const raw = redis.createClient({ maxRetriesPerRequest: null });
      expect(await raw.set('raw', '1')).toBe('OK');
      await expectFailover(redis, cluster);
      expect(await outcomeOf(raw.set('raw', '2'), 10_000)).toMatchObject({ value: 'OK' });
    });
  });

  it('certificates that rotate under 1,000 operations a second fail no call, through a failover', async () => {
    await onCluster(false, async (cluster, { ca, otherCa, nextFiles }) => {
      let trusted = ca;
      let asked = 0;
      const { redis } = await startReadyEngine(
        withOptions(cluster.options(), {
          // A Sentinel takes no other certificate while it runs.
          sentinel: { tls: () => ({ ca }) },
          node: {
            tls: () => {
              asked++;
              return Promise.resolve({ ca: trusted });
            },
          },
          routing: PATIENT,
        }),
      );
      const raw = redis.createClient({ maxRetriesPerRequest: null });
      const load = new Load(redis, { opsPerSecond: 1000 });
      await more(load);

      const { cert, key } = nextFiles;
      await cluster.toAll('CONFIG', 'SET', 'tls-cert-file', cert, 'tls-key-file', key);
      trusted = otherCa;
      const before = asked;
      // A new connection, which trusts the new authority alone.
      expect(await redis.exclusive((one) => one.ping())).toBe('PONG');
      expect(asked).toBeGreaterThan(before);
      await more(load);

      await expectFailover(redis, cluster);
      await more(load);
      expect(await redis.exclusive((one) => one.ping())).toBe('PONG');
      expect(await outcomeOf(raw.set('raw', '2'), 10_000)).toMatchObject({ value: 'OK' });
      await expectNoFailedCall(load);
    });
  });
});
