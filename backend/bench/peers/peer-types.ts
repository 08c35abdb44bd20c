/** Anything that reports its troubles. */
interface Reporting {
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

/** One store of Keyv. */
export type Keyv = Reporting;

/** What `createCache` of cache-manager makes. */
export interface CacheManager {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, ttlMs?: number): Promise<unknown>;
  wrap(key: string, loader: () => unknown, ttlMs?: number): Promise<unknown>;
  disconnect(): Promise<unknown>;
}

/** The class of cacheable. */
export interface Cacheable extends Reporting {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, ttlMs?: number): Promise<unknown>;
  getOrSet(
    key: string,
    loader: () => Promise<unknown>,
    options: { readonly ttl: number },
  ): Promise<unknown>;
  disconnect(): Promise<unknown>;
}

/** The class of bentocache. */
export interface BentoCache {
  get(options: { readonly key: string }): Promise<unknown>;
  set(options: {
    readonly key: string;
    readonly value: unknown;
    readonly ttl: number;
  }): Promise<unknown>;
  getOrSet(options: {
    readonly key: string;
    readonly ttl: number;
    readonly factory: () => unknown;
  }): Promise<unknown>;
  disconnectAll(): Promise<unknown>;
}

/** What lies under a cache of bentocache. */
export interface BentoStore {
  useL1Layer(driver: unknown): BentoStore;
  useL2Layer(driver: unknown): BentoStore;
}

/** A bare ioredis. */
export interface PlainRedis extends Reporting {
  get(key: string): Promise<string | null>;
  set(key: string, value: string, unit: 'PX', ttlMs: number): Promise<unknown>;
  disconnect(): void;
}

type Options = Readonly<Record<string, unknown>>;

/** What `peers.mjs` exports. */
export interface Peers {
  readonly createCache: (options: {
    readonly stores: readonly Keyv[];
    readonly nonBlocking?: boolean;
  }) => CacheManager;
  readonly Keyv: new (options?: Options) => Keyv;
  readonly KeyvRedis: new (connect: string | Options, options?: Options) => object;
  readonly Cacheable: new (options: {
    readonly primary?: Keyv;
    readonly secondary?: Keyv;
    readonly nonBlocking?: boolean;
  }) => Cacheable;
  readonly CacheableMemory: new (options?: Options) => object;
  readonly createMemoryKeyv: (options?: Options) => Keyv;
  readonly BentoCache: new (
    options: {
      readonly default: string;
      readonly stores: Readonly<Record<string, BentoStore>>;
    } & Options,
  ) => BentoCache;
  readonly bentostore: () => BentoStore;
  readonly memoryDriver: (options?: Options) => unknown;
  readonly redisDriver: (options: { readonly connection: unknown }) => unknown;
  readonly Redis: new (options: Options) => PlainRedis;
}
