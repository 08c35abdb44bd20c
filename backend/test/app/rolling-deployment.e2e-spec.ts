import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OK } from '../../bench/common/ledger.js';
import { HttpPool } from '../../bench/drill/http-pool.js';
import { seededRandom } from '../../bench/drill/mix.js';
import { askSession, emailOf, readProduct, type Session } from '../../bench/drill/requests.js';
import { HaProxy } from '../../bench/rolling/haproxy.js';
import { OpenLoop } from '../../src/cli/measure/index.js';
import { claimPort } from '../../src/redis/lab/index.js';
import { startRedisCluster, waitUntil } from '../../src/redis/testing/index.js';
import { describeNeeds } from '../support/needs.js';
import { AppProcess, buildApp } from './support/app-process.js';
import { HttpClient } from './support/http-client.js';
import { PostgresServer } from './support/postgres-server.js';

const PER_SECOND = 200;
/** A machine that is busy with other work is asked less, and not more and more at one time. */
const MAX_UNDER_WAY = 16;
const USERS = 10;
/** How long somebody is waited for who comes late on a busy machine. It decides nothing. */
const PATIENCE_MS = 60_000;
const CONFIG = join(__dirname, '../../../deploy/proxy/haproxy.cfg');

// The short form of `npm run drill -- rolling`: what is counted decides, and not how fast it was.
describeNeeds('haproxy', 'postgres')('a rolling deployment behind the proxy', () => {
  /** What ends what was begun, the last one first. */
  const endings: (() => unknown)[] = [];

  beforeAll(() => {
    endings.push(buildApp());
  }, 240_000);

  afterAll(async () => {
    for (const end of endings.reverse()) await end();
  }, 60_000);

  it('fails no request and loses no session while both instances are replaced', async () => {
    const { apps, replace, proxy, visitor } = await behindProxy(endings);
    const sessions: Session[] = [];
    const logIn = async (user: number): Promise<void> => {
      sessions.push({ token: await begin(visitor, user), email: emailOf(user) });
    };
    for (let user = 1; user <= USERS; user++) await logIn(user);
    const ended = await begin(visitor, USERS + 1);
    const load = new ProxyLoad(proxy, [...sessions]);
    endings.push(() => {
      load.stop();
    });

    for (const index of [0, 1] as const) {
      await load.whenAnswered(PER_SECOND);
      await expect(apps[index].stop()).resolves.toBe(0);
      // The other one serves alone, and what it begins and ends is known to those who come.
      await load.whenAnswered(PER_SECOND);
      await logIn(USERS + 2 + index);
      if (index === 0) await visitor.post('/api/auth/logout', { token: ended });
      await replace(index);
      await proxy.whenBothServe();
    }
    await load.whenAnswered(PER_SECOND);

    expect(await load.end()).toEqual(new Map([[OK, load.sent]]));
    expect(load.sent).toBeGreaterThanOrEqual(5 * PER_SECOND);
    const asked = sessions.map(({ token }) => visitor.get('/api/auth/session', { token }));
    const owners = (await Promise.all(asked)).map(({ body }) => body.user?.email as unknown);
    expect(owners).toEqual(sessions.map(({ email }) => email));
    expect(await visitor.get('/api/auth/session', { token: ended })).toMatchObject({ status: 401 });
    await expect(Promise.all(apps.map((app) => app.stop()))).resolves.toEqual([0, 0]);
  }, 240_000);
});

// "Try again" is an answer to a login, as to anything that may be sent twice: nobody is logged in by it.
function begin(visitor: HttpClient, user: number): Promise<string> {
  return waitUntil(() => visitor.login(user), { timeoutMs: PATIENCE_MS, what: 'a login' });
}

interface Scene {
  readonly apps: readonly [AppProcess, AppProcess];
  /** Starts a new instance in the place of one that has ended. */
  readonly replace: (index: 0 | 1) => Promise<void>;
  readonly proxy: HaProxy;
  /** Asks through the proxy. */
  readonly visitor: HttpClient;
}

