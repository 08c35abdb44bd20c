import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { KeyspaceHits } from '../base/stats/index.js';
import { anything, flag, option, OptionSet, type RowsOf } from '../base/options/index.js';
import {
  healthReport,
  type CacheTotals,
  type HealthSource,
  type RedisHealth,
} from './health-report.js';

/** Anything that has a status at hand: a `RedisService`. */
export interface StatusTeller {
  readonly status: HealthSource;
  /** The reads of caches and sessions; without it, those of the given cache are shown. */
  readonly hitRates?: readonly KeyspaceHits[];
}

/** Anything that has its totals at hand: a `RedisCache`. */
export interface StatsTeller {
  readonly totalStats: CacheTotals;
}

/** How strictly a check judges. */
export interface RedisHealthCheckOptions {
  /**
   * Whether the application cannot work without Redis. If it can, an absent Redis is `degraded` and
   * the status of the response stays 200. @defaultValue false
   */
  readonly required?: boolean;
  /** The cache whose totals are shown as `metrics`. @defaultValue none */
  readonly cache?: StatsTeller;
}

/** The options of a check. */
export const HEALTH_CHECK = new OptionSet(
  {
    required: option(flag, false),
    cache: option(anything<StatsTeller>(), null),
  } satisfies RowsOf<RedisHealthCheckOptions>,
  { path: '', example: '{ required: true }' },
);

type Verdict = 'up' | 'degraded' | 'down';

/**
 * The Terminus indicator of Redis. It uses what the engine knows already, so it needs no
 * timeout: a frozen Redis cannot hold up a probe, and a probe opens no connection.
 */
@Injectable()
export class RedisHealthIndicator {
  readonly #indicators: HealthIndicatorService;

  /** Made by Nest. */
  constructor(indicators: HealthIndicatorService) {
    this.#indicators = indicators;
  }

  /** Checks one connection. The key names it in the Terminus result. */
  isHealthy(
    key: string,
    redis: StatusTeller,
    options: RedisHealthCheckOptions = {},
  ): Promise<HealthIndicatorResult> {
    HEALTH_CHECK.check(options);
    const report = this.report(redis, options.cache);
    const verdict: Verdict =
      report.status === 'down' && options.required !== true ? 'degraded' : report.status;
    return Promise.resolve(this.resultOf(key, verdict, report));
  }

  /** The `redis` member of the health answer; with the totals of the cache, if one is given. */
  report(redis: StatusTeller, cache?: StatsTeller): RedisHealth {
    return healthReport(redis.status, cache?.totalStats, undefined, redis.hitRates);
  }

  /** Shows a report under a verdict that the caller has made. */
  resultOf(key: string, verdict: Verdict, report: RedisHealth): HealthIndicatorResult {
    const { status, ...data } = report;
    const session = this.#indicators.check(key);
    if (verdict === 'up') return session.up(data);
    if (verdict === 'down') return session.down({ ...data, redisStatus: status });
    // Terminus 11 drops an indicator that is neither up nor down.
    if ('degraded' in session && typeof session.degraded === 'function') {
      return session.degraded({ ...data, redisStatus: status });
    }
    return (session as { up: typeof session.up }).up({
      ...data,
      redisStatus: status,
      degraded: true,
    });
  }
}
