import { execFile } from 'node:child_process';
import {
  startRedisCluster,
  waitUntil,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine, withOptions } from '../support/engines.js';
import { EventLog } from '../support/events.js';
import { outcomeOf } from '../support/outcomes.js';
import { typeCommand } from '../support/typed-program.js';

jest.setTimeout(300_000);

const GROUP = 'mymaster';
const ROUTING = { readTimeoutMs: 1500, writeTimeoutMs: 10_000 };
const SCRIPT = 'scripts/check-sentinel-cluster-health.sh';

/** What one Sentinel has last seen of a replica. */
interface Sighting {
  readonly role: string;
  readonly agoMs: number;
  readonly priority: string;
}

describe('planned failovers, one right after another', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterEach(async () => {
    await closeEngines();
    await cluster.waitForReady();
  });
  afterAll(() => cluster.stop());

  // On a busy machine a Sentinel may take longer to answer than one look waits.
  const primaryNow = (): Promise<RedisTestNode> =>
    waitUntil(() => cluster.currentPrimary(), { what: 'a Sentinel names the primary' });

  /** What each Sentinel has last seen of this node, as a replica; empty while one does not list it as such. */
  async function sightingsOf(node: RedisTestNode): Promise<Sighting[]> {
    const all = await Promise.all(
      cluster.sentinels().map((one) => one.command('SENTINEL', 'REPLICAS', GROUP)),
    );
    const listed = (all as string[][][]).map((replicas) =>
      replicas
        .map((pairs) => new Map(pairs.map((key, at) => [key, pairs[at + 1] ?? ''])))
        .find((fields) => fields.get('port') === String(node.address.port)),
    );
    return listed.some((fields) => fields === undefined)
      ? []
      : listed.map((fields) => ({
          role: fields!.get('role-reported') ?? '',
          agoMs: Number(fields!.get('info-refresh')),
          priority: fields!.get('slave-priority') ?? '',
        }));
  }

  /**
   * Leaves a cluster in which every Sentinel has last seen the old primary as a primary, although that is a replica
   * by now: somebody has done SENTINEL FAILOVER, and made the old one a replica by hand. Sentinel prefers that one.
   */
  async function leaveUnseen(): Promise<RedisTestNode> {
    const old = await primaryNow();
    const [next, other] = cluster.replicas();
    await other!.command('CONFIG', 'SET', 'replica-priority', '200');
    await waitUntil(
      async () => (await sightingsOf(other!)).every(({ priority }) => priority === '200'),
      { what: 'every Sentinel has seen the priority', timeoutMs: 15_000 },
    );
    await cluster.failover();
    expect(await cluster.waitForPrimaryOtherThan(old)).toBe(next);
    await waitUntil(
      async () => {
        const seen = await sightingsOf(old);
        return seen.length > 0 && seen.every(({ role }) => role === 'master');
      },
      { what: 'every Sentinel has seen the old primary as one', timeoutMs: 15_000, everyMs: 20 },
    );
    const { host, port } = next!.address;
    await old.command('REPLICAOF', host, String(port));
    await waitUntil(
      async () => (await old.info('replication')).get('master_link_status') === 'up',
      { what: 'the old primary follows', timeoutMs: 15_000 },
    );
    return old;
  }

  /** Waits for the moment at which the promotion of this node would be half done when a Sentinel looks again. */
  async function justBeforeNextLook(node: RedisTestNode): Promise<void> {
    await waitUntil(
      async () => {
        const seen = await sightingsOf(node);
        return seen.length > 0 && Math.max(...seen.map(({ agoMs }) => agoMs)) > 9_300;
      },
      { what: 'a Sentinel is about to look again', timeoutMs: 15_000, everyMs: 10 },
    );
  }

  async function restore(): Promise<void> {
    for (const node of [cluster.primary(), ...cluster.replicas()]) {
      await waitUntil(async () => node.command('CONFIG', 'SET', 'replica-priority', '100'), {
        what: `${node.name} has its usual priority`,
      });
    }
  }

  it('ten in a row each hold: none is put back', async () => {
    const { redis } = await startReadyEngine(withOptions(cluster.options(), { routing: ROUTING }));
    const events = new EventLog(redis);
    const tookMs: number[] = [];
    let at = (await primaryNow()).address;
    try {
      for (let round = 0; round < 10; round++) {
        const report = await redis.switchover();
        tookMs.push(Math.round(report.totalMs));
        expect(report).toMatchObject({ from: at, isOldPrimaryReplica: true });
        at = report.to;
      }
      console.log(`ten switchovers took ${tookMs.join(', ')} ms`);
      await cluster.waitForReady();
      expect((await primaryNow()).address).toEqual(at);
      expect(events.of('failover.completed')).toHaveLength(10);
      expect(redis.failovers.every(({ reason }) => reason === 'switchover')).toBe(true);
    } finally {
      events.stop();
    }
  });

  it('one that begins just before a Sentinel looks at the new roles waits for it, and holds', async () => {
    const { redis } = await startReadyEngine(withOptions(cluster.options(), { routing: ROUTING }));
    try {
      const old = await leaveUnseen();
      await justBeforeNextLook(old);
      const outcome = await outcomeOf(redis.switchover(), 60_000);
      console.log(
        `just before a look: ${outcome.code ?? JSON.stringify(outcome.value)}, in ${outcome.tookMs.toFixed(0)} ms`,
      );
      expect(outcome).toMatchObject({ value: { to: old.address } });
      await cluster.waitForReady();
      expect((await primaryNow()).name).toBe(old.name);
    } finally {
      await restore();
    }
  });

  it('one with too little time names the Sentinel, what it saw and the remedy, and changes nothing', async () => {
    const { redis } = await startReadyEngine(withOptions(cluster.options(), { routing: ROUTING }));
    try {
      const old = await leaveUnseen();
      const before = await primaryNow();
      const outcome = await outcomeOf(redis.switchover({ timeoutMs: 3_000 }), 10_000);
      expect(outcome.code).toBe('SWITCHOVER_FAILED');
      const [sentinel] = cluster.sentinels();
      expect(String(outcome.error)).toContain(
        `127.0.0.1:${String(sentinel!.address.port)} has last seen 127.0.0.1:${String(old.address.port)} as a primary, `,
      );
      expect(String(outcome.error)).toMatch(
        /Wait until it has looked again.*Nothing was changed\./,
      );
      expect(outcome.error).toMatchObject({
        details: { obstacles: [{ kind: 'role-unseen' }, {}, {}] },
      });
      expect(await redis.set('still', 'works')).toBe('OK');
      expect(await primaryNow()).toBe(before);
    } finally {
      await restore();
    }
  });

  it('are noted before by each command, which calls the cluster well, and failover waits for it', async () => {
    try {
      const old = await leaveUnseen();
      const env = cluster.env();
      const words = `has last seen 127.0.0.1:${String(old.address.port)} as a primary`;
      const [status, doctor, script, dry] = await Promise.all([
        typeCommand(['status'], env),
        typeCommand(['doctor', '--ignore', 'memory-unlimited'], env),
        healthOf(env),
        typeCommand(['failover', '--dry-run'], env),
      ]);
      for (const one of [status, script, dry]) {
        expect(one.out).toMatch(new RegExp(`^note roles: .*${words}`, 'm'));
      }
      expect(doctor.out).toMatch(/^advice +role-unseen: /m);
      expect([status, doctor, script, dry].map(({ code }) => code)).toEqual([0, 0, 0, 0]);
      expect(dry.out).toContain('It could be done, and would wait for what is noted');
      const moved = await typeCommand(['failover', '--yes', '--json'], env);
      expect(moved.documents[0]).toMatchObject({
        isDone: true,
        to: `127.0.0.1:${String(old.address.port)}`,
      });
      await cluster.waitForReady();
      expect((await primaryNow()).name).toBe(old.name);
    } finally {
      await restore();
    }
  });
});

/** What the shell script says, which needs no Node. How fast a busy machine is, is not the question here. */
function healthOf(env: Record<string, string>): Promise<{ code: number; out: string }> {
  const most = { HEALTH_MAX_PING_MS: '500', HEALTH_MAX_SET_MS: '500', HEALTH_MAX_GET_MS: '500' };
  const all = { PATH: process.env['PATH'] ?? '', ...most, HEALTH_MAX_LAG_MS: '2000', ...env };
  return new Promise((done) => {
    execFile('bash', [SCRIPT], { env: all }, (error, out) => {
      done({ code: error === null ? 0 : Number(error.code), out });
    });
  });
}
