import { at } from '../../../scripts/lib/paths.mjs';
import {
  startRedisCluster,
  waitUntil,
  type RedisTestCluster,
  type RedisTestNode,
} from '../../src/redis/testing/index.js';
import { startApp, type RunningApp } from '../../test/app/support/running-app.js';
import { AlertReceiver, type Arrival } from '../../test/support/alert-receiver.js';
import { AlertingStack } from '../../test/support/alerting-stack.js';

const KEY = 'integration-key';
const SCRAPED_TWICE = 'min(count_over_time(up[1m])) >= 2 and count(up == 1) == 7';
const TOLD_WITHIN_MS = 120_000;

/** What it is started with. */
interface Settings {
  readonly environment?: Readonly<Record<string, string>>;
  readonly redisConfig?: readonly string[];
  readonly failoverTimeoutMs?: number;
  readonly rules?: (text: string) => string;
}

/** The sample backend on a cluster of its own, with its own Prometheus, Alertmanager, exporters and receivers. */
export class WatchedBackend {
  private constructor(
    readonly cluster: RedisTestCluster,
    readonly app: RunningApp,
    readonly stack: AlertingStack,
    private readonly receiver: AlertReceiver,
  ) {}

  /** Starts everything, and waits until everything was asked twice. */
  static async start(settings: Settings = {}): Promise<WatchedBackend> {
    const { environment, redisConfig = [], rules, failoverTimeoutMs = 10_000 } = settings;
    const cluster = await startRedisCluster({ downAfterMs: 3_000, redisConfig, failoverTimeoutMs });
    const receiver = await AlertReceiver.start(KEY);
    const app = await startApp({ ...cluster.env(), LOG_LEVEL: 'warn', ...environment });
    await app.redis.whenReady();
    const stack = new AlertingStack(
      {
        apps: [new URL(app.http.url).host],
        nodes: [cluster.primary(), ...cluster.replicas()].map(address),
        sentinels: cluster.sentinels().map(address),
        password: cluster.options().node?.password ?? '',
      },
      {
        files: at('deploy', 'observability'),
        url: receiver.url,
        pagerDutyKey: KEY,
        ...(rules && { rules }),
      },
    );
    await stack.start();
    await waitUntil(async () => (await stack.query(SCRAPED_TWICE)).length > 0, {
      what: 'two scrapes of everything',
      timeoutMs: 60_000,
    });
    return new WatchedBackend(cluster, app, stack, receiver);
  }

  /** Resolves with how long after `since` somebody was told. */
  async told(by: Arrival['by'], title: RegExp, since: number): Promise<number> {
    const arrival = await waitUntil(() => this.receiver.find(by, title), {
      what: `${by}: ${String(title)}`,
      timeoutMs: TOLD_WITHIN_MS,
      explain: () => this.receiver.arrivals.map(({ title: said }) => said),
    });
    return arrival.at - since;
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await this.stack.stop();
    await this.receiver.stop();
    await this.app.close();
    await this.cluster.stop();
  }
}

/** An address as Prometheus has it. */
export function address({ address: { host, port } }: RedisTestNode): string {
  return `${host}:${String(port)}`;
}
