import { SystemClock, type Clock, type Stop } from '../base/timing/index.js';
import {
  cacheMetrics,
  hitMetrics,
  hotKeyMetrics,
  nearKeyMetrics,
  sessionMetrics,
} from './cache-metrics.js';
import { commandMetrics } from './command-metrics.js';
import type { CacheTeller, ConnectionTeller, SessionsTeller } from './metrics-sources.js';
import { fallbackMetrics } from './fallback-metrics.js';
import type { MetricsSource } from './family-set.js';
import { RememberedStatus } from './remembered-status.js';
import type { Labels, Snapshot } from './sample.js';
import { topologyMetrics } from './topology-metrics.js';

/** What is measured, and the labels of its series. */
interface ConnectionSourceDeps {
  readonly redis: ConnectionTeller;
  readonly cache: CacheTeller;
  /** `null` where there are none. */
  readonly sessions: SessionsTeller | null;
  readonly labels: Labels;
  readonly clock?: Clock;
}

/** All samples of one connection. Costs nothing between two scrapes, except for the events it listens to. */
export class ConnectionSource implements MetricsSource {
  readonly connection: string;
  readonly labels: Labels;
  readonly #deps: ConnectionSourceDeps;
  readonly #remembered: RememberedStatus;
  readonly #stop: Stop;

  constructor(deps: ConnectionSourceDeps) {
    this.connection = deps.redis.name;
    this.labels = { connection: this.connection, ...deps.labels };
    this.#deps = deps;
    this.#remembered = new RememberedStatus(deps.clock ?? new SystemClock());
    this.#stop = this.#remembered.listenTo(deps.redis);
  }

  /** Returns all samples as they are now. */
  read(): Snapshot {
    const { redis, cache, sessions } = this.#deps;
    const { status } = redis;
    return new Map([
      ...commandMetrics(redis.stats, status),
      ...topologyMetrics(status, this.#remembered),
      ...fallbackMetrics(status.fallback, this.#remembered),
      ...hitMetrics(redis.hitRates),
      ...cacheMetrics(cache),
      ...hotKeyMetrics(redis.hotKeys()),
      ...nearKeyMetrics(redis.near.stats),
      ...(sessions === null ? [] : sessionMetrics(sessions)),
    ]);
  }

  /** Stops listening. */
  close(): void {
    this.#stop();
  }
}
