import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { NodeAddress } from '../base/address/index.js';

/** Which nodes may answer a read, in order of preference. */
export type ReadPolicy = 'primary' | 'replica-preferred' | 'replica' | 'nearest';

/** How the data nodes are reached. */
export interface NodeOptions {
  /** ACL user. @defaultValue the `default` user */
  readonly username?: string;
  /** Password of the data nodes. */
  readonly password?: string;
  /** `true` for TLS with the system's authorities, or Node's TLS options. Certificates are verified. @defaultValue false */
  readonly tls?: boolean | TlsOptions;
  /** Database index, 0 to 15 on a stock server. @defaultValue 0 */
  readonly db?: number;
  /** Put in front of every key. @defaultValue '' */
  readonly keyPrefix?: string;
  /** Shown by `CLIENT LIST`. @defaultValue 'nestjs-redis-ha' */
  readonly clientName?: string;
  /** How long one attempt to connect may take, in ms. @defaultValue 1000 */
  readonly connectTimeoutMs?: number;
  /** How often each node is asked for its role, in ms. @defaultValue 1000 */
  readonly heartbeatIntervalMs?: number;
  /** A node that leaves a heartbeat unanswered this long is dropped, in ms. @defaultValue 3000 */
  readonly heartbeatTimeoutMs?: number;
  /** A node that owes answers and sends nothing for this long gets no further commands until it speaks, in ms. @defaultValue 100 */
  readonly stallAfterMs?: number;
  /** Initial delay of TCP keep-alive, in ms. @defaultValue 10000 */
  readonly keepAliveMs?: number;
}

/** How commands find a node, and how long they may take. */
export interface RoutingOptions {
  /** @defaultValue 'replica-preferred' */
  readonly readPolicy?: ReadPolicy;
  /** Replicas further behind than this serve no reads, in ms. @defaultValue no bound */
  readonly maxStalenessMs?: number;
  /** Deadline of a read, in ms. @defaultValue 250 */
  readonly readTimeoutMs?: number;
  /** Deadline of a write: the failover budget, in ms. Sentinel's `down-after-milliseconds` plus 5 s is a good value. @defaultValue 8000 */
  readonly writeTimeoutMs?: number;
  /** Commands that may wait for a node at one time; more fail at once with `QUEUE_FULL`. @defaultValue 50000 */
  readonly maxQueuedCommands?: number;
  /** Bytes of arguments that may wait at one time. @defaultValue 67108864 (64 MiB) */
  readonly maxQueuedBytes?: number;
  /** Repeat idempotent writes whose answer was lost. `false` reports them as `COMMAND_UNCERTAIN`. @defaultValue true */
  readonly retryUncertain?: boolean;
}

/** How many connections a process may open. */
export interface PoolOptions {
  /**
   * Connections to the primary. One is shared by all commands; the others are lent to sessions and
   * blocking commands, one to each, and there is always at least one of those. @defaultValue 10
   */
  readonly writeSize?: number;
  /**
   * Shared connections to each node that serves reads. One is fastest, because what is sent together
   * travels together; more keep large replies from holding up small ones. @defaultValue 1
   */
  readonly readSize?: number;
}

/** What happens while Redis is away: for caches, sessions and everything else that has a namespace. */
export interface FallbackOptions {
  /** Deadline of one operation of a namespace on Redis, in ms; after it memory answers. @defaultValue 200 */
  readonly timeoutMs?: number;
  /** So many failures or missed deadlines in a row open the circuit breaker. @defaultValue 5 */
  readonly breakerFailures?: number;
  /** How long the breaker stays open before Redis is asked again, in ms. News of a node cuts it short. @defaultValue 500 */
  readonly breakerOpenMs?: number;
  /** How long everything must have been well before the mode is `healthy` again, in ms. @defaultValue 1000 */
  readonly stableMs?: number;
  /** Entries that memory keeps; the least recently used leave first. @defaultValue 100000 */
  readonly maxEntries?: number;
  /** Bytes that memory keeps. @defaultValue 67108864 (64 MiB) */
  readonly maxBytes?: number;
}

