import {
  resolveOptions,
  RedisService,
  type RedisHaOptions,
  type SentinelModeOptions,
} from '../../src/redis/index.js';
import type { Clock } from '../../src/redis/base/timing/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';

/** A connection without Nest around it: for tests of the engine. */
export interface RunningEngine {
  readonly redis: RedisService;
  readonly engine: RedisEngine;
}

const running = new Set<RedisEngine>();

/** Starts an engine. All of them are closed by {@link closeEngines}. */
export function startEngine(options: RedisHaOptions, clock?: Clock): RunningEngine {
  const engine = new RedisEngine(resolveOptions(options).options, clock);
  running.add(engine);
  engine.start();
  return { engine, redis: new RedisService(engine) };
}

/** Starts an engine and waits until writes can be sent. */
export async function startReadyEngine(
  options: RedisHaOptions,
  clock?: Clock,
): Promise<RunningEngine> {
  const started = startEngine(options, clock);
  await started.redis.whenReady(10_000);
  return started;
}

/** Closes every engine that a test started. For `afterEach`. */
export async function closeEngines(): Promise<void> {
  const engines = [...running];
  running.clear();
  await Promise.all(engines.map((engine) => engine.close()));
}

/** Options of a cluster with some of them changed, group by group. */
export function withOptions(
  base: SentinelModeOptions,
  change: Partial<Pick<SentinelModeOptions, 'routing' | 'node' | 'pools' | 'shutdownTimeoutMs'>> & {
    readonly sentinel?: Partial<SentinelModeOptions['sentinel']>;
  },
): SentinelModeOptions {
  return {
    ...base,
    ...change,
    node: { ...base.node, ...change.node },
    sentinel: { ...base.sentinel, ...change.sentinel },
  };
}
