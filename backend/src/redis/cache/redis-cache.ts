import { ConfigInvalidError } from '../base/errors/index.js';
import { ByteGate, OpenTasks } from '../base/collections/index.js';
import type { EventBus } from '../base/events/index.js';
import type { HotKeyLevel } from '../config/index.js';
import type { Keyspace, KeyspacePolicy } from '../keyspace/index.js';
import { atDeadline, endsWithin, type Clock, type Random } from '../base/timing/index.js';
import { BodyDecoder } from './values/body-decoder.js';
import { CacheCodec } from './values/cache-codec.js';
import {
  type CacheOptions,
  differenceOf,
  resolveCacheOptions,
  type ResolvedCacheOptions,
} from './values/cache-options.js';
import { CacheCounters, type CacheStats } from './values/cache-stats.js';
import { NamespaceDeps } from './namespace-deps.js';
import type { WarmUpCounts } from './warming/warm-up-mark.js';
import type { WarmUpProgress } from './warming/warm-up-progress.js';
import { WarmUps } from './warming/warm-ups.js';
import { CacheNamespace } from './cache-namespace.js';

/** Opens the keyspace on which the namespace of that name stands. */
type OpenKeyspace = (
  name: string,
  settings: {
    readonly policy: KeyspacePolicy;
    readonly nearMs: number;
    readonly maxStaleMs: number;
    readonly memoryPercent: number;
    readonly hotKeys: HotKeyLevel | null;
  },
) => Keyspace;

/** What the cache is made of. */
interface RedisCacheDeps {
  readonly openKeyspace: OpenKeyspace;
  readonly clock: Clock;
  readonly random: Random;
  readonly bus: EventBus;
  /** Whether there is a primary that takes writes: warm-ups wait for one. @defaultValue always */
  readonly isReachable?: () => boolean;
  /** Options of namespaces that give none of their own. */
  readonly defaults?: CacheOptions;
}

/** What all namespaces share. */
interface Shared extends Omit<RedisCacheDeps, 'defaults' | 'isReachable'> {
  readonly tasks: OpenTasks;
  readonly writes: ByteGate;
  readonly warmUps: WarmUps;
}

const DEFAULT_NAMESPACE = 'default';
// A mark of one process alone would be wrong.
// Nobody wants to know how often the marks of warming are read.
const MARKS = {
  policy: 'strict',
  nearMs: 0,
  maxStaleMs: 0,
  memoryPercent: 0,
  hotKeys: 'off',
} as const;
// A namespace is never removed. One namespace per customer or request is a mistake: use keys for that.
const MAX_NAMESPACES = 1_000;
// About as much as a connection carries in a few milliseconds: what else is on it need not wait for long.
const MAX_BYTES_UNDER_WAY = 4 * 1024 * 1024;

/**
 * A cache that keeps working while Redis is away. Values live in namespaces, each with its own options;
 * the methods of the cache itself work on the namespace `default`.
 */
export class RedisCache extends CacheNamespace {
  readonly #shared: Shared;
  readonly #defaults: ResolvedCacheOptions;
  readonly #cores: NamespaceDeps[];
  readonly #namespaces = new Map<string, CacheNamespace>();
  readonly #options = new Map<string, ResolvedCacheOptions>();
  #closing: Promise<void> | null = null;

  /**
   * Made by the module; applications inject it.
   *
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) when the defaults cannot be used.
   */
  constructor({ defaults = {}, isReachable = () => true, ...deps }: RedisCacheDeps) {
    const options = resolveCacheOptions(defaults);
    const shared = {
      ...deps,
      tasks: new OpenTasks(),
      writes: new ByteGate(MAX_BYTES_UNDER_WAY),
      warmUps: new WarmUps((name) => deps.openKeyspace(name, MARKS), isReachable),
    };
    const core = open(DEFAULT_NAMESPACE, options, shared);
    super(core);
    this.#shared = shared;
    this.#defaults = options;
    this.#cores = [core];
    this.#namespaces.set(DEFAULT_NAMESPACE, this);
    this.#options.set(DEFAULT_NAMESPACE, options);
  }