/** When a journal on disk counts as written: at once, some times a second, or when the system likes. */
export type JournalFsync = 'always' | 'interval' | 'never';

/** The writes that are made while Redis is away, until it has them. */
export interface JournalOptions {
  /** Keys it holds at most. @defaultValue 100000 */
  readonly maxEntries?: number;
  /** Bytes it holds at most. @defaultValue 33554432 (32 MiB) */
  readonly maxBytes?: number;
  /** Older writes are not replayed, and a delete is remembered this long, in ms. @defaultValue 3600000 (1 h) */
  readonly maxAgeMs?: number;
  /** Writes a second that are replayed at most. @defaultValue 10000 */
  readonly replayPerSecond?: number;
  /** Writes of this long before a failover are written once more after it, in ms: the new primary may lack them. @defaultValue 15000 */
  readonly reapplyMs?: number;
  /** A file that keeps the journal through a crash of this process. One process, one file. @defaultValue none: in memory only */
  readonly file?: string;
  /** When a write to the file counts as done. @defaultValue 'always' */
  readonly fsync?: JournalFsync;
}

/** How Sentinel is reached, and which group it watches for us. */
export interface SentinelOptions {
  /** Name of the group, as in `sentinel monitor <name>`. @defaultValue 'mymaster' */
  readonly masterName?: string;
  /** The Sentinels: `host:port`, `[ipv6]:port`, or objects. Port defaults to 26379. Three or more. */
  readonly nodes: readonly (string | NodeAddress)[];
  /** ACL user of the Sentinels themselves. */
  readonly username?: string;
  /** Password of the Sentinels themselves; that of the data nodes is `node.password`. */
  readonly password?: string;
  /** TLS of the Sentinels, apart from that of the data nodes. @defaultValue false */
  readonly tls?: boolean | TlsOptions;
  /**
   * Where announced addresses are reached from here: `{ '172.30.0.2:6379': '127.0.0.1:6380' }` or a function.
   * Applies to data nodes and to Sentinels that were discovered.
   */
  readonly natMap?:
    | Readonly<Record<string, string | NodeAddress>>
    | ((announced: NodeAddress) => NodeAddress | string | undefined);
  /** How often all Sentinels are asked besides listening to them, in ms. @defaultValue 1000 */
  readonly pollIntervalMs?: number;
  /** The same while the primary is away, in ms. @defaultValue 75 */
  readonly fastPollIntervalMs?: number;
  /** How long one Sentinel may take to answer, in ms. @defaultValue 500 */
  readonly commandTimeoutMs?: number;
  /** Refuse to start with fewer than three Sentinels, instead of a warning and standalone mode. @defaultValue false */
  readonly strict?: boolean;
}

interface CommonOptions {
  readonly node?: NodeOptions;
  readonly routing?: RoutingOptions;
  readonly pools?: PoolOptions;
  readonly fallback?: FallbackOptions;
  readonly journal?: JournalOptions;
  /** How long `onApplicationShutdown` waits for commands in flight, in ms. @defaultValue 2000 */
  readonly shutdownTimeoutMs?: number;
}

/** A Redis watched by Sentinels. */
export interface SentinelModeOptions extends CommonOptions {
  readonly mode: 'sentinel';
  readonly sentinel: SentinelOptions;
  /** Where to go when Sentinel mode must be given up for lack of Sentinels. @defaultValue 127.0.0.1:6379 */
  readonly fallbackAddress?: NodeAddress;
}

/** One Redis. */
export interface StandaloneModeOptions extends CommonOptions {
  readonly mode: 'standalone';
  /** @defaultValue '127.0.0.1' */
  readonly host?: string;
  /** @defaultValue 6379 */
  readonly port?: number;
  /** `redis://` or `rediss://` address; instead of host, port and credentials. */
  readonly url?: string;
}

/** No Redis: nothing is connected, commands fail at once with `REDIS_DISABLED`. For rollback and for laptops. */
export interface MemoryModeOptions extends CommonOptions {
  readonly mode: 'memory';
}

/** What the application asks for. */
export type RedisHaOptions = SentinelModeOptions | StandaloneModeOptions | MemoryModeOptions;
