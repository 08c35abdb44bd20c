import { SystemClock, type Clock, type Stop } from '../base/timing/index.js';
import { cacheSamples, sessionSamples } from './cache-metrics.js';
import { commandSamples } from './command-metrics.js';
import type { CacheTeller, ConnectionTeller, SessionsTeller } from './metrics-sources.js';
import { fallbackSamples } from './fallback-metrics.js';
import type { MetricsSource } from './family-set.js';
import { RememberedFacts } from './remembered-status.js';
import type { Labels, Reading } from './sample.js';
import { topologySamples } from './topology-metrics.js';

/** What is measured, and what its series are labelled with. */
export interface ConnectionParts {
  readonly redis: ConnectionTeller;
  readonly cache: CacheTeller;
  /** `null` where there are none. */
  readonly sessions: SessionsTeller | null;
  readonly labels: Labels;
  readonly clock?: Clock;
}

/** Everything that is told of one connection. Costs nothing between two scrapes. */
export class ConnectionSource implements MetricsSource {
  readonly connection: string;
  readonly labels: Labels;
  readonly #parts: ConnectionParts;
  readonly #remembered: RememberedFacts;
  readonly #stop: Stop;

  constructor(parts: ConnectionParts) {
    this.connection = parts.redis.name;
    this.labels = { connection: this.connection, ...parts.labels };
    this.#parts = parts;
    this.#remembered = new RememberedFacts(parts.clock ?? new SystemClock());
    this.#stop = this.#remembered.listenTo(parts.redis);
  }

  /** All values now. */
  read(): Reading {
    const { redis, cache, sessions } = this.#parts;
    const { status } = redis;
    return new Map([
      ...commandSamples(redis.meters, status),
      ...topologySamples(status, this.#remembered),
      ...fallbackSamples(status.fallback, this.#remembered),
      ...cacheSamples(cache),
      ...(sessions === null ? [] : sessionSamples(sessions)),
    ]);
  }

  /** Hears nothing any more. */
  close(): void {
    this.#stop();
  }
}
