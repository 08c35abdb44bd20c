import {
  SessionService,
  type Session,
  type SessionArchive,
  type SessionRecord,
} from '../../src/redis/index.js';
import {
  startRedisCluster,
  waitUntil,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';
import { closeEngines, startReadyEngine, type RunningEngine } from '../support/engines.js';

/** One round of each kind here; `SESSION_ROUNDS=20` by hand. */
const ROUNDS = Number(process.env['SESSION_ROUNDS'] ?? 1);
const CREATE_EVERY_MS = 10;

jest.setTimeout(90_000 + ROUNDS * 60_000);

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

/** Logs users in at a steady pace, and keeps what it was given. */
class Logins {
  readonly tokens: string[] = [];
  readonly failures: string[] = [];
  readonly #timer: NodeJS.Timeout;
  readonly #pending = new Set<Promise<void>>();
  #count = 0;

  constructor(sessions: SessionService) {
    this.#timer = setInterval(() => {
      const login = this.#login(sessions).finally(() => this.#pending.delete(login));
      this.#pending.add(login);
    }, CREATE_EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
  }

  async #login(sessions: SessionService): Promise<void> {
    try {
      const userId = `user-${String(this.#count++ % 50)}`;
      this.tokens.push((await sessions.create({ userId, data: { n: this.#count } })).token);
    } catch (error) {
      this.failures.push((error as { code?: string }).code ?? String(error));
    }
  }
}

async function stillValid(sessions: SessionService, tokens: readonly string[]): Promise<string[]> {
  const outcomes = await Promise.all(
    tokens.map((token) =>
      sessions.read(token).then(
        (session: Session) => (session.id === '' ? 'no id' : 'valid'),
        (error: unknown) => (error as { code?: string }).code ?? String(error),
      ),
    ),
  );
  return outcomes.filter((outcome) => outcome !== 'valid');
}

function serviceOn({ engine }: RunningEngine, archive?: SessionArchive): SessionService {
  const name = archive === undefined ? 'sessions' : 'archived-sessions';
  const settings = { policy: 'session', nearMs: 0, maxStaleMs: 0 } as const;
  return new SessionService(
    engine.keyspaces.open(name, settings),
    archive === undefined ? {} : { archive },
    {
      clock: engine.clock,
      bus: engine.bus,
    },
  );
}

async function untilHealthy(...engines: readonly RunningEngine[]): Promise<void> {
  const isWell = ({ engine: { keyspaces } }: RunningEngine): boolean =>
    keyspaces.status.mode === 'healthy' && keyspaces.status.journal.entries === 0;
  await waitUntil(() => engines.every(isWell), {
    what: 'every process is healthy, with nothing left in its journal',
    timeoutMs: 30_000,
  });
}

describe('sessions', () => {
  let cluster: RedisTestCluster;

  beforeAll(async () => {
    cluster = await startRedisCluster({ downAfterMs: 1200 });
  });
  afterEach(closeEngines);
  afterAll(() => cluster.stop());

  /** Logins before, during and after a fault; who was logged in must be let in afterwards, by every process. */
  async function survive(
    fault: (primary: RedisTestNode) => Promise<() => Promise<void>>,
    archive?: SessionArchive,
  ): Promise<void> {
    const [here, there] = [
      await startReadyEngine(cluster.options()),
      await startReadyEngine(cluster.options()),
    ];
    const [mine, theirs] = [serviceOn(here, archive), serviceOn(there, archive)];
    const logins = new Logins(mine);
    await waitUntil(() => logins.tokens.length > 50, { what: 'logins before the fault' });
    const heal = await fault(await cluster.currentPrimary());
    const during = logins.tokens.length;
    await waitUntil(() => logins.tokens.length > during + 50, {
      what: 'logins during the fault',
      timeoutMs: 30_000,
    });
    await heal();
    await untilHealthy(here, there);
    const after = logins.tokens.length;
    await waitUntil(() => logins.tokens.length > after + 50, { what: 'logins after the fault' });
    await logins.stop();
    await untilHealthy(here, there);

    expect(logins.failures).toEqual([]);
    expect(await stillValid(mine, logins.tokens)).toEqual([]);
    expect(await stillValid(theirs, logins.tokens)).toEqual([]);
    await closeEngines();
    await cluster.waitForReady();
  }

  for (let round = 1; round <= ROUNDS; round++) {
    const name = ROUNDS === 1 ? '' : ` (round ${String(round)})`;

    it(`outlive the death of the primary, in every process${name}`, async () => {
      await survive(async (primary) => {
        await primary.kill();
        return async () => {
          await cluster.waitForPrimaryOtherThan(primary);
          await primary.restart();
        };
      });
    });

    it(`outlive a primary that freezes and is no primary any more when it thaws${name}`, async () => {
      await survive(async (primary) => {
        await primary.freeze();
        return async () => {
          await cluster.waitForPrimaryOtherThan(primary);
          primary.thaw();
        };
      });
    });

    it(`outlive the loss of all of Redis, which comes back empty, with an archive${name}`, async () => {
      await survive(async () => {
        const nodes = [cluster.primary(), ...cluster.replicas()];
        await Promise.all(nodes.map((node) => node.kill()));
        return async () => {
          await Promise.all(nodes.map((node) => node.restart()));
        };
      }, new MapArchive());
    });
  }
});
