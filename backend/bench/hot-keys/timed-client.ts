import { SystemClock, type Stop } from '../../src/redis/base/timing/index.js';
import { RedisEngine } from '../../src/redis/engine/redis-engine.js';
import { type HotKeyLevel, RedisService, resolveOptions } from '../../src/redis/index.js';
import { newMemoryStandIn } from '../../src/redis/testing/memory/memory-group.js';
import { connectionName, type ClusterPlace } from '../clients/bench-client.js';

/** A client whose calls are timed. */
export interface TimedClient {
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  close(): Promise<void>;
}

/** The library on a cluster; with `null` over a Redis that is in this process, so that nothing else costs time. */
export async function openTimed(
  place: ClusterPlace | null,
  level: HotKeyLevel,
  share: number,
): Promise<TimedClient> {
  const clock = new SlowClock(1 / share);
  const engine = place === null ? inMemory(level, clock) : onCluster(place, level, clock);
  engine.start();
  const redis = new RedisService(engine);
  await redis.whenReady();
  return {
    get: (key) => redis.get(key),
    set: (key, value) => redis.set(key, value),
    close: () => engine.close(),
  };
}

function inMemory(level: HotKeyLevel, clock: SlowClock): RedisEngine {
  const { options } = resolveOptions({ mode: 'standalone', hotKeys: { level } });
  return new RedisEngine(options, clock, undefined, (bus) => newMemoryStandIn(options, clock, bus));
}

function onCluster(place: ClusterPlace, level: HotKeyLevel, clock: SlowClock): RedisEngine {
  const { options } = resolveOptions({
    mode: 'sentinel',
    sentinel: { masterName: place.masterName, nodes: place.sentinels, natMap: place.natMap },
    node: { clientName: connectionName('ours'), password: place.password },
    hotKeys: { level },
  });
  return new RedisEngine(options, clock);
}

/**
 * A clock that goes so many times slower. A client that has its turn for a part of the time lives through a second when
 * it has been busy for one: so it counts as many accesses of it as a client that is always busy.
 */
class SlowClock extends SystemClock {
  readonly #times: number;

  constructor(times: number) {
    super();
    this.#times = times;
  }

  override now(): number {
    return super.now() / this.#times;
  }

  override after(ms: number, run: () => void): Stop {
    return super.after(ms * this.#times, run);
  }

  override hold(ms: number, run: () => void): Stop {
    return super.hold(ms * this.#times, run);
  }

  override every(ms: number, run: () => void): Stop {
    return super.every(ms * this.#times, run);
  }
}