/** Two instances as the Compose file has them. */
async function behindProxy(endings: (() => unknown)[]): Promise<Scene> {
  // A failover is not what this is about: a busy machine must not bring one about.
  const [cluster, postgres] = await Promise.all([
    startRedisCluster({ downAfterMs: 10_000 }),
    PostgresServer.start('rolling'),
  ]);
  endings.push(() => Promise.all([cluster.stop(), postgres.stop()]));
  const journals = mkdtempSync(join(tmpdir(), 'journals-'));
  endings.push(() => {
    rmSync(journals, { recursive: true, force: true });
  });
  const claims = [await claimPort(), await claimPort()] as const;
  for (const claim of claims) endings.push(claim.release);
  const launch = (index: 0 | 1): AppProcess =>
    new AppProcess({
      ...cluster.env(),
      DATABASE_URL: postgres.url,
      REDIS_JOURNAL_DIR: join(journals, 'all'),
      PORT: String(claims[index].port),
      SHUTDOWN_DELAY_MS: '3000',
      LOG_LEVEL: 'info',
    });
  const apps: [AppProcess, AppProcess] = [launch(0), launch(1)];
  endings.push(() => Promise.all(apps.map((app) => app.stop())));
  await Promise.all(apps.map((app) => app.whenListening()));
  const ports = [claims[0].port, claims[1].port] as const;
  const proxy = await HaProxy.start({ config: readFileSync(CONFIG, 'utf8'), ports });
  endings.push(() => proxy.stop());
  const replace = async (index: 0 | 1): Promise<void> => {
    apps[index] = launch(index);
    await apps[index].whenListening();
  };
  const { host, port } = proxy.target;
  return { apps, replace, proxy, visitor: new HttpClient(`http://${host}:${String(port)}`) };
}

/** Session validations and reads of products through the proxy, at a rate as long as they are answered. */
class ProxyLoad {
  readonly #pool: HttpPool;
  readonly #loop: OpenLoop;
  readonly #random = seededRandom(1);
  /** How often each outcome was seen. */
  readonly #outcomes = new Map<string, number>();
  #sent = 0;
  #answered = 0;

  constructor(proxy: HaProxy, sessions: readonly Session[]) {
    this.#pool = new HttpPool({ ...proxy.target, timeoutMs: PATIENCE_MS });
    this.#loop = new OpenLoop(PER_SECOND, (number, dueAt) => {
      this.#send(number % 3 === 0 ? null : (sessions[number % sessions.length] ?? null), dueAt);
    });
    this.#loop.start();
  }

  get sent(): number {
    return this.#sent;
  }

  /** Resolves when so many more were answered. */
  async whenAnswered(more: number): Promise<void> {
    const wanted = this.#answered + more;
    await waitUntil(() => this.#answered >= wanted, {
      ...{ timeoutMs: PATIENCE_MS, what: 'requests to be answered' },
      explain: () => [...this.#outcomes].map(([outcome, times]) => `${outcome}: ${String(times)}`),
    });
  }

  /** Asks no more. Calling it twice is harmless. */
  stop(): void {
    this.#loop.stop(0);
    this.#pool.close();
  }

  /** Asks no more, and waits for what is under way. Returns how often each outcome was seen. */
  async end(): Promise<ReadonlyMap<string, number>> {
    this.#loop.stop();
    await waitUntil(() => this.#answered === this.#sent, {
      ...{ timeoutMs: PATIENCE_MS + 1_000, what: 'all answers' },
    });
    this.stop();
    return this.#outcomes;
  }

  #send(session: Session | null, dueAt: number): void {
    if (this.#sent - this.#answered >= MAX_UNDER_WAY) return;
    const request = session === null ? readProduct(this.#random) : askSession(session);
    this.#sent++;
    this.#pool.send({
      text: request.text,
      dueAt,
      isRepeatable: request.isRepeatable,
      settle: (outcome, body) => {
        this.#answered++;
        const told = typeof outcome === 'string' ? outcome : request.judge(outcome, body);
        this.#outcomes.set(told, (this.#outcomes.get(told) ?? 0) + 1);
      },
    });
  }
}
