import {
  SessionService,
  type FallbackStatus,
  type RedisHaOptions,
  type SessionArchive,
  type SessionRecord,
} from '../../src/redis/index.js';
import {
  startRedisCluster,
  waitUntil,
  type RedisTestCluster,
} from '../../src/redis/testing/index.js';
import { placeOf } from '../../bench/common/place.js';
import { closeEngines, startReadyEngine, type RunningEngine } from '../support/engines.js';
import { doorThrough, doorTo, type SessionDoor } from '../support/session-door.js';
import { SessionUsers } from '../support/session-users.js';
import { WorkerPool, type Worker } from '../support/worker.js';

/** One round of each kind here; `SESSION_ROUNDS=7` by hand. */
const ROUNDS = Number(process.env['SESSION_ROUNDS'] ?? 1);
/** 60 s by hand (`OUTAGE_MS=60000`), shorter here: what is proved does not depend on the length. */
const OUTAGE_MS = Number(process.env['OUTAGE_MS'] ?? 4_000);
const FAULT_MS = 2_000;
const USERS = 30;
const ENOUGH = 150;

jest.setTimeout(90_000 + OUTAGE_MS);

/** The source of truth, in a Map: it is there throughout. */
class MapArchive implements SessionArchive {
  readonly #records = new Map<string, SessionRecord>();

