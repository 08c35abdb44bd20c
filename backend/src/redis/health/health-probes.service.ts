import {
  type BeforeApplicationShutdown,
  HttpException,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type {
  HealthCheckResult,
  HealthCheckService,
  HealthIndicatorResult,
} from '@nestjs/terminus';
import type { RedisCache } from '../cache/index.js';
import type { RedisStatus } from '../engine/index.js';
import type { RedisService } from '../nest/index.js';
import type { Clock, Stop } from '../base/timing/index.js';
import {
  clusterMetrics,
  clusterSummary,
  type ClusterMetrics,
  type ClusterSummary,
} from './cluster-report.js';
import type { ResolvedHealthOptions } from './health-options.js';
import { healthReport, type RedisHealth } from './health-report.js';
import type { PlannedCheck } from './plan-checks.js';
import { ProbeState, type ProbeAnswer } from './probe-state.js';
import { reachOf, type Reach } from './reach.js';
import type { RedisHealthIndicator } from './health.indicator.js';
import type { CheckResult } from './shared-check.js';

const LOOK_EVERY_MS = 100;

/** The body of a response, and its HTTP status. */
export interface HealthAnswer<Body> {
  readonly httpStatus: 200 | 503;
  readonly body: Body;
}

/** The body of `GET /health`: that of Terminus, with Redis once more where `jq .redis` finds it. */
export type FullHealth = HealthCheckResult & { readonly redis: RedisHealth };

/** The body of `GET /health/live`. */
export interface LiveAnswer {
  readonly status: 'ok';
  readonly uptime_s: number;
}

/** The dependencies of the probes. */
interface HealthProbesDeps {
  readonly redis: RedisService;
  readonly cache: RedisCache;
  readonly terminus: HealthCheckService;
  readonly indicator: RedisHealthIndicator;
  readonly options: ResolvedHealthOptions;
  readonly checks: readonly PlannedCheck[];
  readonly clock: Clock;
}

/**
 * Returns the response of each route, for applications with routes of their own. The state of Redis is known
 * already: no response waits for Redis or opens a connection.
 */
export class RedisHealthProbes
  implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown
{
  readonly #deps: HealthProbesDeps;
  readonly #state: ProbeState;
  readonly #logger = new Logger('Health');
  #stopLooking: Stop | null = null;
  #wasMissing = false;

  /** Made by the module; applications inject it. */
  constructor(deps: HealthProbesDeps) {
    this.#deps = deps;
    this.#state = new ProbeState(deps.options, deps.clock);
    this.#stopLooking = deps.clock.every(LOOK_EVERY_MS, () => {
      this.#look();
    });
  }

  /** Called by Nest. */
  onApplicationBootstrap(): void {
    this.#state.booted();
    this.#look();
  }

  /** Called by Nest, before other modules begin to shut down. */
  onModuleDestroy(): void {
    this.#state.shuttingDown();
    this.#stopLooking?.();
  }

  /** Called by Nest, which serves requests until this ends, so that load balancers notice in time. */
  async beforeApplicationShutdown(): Promise<void> {
    this.onModuleDestroy();
    const { clock, options } = this.#deps;
    if (options.drainMs > 0) await clock.sleep(options.drainMs);
  }

  /** Whether the process runs. Checks nothing else. */
  live(): HealthAnswer<LiveAnswer> {
    return { httpStatus: 200, body: { status: 'ok', uptime_s: Math.round(process.uptime()) } };
  }

  /** Whether the application has started. Once it has, this stays so. */
  startup(): HealthAnswer<ProbeAnswer> {
    this.#look();
    return answerOf(this.#state.startup);
  }

  /** Whether the application should get requests. */
  async ready(): Promise<HealthAnswer<ProbeAnswer>> {
    this.#look();
    const planned = this.#deps.checks.filter(({ isForReadiness }) => isForReadiness);
    const results = this.#state.isShuttingDown ? [] : await runAll(planned);
    return answerOf(this.#state.readiness(results.flatMap(downKeys)));
  }

  /** Everything: Redis and the checks of the application. */
  async health(): Promise<HealthAnswer<FullHealth>> {
    const results = await runAll(this.#deps.checks);
    const { status: now, reach } = this.#look();
    const redis = this.#reportOf(now, reach);
    const all = [this.#redisResult(redis), ...results];
    const { status, ...rest } = await resultOfTerminus(this.#deps.terminus, all);
    const word = this.#state.isShuttingDown ? 'shutting_down' : status;
    const isWell = word === 'ok' || word === 'degraded';
    return { httpStatus: isWell ? 200 : 503, body: { status: word, ...rest, redis } };
  }

  /** The `redis` member of {@link RedisHealthProbes.health}. */
  get report(): RedisHealth {
    return this.#reportOf(this.#deps.redis.status);
  }

  /** The cluster, in short. */
  summary(): HealthAnswer<ClusterSummary> {
    return { httpStatus: 200, body: clusterSummary(this.#deps.redis.status, this.#measures) };
  }

  /** The cluster, with its numbers. */
  metrics(): HealthAnswer<ClusterMetrics> {
    const { redis } = this.#deps;
    const measures = { ...this.#measures, hotKeys: redis.hotKeys() };
    return { httpStatus: 200, body: clusterMetrics(redis.status, measures) };
  }

  get #measures(): Parameters<typeof clusterMetrics>[1] {
    const { redis, cache } = this.#deps;
    return { latency: redis.recentLatency, hits: redis.hitRates, warmUps: cache.warmUps };
  }

  #reportOf(status: RedisStatus, reach?: Reach): RedisHealth {
    const { cache, redis } = this.#deps;
    return healthReport(status, cache.totalStats, reach, redis.hitRates);
  }

  #redisResult(report: RedisHealth): HealthIndicatorResult {
    const ofRequired = this.#state.isMissingRedis ? 'down' : null;
    const ofOptional = report.status === 'up' ? 'up' : 'degraded';
    return this.#deps.indicator.resultOf('redis', ofRequired ?? ofOptional, report);
  }

  #look(): { readonly status: RedisStatus; readonly reach: Reach } {
    const { status } = this.#deps.redis;
    const reach = reachOf(status);
    this.#state.observe(reach, status.mode);
    this.#tell();
    if (!this.#state.isWatching) this.#stopLooking?.();
    return { status, reach };
  }

  #tell(): void {
    const isMissing = this.#state.isMissingRedis && this.#state.startup.status === 'started';
    if (isMissing === this.#wasMissing || this.#state.isShuttingDown) return;
    this.#wasMissing = isMissing;
    const { reason } = this.#state.readiness();
    if (isMissing) this.#logger.warn(`Not ready: ${reason}`);
    else this.#logger.log(`Ready again: ${reason}`);
  }
}

function answerOf(body: ProbeAnswer): HealthAnswer<ProbeAnswer> {
  const isWell = body.status === 'ready' || body.status === 'started';
  return { httpStatus: isWell ? 200 : 503, body };
}

function runAll(planned: readonly PlannedCheck[]): Promise<CheckResult[]> {
  return Promise.all(planned.map(({ check }) => check.run()));
}

function downKeys(result: CheckResult): string[] {
  return Object.keys(result).filter((key) => result[key]?.status === 'down');
}

async function resultOfTerminus(
  terminus: HealthCheckService,
  results: readonly unknown[],
): Promise<HealthCheckResult> {
  try {
    return await terminus.check(results.map((result) => () => result as HealthIndicatorResult));
  } catch (error) {
    if (!(error instanceof HttpException)) throw error;
    return error.getResponse() as HealthCheckResult;
  }
}
