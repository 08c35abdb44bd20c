import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eachCall, Ledger, OK } from '../../bench/common/ledger.js';
import { OpenLoop } from '../../bench/common/open-loop.js';
import { now } from '../../bench/common/clock.js';
import { HttpPool } from '../../bench/drill/http-pool.js';
import { REQUEST_KINDS, seededRandom } from '../../bench/drill/mix.js';
import { askSession, emailOf, readProduct, type Session } from '../../bench/drill/requests.js';
import { HaProxy } from '../../bench/rolling/haproxy.js';
import { claimPort } from '../../src/redis/testing/net/free-port.js';
import { startRedisCluster, waitUntil } from '../../src/redis/testing/index.js';
import { describeNeeds } from '../support/needs.js';
import { AppProcess, buildApp } from './support/app-process.js';

const PER_SECOND = 150;
const CONFIG = join(__dirname, '../../../deploy/proxy/haproxy.cfg');

// The short form of `npm run drill -- rolling`.
describeNeeds('haproxy')('a rolling deployment behind the proxy', () => {
  let removeBuild: () => void;

  beforeAll(() => {
    removeBuild = buildApp();
  });

  afterAll(() => {
    removeBuild();
  });

  it('fails no request while both instances are replaced and the primary is killed in the middle', async () => {
    const cluster = await startRedisCluster({ downAfterMs: 1200 });
    const claims = [await claimPort(), await claimPort()] as const;
    const launch = (index: 0 | 1): AppProcess =>
      new AppProcess({
        ...cluster.env(),
        PORT: String(claims[index].port),
        SHUTDOWN_DELAY_MS: '3000',
        LOG_LEVEL: 'info',
      });
    const apps: [AppProcess, AppProcess] = [launch(0), launch(1)];
    const [http] = await Promise.all([apps[0].whenListening(), apps[1].whenListening()]);
    const ports = [claims[0].port, claims[1].port] as const;
    const proxy = await HaProxy.start({ config: readFileSync(CONFIG, 'utf8'), ports });
    const sessions: Session[] = [];
    for (let user = 1; user <= 10; user++) {
      sessions.push({ token: await http.login(user), email: emailOf(user) });
    }
    const load = new ProxyLoad(proxy, sessions);
    for (const index of [0, 1] as const) {
      await load.whenAnswered(PER_SECOND);
      const stopping = apps[index].stop();
      const killed = index === 1 ? await cluster.currentPrimary() : null;
      await killed?.kill();
      await expect(stopping).resolves.toBe(0);
      apps[index] = launch(index);
      await apps[index].whenListening();
      await proxy.whenBothServe();
      if (killed !== null) await cluster.waitForPrimaryOtherThan(killed);
    }
    await load.whenAnswered(PER_SECOND);
    const outcomes = await load.end();
    expect(outcomes).toEqual({ [OK]: expect.any(Number) });
    await proxy.stop();
    await expect(Promise.all(apps.map((app) => app.stop()))).resolves.toEqual([0, 0]);
    for (const claim of claims) claim.release();
    await cluster.stop();
  });
});

/** Session validations and reads of products through the proxy, at a rate that does not wait for answers. */
class ProxyLoad {
  readonly #ledger = new Ledger(REQUEST_KINDS);
  readonly #pool: HttpPool;
  readonly #loop: OpenLoop;
  readonly #random = seededRandom(1);
  #answered = 0;

  constructor(proxy: HaProxy, sessions: readonly Session[]) {
    this.#pool = new HttpPool({ ...proxy.target, timeoutMs: 10_000 });
    this.#loop = new OpenLoop(PER_SECOND, (number, dueAt) => {
      this.#send(number % 3 === 0 ? null : sessions[number % sessions.length]!, dueAt);
    });
    this.#loop.start();
  }

  async whenAnswered(more: number): Promise<void> {
    const wanted = this.#answered + more;
    await waitUntil(() => this.#answered >= wanted, {
      timeoutMs: 20_000,
      what: 'requests to be answered',
    });
  }

  /** Waits for what is under way. Returns how often each outcome was seen. */
  async end(): Promise<Record<string, number>> {
    this.#loop.stop();
    await waitUntil(() => this.#ledger.pending === 0, { timeoutMs: 12_000, what: 'all answers' });
    this.#pool.close();
    const outcomes: Record<string, number> = {};
    for (const { outcome } of eachCall(this.#ledger.copy())) {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
    return outcomes;
  }

  #send(session: Session | null, dueAt: number): void {
    const request = session === null ? readProduct(this.#random) : askSession(session);
    const number = this.#ledger.begin(request.kind, dueAt, now());
    this.#pool.send({
      text: request.text,
      dueAt,
      isRepeatable: request.isRepeatable,
      settle: (outcome, body) => {
        this.#answered++;
        const told = typeof outcome === 'string' ? outcome : request.judge(outcome, body);
        this.#ledger.settle(number, now(), told);
      },
    });
  }
}