  save(record: SessionRecord, how: 'insert' | 'update'): Promise<void> {
    const present = this.#records.get(record.id);
    const isMeant =
      how === 'insert' || (present !== undefined && present.revision <= record.revision);
    if (isMeant) this.#records.set(record.id, record);
    return Promise.resolve();
  }
  find(id: string): Promise<SessionRecord | null> {
    return Promise.resolve(this.#records.get(id) ?? null);
  }
  remove(id: string): Promise<void> {
    this.#records.delete(id);
    return Promise.resolve();
  }
  removeAllOf(userId: string, exceptId: string | null): Promise<void> {
    for (const { id, userId: owner } of [...this.#records.values()]) {
      if (owner === userId && id !== exceptId) this.#records.delete(id);
    }
    return Promise.resolve();
  }
  listOf(userId: string): Promise<readonly SessionRecord[]> {
    return Promise.resolve([...this.#records.values()].filter((one) => one.userId === userId));
  }
}

/** Ends a fault. Resolves when Redis could be used again. */
type Heal = () => Promise<void>;

/** What users have to live through. */
interface Ordeal {
  readonly statuses: () => Promise<FallbackStatus[]>;
  readonly fault: () => Promise<Heal>;
  /** How long it lasts at least. */
  readonly leastMs: number;
  readonly seed: number;
}

/**
 * Users live before, during and after a fault, each time in another process. At rest no process refuses who was not
 * ended, or lets in who was.
 */
async function survive(doors: readonly SessionDoor[], ordeal: Ordeal): Promise<void> {
  const { statuses, fault, leastMs, seed } = ordeal;
  const users = new SessionUsers(doors, { users: USERS, seed });
  const untilMore = async (when: string, atLeastMs = 0): Promise<void> => {
    const [before, since] = [users.acknowledged, performance.now()];
    const isEnough = (): boolean =>
      users.acknowledged > before + ENOUGH && performance.now() - since >= atLeastMs;
    const timeoutMs = 30_000 + atLeastMs;
    await waitUntil(isEnough, { what: `users did enough ${when}`, timeoutMs });
  };
  const untilHealthy = async (): Promise<void> => {
    const isWell = ({ mode, journal }: FallbackStatus): boolean =>
      mode === 'healthy' && journal.entries === 0;
    await waitUntil(async () => (await statuses()).every(isWell), {
      what: 'every process is healthy, with nothing left in its journal',
      timeoutMs: 60_000,
    });
  };
  await untilMore('before the fault');
  const heal = await fault();
  await untilMore('during the fault', leastMs);
  await heal();
  await untilHealthy();
  await untilMore('after the fault');
  const { done, faults } = await users.stop();
  await untilHealthy();
  expect(faults).toEqual([]);
  // What was missing a moment ago is not asked for again at once.
  let wrong: string[] = [];
  await waitUntil(async () => (wrong = await users.wrongAtRest()).length === 0, {
    what: 'all processes agree with the users',
    timeoutMs: 3_000,
    explain: () => wrong,
  });
  const { begun, ended } = users.sessions;
  process.stdout.write(
    `  ${String(users.acknowledged)} operations, ${String(begun)} sessions, ${String(ended)} of them ended: as each process says\n`,
  );
  for (const name of ['create', 'update', 'touch', 'rotate', 'destroy', 'destroyOthers']) {
    expect([name, (done[name] ?? 0) > 0]).toEqual([name, true]);
  }
}

describe('sessions of three processes', () => {
  let cluster: RedisTestCluster;
  let pool: WorkerPool;
  let workers: Worker[];

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200, proxied: true });
    pool = new WorkerPool('session-worker.ts', 'session-door.ts');
    // Two of them can be cut off from Redis while the third goes on.
    const ways = [cluster.nodes(), cluster.nodes(), []].map((proxied) => placeOf(cluster, proxied));
    workers = await Promise.all(
      ways.map(({ masterName, sentinels, natMap, password }) => {
        const sentinel = { masterName, nodes: sentinels, natMap };
        const options: RedisHaOptions = { mode: 'sentinel', sentinel, node: { password } };
        return pool.start({ options });
      }),
    );
  });
  afterEach(async () => {
    const unhandled = await Promise.all(workers.map((worker) => worker.call('unhandled')));
    expect(unhandled).toEqual([[], [], []]);
    // Sentinels that were stopped for long do nothing for half a minute.
    await cluster.waitForReady(60_000);
  });
  afterAll(async () => {
    await pool.close();
    await cluster.stop();
  });

  const live = (ordeal: Omit<Ordeal, 'statuses'>): Promise<void> =>
    survive(workers.map(doorThrough), {
      ...ordeal,
      statuses: () => Promise.all(workers.map((worker) => worker.call<FallbackStatus>('status'))),
    });

  for (let round = 1; round <= ROUNDS; round++) {
    const name = ROUNDS === 1 ? '' : ` (round ${String(round)})`;

    it(`outlive the death of the primary, in every process${name}`, async () => {
      const fault = async (): Promise<Heal> => {
        const primary = await cluster.currentPrimary();
        await primary.kill();
        return async () => {
          await cluster.waitForPrimaryOtherThan(primary);
          await primary.restart();
        };
      };
      await live({ fault, leastMs: FAULT_MS, seed: round });
    });

    it(`outlive a primary that freezes and is no primary any more when it thaws${name}`, async () => {
      const fault = async (): Promise<Heal> => {
        const primary = await cluster.currentPrimary();
        await primary.freeze();
        return async () => {
          await cluster.waitForPrimaryOtherThan(primary);
          primary.thaw();
        };
      };
      await live({ fault, leastMs: FAULT_MS, seed: 100 + round });
    });

    it(`outlive a cut that leaves Redis to one of them${name}`, async () => {
      const fault = async (): Promise<Heal> => {
        for (const { proxy } of cluster.nodes()) proxy.blackHole();
        return async () => {
          for (const { proxy } of cluster.nodes()) proxy.heal();
        };
      };
      await live({ fault, leastMs: FAULT_MS, seed: 200 + round });
    });
  }

  it('outlive an outage of all nodes, primaries, replicas and Sentinels', async () => {
    const fault = async (): Promise<Heal> => {
      await Promise.all(cluster.nodes().map((node) => node.freeze()));
      return async () => {
        for (const node of cluster.nodes()) node.thaw();
      };
    };
    await live({ fault, leastMs: OUTAGE_MS, seed: 300 });
  });
});

describe('sessions with an archive', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
  });
  afterEach(closeEngines);
  afterAll(() => cluster.stop());

  const serviceOn = (
    { engine }: RunningEngine,
    archive: SessionArchive,
  ): SessionService<{ n: number }> => {
    const settings = { policy: 'session', nearMs: 0, maxStaleMs: 0 } as const;
    const keyspace = engine.keyspaces.open('archived-sessions', settings);
    return new SessionService(keyspace, { archive }, { clock: engine.calendar, bus: engine.bus });
  };

  it('outlive the loss of all of Redis, which comes back empty, with an archive', async () => {
    const archive = new MapArchive();
    const engines = [
      await startReadyEngine(cluster.options()),
      await startReadyEngine(cluster.options()),
    ];
    const fault = async (): Promise<Heal> => {
      const nodes = [cluster.primary(), ...cluster.replicas()];
      await Promise.all(nodes.map((node) => node.kill()));
      return async () => {
        await Promise.all(nodes.map((node) => node.restart()));
      };
    };
    await survive(
      engines.map((one) => doorTo(serviceOn(one, archive))),
      {
        statuses: async () => engines.map(({ engine }) => engine.keyspaces.status),
        fault,
        leastMs: FAULT_MS,
        seed: 400,
      },
    );
  });
});