  /**
   * Returns the namespace of that name; the first call creates it. Options left out are those of the module.
   *
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) for options that cannot be used, or that
   * are not those with which the namespace was made.
   */
  namespace(name: string, options?: CacheOptions): CacheNamespace {
    const known = this.#namespaces.get(name);
    if (known === undefined)
      return this.#make(name, resolveCacheOptions(options ?? {}, this.#defaults));
    if (options !== undefined) this.#checkSame(name, options);
    return known;
  }

  /** All namespaces that were created, the default one first. */
  get namespaces(): readonly CacheNamespace[] {
    return [...this.#namespaces.values()];
  }

  /** Stats of all namespaces together since the process began. */
  get totalStats(): CacheStats {
    return CacheCounters.total(this.#cores.map(({ deps }) => deps.counters));
  }

  /** How far each warm-up is. */
  get warmUps(): readonly WarmUpProgress[] {
    return this.#shared.warmUps.progress;
  }

  /** The keys that warm-ups have loaded in this process, skipped, or could not load. */
  get warmUpTotals(): WarmUpCounts {
    return this.#shared.warmUps.totals;
  }

  /**
   * Begins the warm-up of that name, or all of them, one after the other, and tells how far it is until it has ended.
   * Whoever stops listening does not stop it.
   *
   * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) when there is none of that name.
   */
  warm(name?: string): AsyncGenerator<WarmUpProgress> {
    return this.#shared.warmUps.warm(name);
  }

  /**
   * Starts no further load, gives those under way `graceMs` to end, and then ends them: their signals
   * fire and their callers get `CLOSED`. Afterwards nothing is pending. Calling it twice is harmless.
   */
  close(graceMs = 0): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    const runners = this.#cores.map(({ loader }) => loader.runner);
    this.#shared.warmUps.close();
    for (const runner of runners) runner.refuseFurther();
    if (graceMs > 0) await this.#grace(graceMs);
    for (const runner of runners) runner.abort();
    await this.#untilIdle();
  }

  async #grace(graceMs: number): Promise<void> {
    await endsWithin(this.#untilIdle(), atDeadline(this.#shared.clock, graceMs));
  }

  // Calls start tasks. Tasks start no calls.
  async #untilIdle(): Promise<void> {
    await Promise.all(this.#cores.map(({ lookup }) => lookup.untilNone()));
    await this.#shared.tasks.untilNone();
  }

  #make(name: string, options: ResolvedCacheOptions): CacheNamespace {
    if (this.#namespaces.size >= MAX_NAMESPACES) {
      const message = `there are ${String(MAX_NAMESPACES)} namespaces already, and none is ever given up`;
      const remedy = 'Make what varies a part of the key';
      throw new ConfigInvalidError([{ field: 'namespace', value: name, message, remedy }]);
    }
    const core = open(name, options, this.#shared);
    if (this.#closing !== null) core.loader.runner.refuseFurther();
    const namespace = new CacheNamespace(core);
    this.#cores.push(core);
    this.#namespaces.set(name, namespace);
    this.#options.set(name, options);
    return namespace;
  }

  #checkSame(name: string, given: CacheOptions): void {
    const first = this.#options.get(name);
    if (first === undefined) return;
    const different = differenceOf(first, resolveCacheOptions(given, this.#defaults));
    if (different === null) return;
    const message = `the namespace ${name} was made with another ${different}`;
    const remedy =
      'Give the same options, or none: cache.namespace(name). If it was used before they were given, ' +
      `give them to the module: RedisModule.forRoot(options, { cache: { namespaces: { ${name}: { … } } } })`;
    throw new ConfigInvalidError([{ field: 'options', value: different, message, remedy }]);
  }
}

function open(
  name: string,
  options: ResolvedCacheOptions,
  { openKeyspace, warmUps, ...shared }: Shared,
): NamespaceDeps {
  const { policy, nearMs, maxStaleMs, memoryPercent, hotKeys } = options;
  const codec = new CacheCodec(name, options);
  const keyspace = openKeyspace(name, { policy, nearMs, maxStaleMs, memoryPercent, hotKeys });
  const own = {
    keyspace: keyspace.decodedBy(new BodyDecoder(codec, options)),
    options,
    codec,
    counters: new CacheCounters(keyspace.hits),
  };
  return new NamespaceDeps({ ...own, ...shared }, warmUps);
}
