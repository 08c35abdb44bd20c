import { join } from 'node:path';
import { RedisCache } from '../../src/redis/index.js';
import {
  startRedisCluster,
  waitUntil,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';
import { ROWS } from '../../observability/dashboard/dashboard.js';
import { withVariables } from '../../observability/dashboard/with-variables.js';
import { EXPORTER_METRICS, PROCESS_METRICS } from '../../observability/known-metrics.js';
import { startApp, type RunningApp } from '../app/support/running-app.js';
import { AlertReceiver, type Arrival } from '../support/alert-receiver.js';
import { AlertingStack } from '../support/alerting-stack.js';
import { describeNeeds } from '../support/needs.js';
import { typeCommand } from '../support/typed-program.js';

const FILES = join(__dirname, '../../../deploy/observability');
/** What is promised: from the moment that something is wrong until somebody is told. */
const TOLD_WITHIN_MS = 30_000;
const PASSWORD = 'planted-password-of-nodes';
const KEY = 'planted-integration-key';
/** More than `hotKeys.perMinute`. */
const ACCESSES = 2_000;

jest.setTimeout(120_000);

describeNeeds(
  'prometheus',
  'alertmanager',
  'redis-exporter',
)('alerts of a running application', () => {
  let cluster: RedisTestCluster;
  let app: RunningApp;
  let receiver: AlertReceiver;
  let stack: AlertingStack;
  let killed: RedisTestNode;
  let sentinels: readonly RedisTestNode[];
  let users = { stop: (): void => undefined };
  let wrongSince = 0;
  let lostQuorumAt = 0;

  const address = ({ address: { host, port } }: RedisTestNode): string => `${host}:${String(port)}`;

  beforeAll(async () => {
    [cluster, receiver] = await Promise.all([
      startRedisCluster({ downAfterMs: 1200, password: PASSWORD }),
      AlertReceiver.start(KEY),
    ]);
    app = await startApp(cluster.env());
    await app.redis.whenReady();
    const data = [cluster.primary(), ...cluster.replicas()];
    stack = new AlertingStack(
      {
        apps: [new URL(app.http.url).host],
        nodes: data.map(address),
        sentinels: cluster.sentinels().map(address),
        password: PASSWORD,
      },
      { files: FILES, url: receiver.url, pagerDutyKey: KEY },
    );
    await stack.start();
    const scrapedTwice =
      'min(count_over_time(up[1m])) >= 2 and count(up == 1) == 7 and count(redis_up == 1) == 6';
    await waitUntil(async () => (await stack.query(scrapedTwice)).length > 0, {
      what: 'two scrapes of everything',
      timeoutMs: 40_000,
    });
    sentinels = cluster.sentinels();
    killed = await cluster.currentPrimary();
    // Three things go wrong at once; none of them hides another.
    wrongSince = now();
    stack.setPrice('redis_ha:cost_limit_dollars:day', 0.001);
    await Promise.all(Array.from({ length: ACCESSES }, () => app.redis.get('planted-hot-key')));
    await killed.kill();
  });

  afterAll(async () => {
    users.stop();
    await stack.stop();
    await receiver.stop();
    await app.close();
    await cluster.stop();
  });

  async function told(
    by: Arrival['by'],
    title: RegExp,
    { isOver = false, since = 0, withinMs = 90_000 } = {},
  ): Promise<number> {
    const arrival = await waitUntil(() => receiver.find(by, title, isOver), {
      what: `${by}: ${String(title)}`,
      timeoutMs: withinMs,
      explain: () => [...receiver.arrivals.map(({ title: said }) => said), ...receiver.problems],
    });
    expect(arrival.text).not.toBe('');
    expect(arrival.link).toMatch(/\/docs\/runbooks\/[a-z-]+\.md$/);
    const afterMs = arrival.at - since;
    if (since > 0)
      process.stderr.write(`told after ${(afterMs / 1000).toFixed(1)} s: ${arrival.title}\n`);
    return afterMs;
  }

  const now = (): number => performance.now();

  async function silence(...args: string[]): Promise<readonly Record<string, unknown>[]> {
    const env = { ALERTMANAGER_URL: stack.alertmanager };
    const { code, documents } = await typeCommand(['silence', ...args, '--json'], env);
    expect(code).toBe(0);
    return documents;
  }

  /** Users, who are what makes a process notice that Redis is away. */
  function readAllTheTime(): { stop: () => void } {
    const timer = setInterval(() => {
      void app.nest
        .get(RedisCache)
        .get('planted-entry')
        .catch(() => undefined);
    }, 100);
    return {
      stop: () => {
        clearInterval(timer);
      },
    };
  }

  it('has a watchdog that arrives all the time', async () => {
    await waitUntil(() => receiver.find('watchdog', /^$/), {
      what: 'the watchdog',
      timeoutMs: 40_000,
    });
  });

  it('tells of a failover within 30 s, with a link to what to do', async () => {
    // On a busy machine Sentinel may replace it once more, and one message tells of both.
    const title =
      /^(The primary of Redis was replaced \(failure; test, default\)|RedisHaFailover: \d times)$/;
    expect(await told('slack', title, { since: wrongSince })).toBeLessThan(TOLD_WITHIN_MS);
  });

  it('tells of a hot key within 30 s', async () => {
    const title = /^Hot keys of Redis: 1 \(reads; test, default\)$/;
    expect(await told('slack', title, { since: wrongSince })).toBeLessThan(TOLD_WITHIN_MS);
  });

  it('tells of a cost above the limit within 30 s', async () => {
    const title = /cost \$\d+\.\d\d a day \(test\)$/;
    expect(await told('slack', title, { since: wrongSince })).toBeLessThan(TOLD_WITHIN_MS);
  });

  it.each([
    ['redis-ha-nodes', EXPORTER_METRICS.ofNodes],
    ['redis-ha-sentinels', EXPORTER_METRICS.ofSentinels],
    ['redis-ha-app', PROCESS_METRICS],
  ])('finds what rules and panels ask of others than the library: %s', async (job, names) => {
    for (const name of names) {
      const series = await stack.query(`${name}{job="${job}",environment="test"}`);
      expect([name, series.length > 0]).toEqual([name, true]);
    }
  });

  it('has data for every panel of the dashboard', async () => {
    const queries = ROWS.flatMap(({ panels }) => panels)
      .filter(({ mayBeEmpty }) => mayBeEmpty === undefined)
      .flatMap(({ title, queries: of }) => of.map(({ expr }) => ({ title, expr })));
    const found = await Promise.all(
      queries.map(async ({ title, expr }) => ({
        title,
        expr,
        series: (await stack.query(withVariables(expr))).length,
      })),
    );
    expect(found.filter(({ series }) => series === 0)).toEqual([]);
    expect(found.length).toBeGreaterThan(50);
  });

  it('does not delay a second alert by a first one', async () => {
    await told('slack', new RegExp(`^${address(killed)} cannot be asked`), { since: wrongSince });
    lostQuorumAt = now();
    await Promise.all(sentinels.slice(0, 2).map((sentinel) => sentinel.kill()));
    // One message for all three, as they are one group: the others wait for `group_interval`.
    const title = /^RedisHaTargetDown: 3 times$/;
    expect(await told('slack', title, { since: lostQuorumAt })).toBeLessThan(TOLD_WITHIN_MS);
  });

  it('wakes somebody within 30 s when the quorum is lost', async () => {
    const title = /^CRITICAL: Too few Sentinels answer/;
    expect(await told('pagerduty', title, { since: lostQuorumAt })).toBeLessThan(TOLD_WITHIN_MS);
    await told('slack', title);
  });

  it('wakes somebody within 30 s when nobody can write', async () => {
    // For the next test: what is silenced before it is lost.
    const [, , last] = sentinels.map(address);
    const [begun] = await silence('10m', 'a new disk', `instance=${last ?? ''}`);
    expect(begun?.['id']).toMatch(/^[0-9a-f-]{36}$/);
    const [listed] = await silence('--list');
    expect(listed).toMatchObject({ silences: [{ id: begun?.['id'], comment: 'a new disk' }] });
    const since = now();
    await sentinels[2]?.kill();
    await Promise.all(cluster.replicas().map((node) => node.kill()));
    users = readAllTheTime();
    const title = /^CRITICAL: Nobody can write to Redis \(test, default\)$/;
    expect(await told('pagerduty', title, { since })).toBeLessThan(TOLD_WITHIN_MS);
  });

  it('keeps quiet what is silenced for a maintenance, by one command', async () => {
    const [, , last] = sentinels.map(address);
    const isLast = ({ labels }: { labels: Readonly<Record<string, string>> }): boolean =>
      labels['instance'] === last;
    const quiet = await waitUntil(
      async () => (await stack.alerts('RedisHaTargetDown')).find(isLast),
      { what: 'the silenced alert', timeoutMs: 60_000 },
    );
    expect(quiet.status).toMatchObject({ state: 'suppressed' });
    expect(quiet.status.silencedBy).toHaveLength(1);
    // The two other nodes are told of, and this one is not, until the maintenance is over.
    await told('slack', /^RedisHaTargetDown: 5 times$/);
    await silence('--end', 'all');
    await told('slack', /^RedisHaTargetDown: 6 times$/);
  });

  it('keeps what an outage causes quiet while the outage is told', async () => {
    const degraded = await waitUntil(async () => (await stack.alerts('RedisHaDegraded'))[0], {
      what: 'the alert that is inhibited',
      timeoutMs: 60_000,
    });
    expect(degraded.status).toMatchObject({ state: 'suppressed' });
    expect(degraded.status.inhibitedBy).toHaveLength(1);
    expect(receiver.find('slack', /works without Redis/)).toBeUndefined();
  });

  it('resolves what woke somebody when Redis is back', async () => {
    users.stop();
    const gone = cluster.nodes().filter((node) => !node.isRunning);
    await Promise.all(gone.map((node) => node.start()));
    await told('pagerduty', /^Over: Nobody can write to Redis/, { isOver: true });
    await told('pagerduty', /^Over: Too few Sentinels answer/, { isOver: true });
  });

  it('says that a failover is over', async () => {
    await told('slack', /^Over: The primary of Redis was replaced/, { isOver: true });
  });

  it('sends nothing that PagerDuty or Slack would refuse, and nothing secret', () => {
    expect(receiver.problems).toEqual([]);
    const all = JSON.stringify(receiver.arrivals);
    for (const secret of [PASSWORD, KEY, 'planted-hot-key']) expect(all).not.toContain(secret);
  });
});
