import { EventBus, type RedisHaEvent } from '../../src/redis/base/events/index.js';
import {
  type CacheOptions,
  type LoadContext,
  RedisCache,
  type WarmUpPlan,
} from '../../src/redis/cache/index.js';
import { WarmUp } from '../../src/redis/cache/warming/warm-up.js';
import { type ResolvedRedisOptions, resolveOptions } from '../../src/redis/config/index.js';
import { Keyspaces } from '../../src/redis/keyspace/index.js';
import { ManualClock } from '../../src/redis/testing/index.js';
import { InMemoryPort } from './redis-in-memory/in-memory-port.js';
import { RedisInMemory } from './redis-in-memory/redis-in-memory.js';

/** One call of the source. */
export interface SourceCall {
  readonly at: number;
  readonly process: string;
  readonly key: string;
}

/** One process with a cache, whose plans call the source of the rig. */
export interface WarmProcess {
  readonly name: string;
  readonly cache: RedisCache;
  readonly port: InMemoryPort;
  readonly bus: EventBus;
  readonly events: RedisHaEvent[];
  readonly warmUps: WarmUp[];
  /** Ends it as a crash does: nothing of it reaches Redis any more. */
  crash(): Promise<void>;
  /** Ends it as a shutdown does. */
  close(): Promise<void>;
}

/** Several processes over one Redis, that warm a cache from one source, on a clock that is moved by hand. */
export class WarmRig {
  readonly clock = new ManualClock();
  readonly redis = new RedisInMemory(() => this.clock.wallTime());
  readonly calls: SourceCall[] = [];
  readonly processes: WarmProcess[] = [];
  /** How long the source takes. */
  sourceMs: () => number = () => 0;
  /** Which keys it cannot load now. */
  fails: (key: string) => boolean = () => false;
  readonly #options: ResolvedRedisOptions;
  #started = 0;

  /** @param reapplyMs - what was written so recently is written again after a failover */
  constructor(reapplyMs = 15_000) {
    this.#options = resolveOptions({
      mode: 'standalone',
      host: '127.0.0.1',
      fallback: { breakerFailures: 1, breakerOpenMs: 100, stableMs: 10 },
      journal: { reapplyMs },
    }).options;
    this.redis.onPublish = (channel, message) => {
      for (const { port } of this.processes) port.tell(channel, message);
    };
  }

  /** Starts a process that warms a namespace by these plans. */
  start(plans: readonly Partial<WarmUpPlan>[], options: CacheOptions = {}): WarmProcess {
    const { clock } = this;
    const no = ++this.#started;
    const name = `p${String(no)}`;
    const port = new InMemoryPort(this.redis, () => clock.now());
    const bus = new EventBus();
    const events: RedisHaEvent[] = [];
    bus.onAny((event) => events.push(event));
    const deps = { clock, bus, origin: no.toString(16).padStart(16, '0') };
    const keyspaces = new Keyspaces(this.#options, port, deps);
    keyspaces.start();
    const cache = new RedisCache({
      openKeyspace: (keyspace, settings) => keyspaces.open(keyspace, settings),
      ...{ clock, bus },
      random: () => 0,
      defaults: { ttlMs: 3_600_000, hardTimeoutMs: 10_000, retryAfterMs: 100, ...options },
    });
    const end = async (): Promise<void> => {
      this.processes.splice(this.processes.indexOf(process), 1);
      await cache.close();
      await keyspaces.close(0);
    };
    const crash = (): Promise<void> => {
      port.end();
      return end();
    };
    const warmUps: WarmUp[] = [];
    const process: WarmProcess = { name, cache, port, bus, events, warmUps, crash, close: end };
    this.processes.push(process);
    for (const plan of plans) {
      const whole = { name: 'plan', load: this.loaderOf(name), ...plan } as WarmUpPlan;
      const warmUp = cache.namespace('products').warmUp(whole);
      if (warmUp instanceof WarmUp) warmUps.push(warmUp);
    }
    return process;
  }

  /** The source, as a process calls it. */
  loaderOf(process: string): (context: LoadContext) => Promise<string> {
    return async ({ key, signal }) => {
      this.calls.push({ at: this.clock.now(), process, key });
      const ms = this.sourceMs();
      if (ms > 0) await this.clock.sleep(ms, signal);
      if (this.fails(key)) throw new TypeError('the source is away');
      return `value of ${key}`;
    };
  }

  /** How often the source was called for each key. */
  get callsByKey(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { key } of this.calls) counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts;
  }

  /** The most calls that began within any second. */
  get busiestSecond(): number {
    const times = this.calls.map(({ at }) => at);
    return times.reduce((most, from) => {
      return Math.max(most, times.filter((at) => at >= from && at < from + 1_000).length);
    }, 0);
  }

  /** The keys of the namespace that Redis has. */
  get warmKeys(): string[] {
    const prefix = 'products:';
    return this.redis.keys
      .filter((key) => key.startsWith(prefix) && !key.slice(prefix.length).includes('{'))
      .map((key) => key.slice(prefix.length));
  }

  /** Redis has lost everything: it was restarted, or there is another primary, or nobody tells of it. */
  lose(told: 'reset' | 'switched' | 'nothing'): void {
    this.redis.empty();
    if (told !== 'nothing') this.tell(told);
  }

  /** Tells all processes of the primary what their connections tell them. */
  tell(what: 'reset' | 'switched'): void {
    const node = { host: '127.0.0.1', port: 6379 };
    for (const { bus, port } of this.processes) {
      port.tellOfSwitch();
      if (what === 'reset') bus.emit({ type: 'primary.reset', node });
      else bus.emit({ type: 'primary.switched', from: null, to: node, epoch: 1 });
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.processes].map((process) => process.close()));
  }
}

/** So many keys. */
export function keysUpTo(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `key-${String(i).padStart(5, '0')}`);
}
