import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { NodeAddress } from '../base/address/index.js';
import {
  bytes,
  choice,
  converted,
  flag,
  group,
  host,
  keyRing,
  milliseconds,
  option,
  OptionSet,
  port,
  positive,
  required,
  secret,
  text,
  verbatim,
  wholeNumber,
  type AnyRow,
  type KeySource,
  type Resolved,
  type Rule,
  type RowsOf,
} from '../base/options/index.js';
import { keepAddress, natMap, type NatMap } from './address-mapper.js';
import { address, REDIS_PORT, sentinelNodes, socketPath } from './address-rules.js';
import { credentials, passwordFile, type CredentialsFunction } from './credentials.js';
import { FOREIGN_NAMES, MISPLACED_NAMES, RETIRED_NAMES } from './foreign-names.js';
import { HOT_KEY_ROWS, NEAR_ROWS, type HotKeyOptions, type NearOptions } from './key-options.js';
import { url } from './redis-url.js';
import { tls, TLS_VARIABLES, type TlsFunction } from './tls-rule.js';

const userName = emptyIsNone(text('text without white space', /^\S*$/));
const password = emptyIsNone(secret);
const masterName = text('text without white space, and not empty', /^\S+$/);
// `CLIENT SETNAME` refuses anything else.
const clientName = text('printable ASCII without spaces, and not empty', /^[!-~]+$/);
const mode = {
  ...choice('standalone', 'sentinel', 'memory'),
  remedy: "Set mode to 'sentinel' for production, 'standalone' for one Redis, 'memory' for none",
};
const shared = { foreign: FOREIGN_NAMES, family: () => everyRow().map(([path]) => path) };

/** Which nodes may answer a read, in order of preference. */
export type ReadPolicy = 'primary' | 'replica-preferred' | 'replica' | 'nearest';

/** One of the read policies. */
export const readPolicy = choice('primary', 'replica-preferred', 'replica', 'nearest');

/** How the data nodes are reached. */
export interface NodeOptions {
  /** ACL user. @defaultValue the `default` user */
  readonly username?: string;
  /** Password of the data nodes. */
  readonly password?: string;
  /** A file with the password, instead of `password`. It is read at each connection, so it may change. */
  readonly passwordFile?: string;
  /**
   * Returns user and password, instead of `username` and `password`: called at each connection, and by
   * `redis.renewCredentials()`. It may take as long as `connectTimeoutMs`.
   */
  readonly credentials?: CredentialsFunction;
  /**
   * `true` for TLS with the system's authorities, or Node's TLS options, or a function that returns them: called
   * at each connection, so certificates may change. Certificates are verified. @defaultValue false
   */
  readonly tls?: boolean | TlsOptions | TlsFunction;
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
  /** A node that does not answer a heartbeat for this long is dropped, in ms. @defaultValue 3000 */
  readonly heartbeatTimeoutMs?: number;
  /** A node that has unanswered commands and sends nothing for this long gets no further commands until it speaks, in ms. @defaultValue 100 */
  readonly stallAfterMs?: number;
  /** Initial delay of TCP keep-alive, in ms. @defaultValue 10000 */
  readonly keepAliveMs?: number;
  /** The calendar of this host may differ by so much from that of Redis before it is reported, in ms. @defaultValue 1000 */
  readonly maxClockSkewMs?: number;
}

const NODE_ROWS = {
  username: option(userName, null, 'REDIS_USERNAME'),
  password: option(password, null, 'REDIS_PASSWORD'),
  passwordFile: option(passwordFile, null, 'REDIS_PASSWORD_FILE'),
  credentials: option(credentials, null),
  tls: option(tls, null, ...TLS_VARIABLES.map((suffix) => `REDIS_${suffix}`)),
  db: option(wholeNumber(0, 2_147_483_647), 0, 'REDIS_DB'),
  keyPrefix: option(verbatim, '', 'REDIS_KEY_PREFIX'),
  clientName: option(clientName, 'nestjs-redis-ha', 'REDIS_CLIENT_NAME'),
  connectTimeoutMs: option(milliseconds, 1_000, 'REDIS_NODE_CONNECT_TIMEOUT_MS'),
  heartbeatIntervalMs: option(milliseconds, 1_000, 'REDIS_NODE_HEARTBEAT_INTERVAL_MS'),
  heartbeatTimeoutMs: option(milliseconds, 3_000, 'REDIS_NODE_HEARTBEAT_TIMEOUT_MS'),
  stallAfterMs: option(milliseconds, 100, 'REDIS_NODE_STALL_AFTER_MS'),
  keepAliveMs: option(milliseconds, 10_000, 'REDIS_NODE_KEEP_ALIVE_MS'),
  maxClockSkewMs: option(milliseconds, 1_000, 'REDIS_NODE_MAX_CLOCK_SKEW_MS'),
} satisfies RowsOf<NodeOptions>;
const NODE = new OptionSet(NODE_ROWS, {
  path: 'node',
  ordered: [{ low: 'stallAfterMs', high: 'heartbeatTimeoutMs' }],
  ...shared,
});

/** How commands find a node, and how long they may take. */
export interface RoutingOptions {
  /** @defaultValue 'replica-preferred' */
  readonly readPolicy?: ReadPolicy;
  /** Replicas further behind than this serve no reads, in ms. @defaultValue no bound */
  readonly maxStalenessMs?: number;
  /** Deadline of a read, in ms. @defaultValue 250 */
  readonly readTimeoutMs?: number;
  /** Deadline of a read that Redis does not call fast, such as `HGETALL`, `KEYS` or a script. @defaultValue 2000 */
  readonly slowReadTimeoutMs?: number;
  /** Deadline of a write: the failover budget, in ms. Sentinel's `down-after-milliseconds` plus 5 s is a good value. @defaultValue 8000 */
  readonly writeTimeoutMs?: number;
  /** Commands that may wait for a node at the same time; more fail at once with `QUEUE_FULL`. @defaultValue 50000 */
  readonly maxQueuedCommands?: number;
  /** Bytes of arguments that may wait at the same time. @defaultValue 67108864 (64 MiB) */
  readonly maxQueuedBytes?: number;
  /** Whether idempotent writes are repeated when their answer was lost. `false` reports them as `COMMAND_UNCERTAIN`. @defaultValue true */
  readonly retryUncertain?: boolean;
}

const ROUTING_ROWS = {
  readPolicy: option(readPolicy, 'replica-preferred', 'REDIS_ROUTING_READ_POLICY'),
  maxStalenessMs: option(milliseconds, null, 'REDIS_ROUTING_MAX_STALENESS_MS'),
  readTimeoutMs: option(milliseconds, 250, 'REDIS_ROUTING_READ_TIMEOUT_MS'),
  slowReadTimeoutMs: option(milliseconds, 2000, 'REDIS_ROUTING_SLOW_READ_TIMEOUT_MS'),
  writeTimeoutMs: option(milliseconds, 8_000, 'REDIS_ROUTING_WRITE_TIMEOUT_MS'),
  maxQueuedCommands: option(positive, 50_000, 'REDIS_ROUTING_MAX_QUEUED_COMMANDS'),
  maxQueuedBytes: option(bytes, 67_108_864, 'REDIS_ROUTING_MAX_QUEUED_BYTES'),
  retryUncertain: option(flag, true, 'REDIS_ROUTING_RETRY_UNCERTAIN'),
} satisfies RowsOf<RoutingOptions>;
const ROUTING = new OptionSet(ROUTING_ROWS, { path: 'routing', ...shared });

/** How many connections a process may open. */
export interface PoolOptions {
  /**
   * Connections to the primary. One is shared by all commands; the others are exclusive ones, and there
   * is always at least one of those. Blocking commands may use as many again. @defaultValue 10
   */
  readonly writeSize?: number;
}

const POOL_ROWS = {
  writeSize: option(positive, 10, 'REDIS_POOLS_WRITE_SIZE'),
} satisfies RowsOf<PoolOptions>;
const POOLS = new OptionSet(POOL_ROWS, { path: 'pools', ...shared });

/** What happens while Redis is away: for caches, sessions and every other keyspace. */
interface FallbackOptions {
  /** Deadline of one operation of a keyspace on Redis, in ms; then memory answers. @defaultValue 200 */
  readonly timeoutMs?: number;
  /** How many failures or missed deadlines in a row open the circuit breaker. @defaultValue 5 */
  readonly breakerFailures?: number;
  /** How long the breaker stays open before Redis is asked again, in ms. It ends earlier when a node connects or answers again. @defaultValue 500 */
  readonly breakerOpenMs?: number;
  /** How long everything must work before the mode is `healthy` again, in ms. @defaultValue 1000 */
  readonly stableMs?: number;
  /** Entries that memory keeps; the least recently used are removed first. @defaultValue 100000 */
  readonly maxEntries?: number;
  /** Bytes that memory keeps. @defaultValue 67108864 (64 MiB) */
  readonly maxBytes?: number;
}

const FALLBACK_ROWS = {
  timeoutMs: option(milliseconds, 200, 'REDIS_FALLBACK_TIMEOUT_MS'),
  breakerFailures: option(positive, 5, 'REDIS_FALLBACK_BREAKER_FAILURES'),
  breakerOpenMs: option(milliseconds, 500, 'REDIS_FALLBACK_BREAKER_OPEN_MS'),
  stableMs: option(milliseconds, 1_000, 'REDIS_FALLBACK_STABLE_MS'),
  maxEntries: option(positive, 100_000, 'REDIS_FALLBACK_MAX_ENTRIES'),
  maxBytes: option(bytes, 67_108_864, 'REDIS_FALLBACK_MAX_BYTES'),
} satisfies RowsOf<FallbackOptions>;
const FALLBACK = new OptionSet(FALLBACK_ROWS, { path: 'fallback', ...shared });

/** When a journal on disk is synced: after each write, several times a second, or when the system does it. */
type JournalFsync = 'always' | 'interval' | 'never';

/** The journal: writes that were made while Redis was away, until Redis has them. */
interface JournalOptions {
  /** How many keys it holds at most. @defaultValue 100000 */
  readonly maxEntries?: number;
  /** How many bytes it holds at most. @defaultValue 33554432 (32 MiB) */
  readonly maxBytes?: number;
  /** Older writes are not replayed, and a delete is remembered for this long, in ms. @defaultValue 3600000 (1 h) */
  readonly maxAgeMs?: number;
  /** How many writes a second are replayed at most. @defaultValue 10000 */
  readonly replayPerSecond?: number;
  /** After a failover, the writes of this long before it are written once more, in ms: the new primary may lack them. @defaultValue 15000 */
  readonly reapplyMs?: number;
  /** A folder that keeps the journal through a crash of this process. Any number of processes may use it. @defaultValue none: in memory only */
  readonly dir?: string;
  /** When a write to the file counts as done. @defaultValue 'always' */
  readonly fsync?: JournalFsync;
  /** Encrypts what is in the folder: keys of 32 bytes in base64, the newest first, or a function that returns them. @defaultValue none: it lies open */
  readonly keys?: KeySource;
}

const JOURNAL_ROWS = {
  maxEntries: option(positive, 100_000, 'REDIS_JOURNAL_MAX_ENTRIES'),
  maxBytes: option(bytes, 33_554_432, 'REDIS_JOURNAL_MAX_BYTES'),
  maxAgeMs: option(milliseconds, 3_600_000, 'REDIS_JOURNAL_MAX_AGE_MS'),
  replayPerSecond: option(positive, 10_000, 'REDIS_JOURNAL_REPLAY_PER_SECOND'),
  reapplyMs: option(milliseconds, 15_000, 'REDIS_JOURNAL_REAPPLY_MS'),
  dir: option(text('a path, and not empty', /\S/), null, 'REDIS_JOURNAL_DIR'),
  fsync: option(choice('always', 'interval', 'never'), 'always', 'REDIS_JOURNAL_FSYNC'),
  keys: option(keyRing, null, 'REDIS_JOURNAL_KEYS', 'REDIS_JOURNAL_KEYS_FILE'),
} satisfies RowsOf<JournalOptions>;
const JOURNAL = new OptionSet(JOURNAL_ROWS, {
  path: 'journal',
  ...shared,
  foreign: { ...FOREIGN_NAMES, ...RETIRED_NAMES },
});

/**
 * What becomes of session data that is not encrypted where there are keys: it is still written (keys only
 * read), it is read, or it is refused.
 */
export type PlainData = 'write' | 'read' | 'refuse';

/** One of these words. */
export const plainData = choice('write', 'read', 'refuse');

/** How the data of all sessions of a connection is encrypted. */
export interface SessionDataOptions {
  /**
   * Encrypts the data of sessions in Redis, memory, journal and archive: keys of 32 bytes in base64, the newest
   * first, or a function that returns them. @defaultValue none: it lies open
   */
  readonly keys?: KeySource;
  /** What becomes of data that is not encrypted. @defaultValue 'read' */
  readonly plainData?: PlainData;
}

const SESSION_DATA_ROWS = {
  keys: option(keyRing, null, 'REDIS_SESSIONS_KEYS', 'REDIS_SESSIONS_KEYS_FILE'),
  plainData: option(plainData, 'read', 'REDIS_SESSIONS_PLAIN_DATA'),
} satisfies RowsOf<SessionDataOptions>;
const SESSION_DATA = new OptionSet(SESSION_DATA_ROWS, { path: 'sessions', ...shared });

const HOT_KEYS = new OptionSet(HOT_KEY_ROWS, { path: 'hotKeys', ...shared });
const NEAR = new OptionSet(NEAR_ROWS, { path: 'near', ...shared });

/** How Sentinel is reached, and which group it watches. */
export interface SentinelOptions {
  /** Name of the group, as in `sentinel monitor <name>`. @defaultValue 'mymaster' */
  readonly masterName?: string;
  /** The Sentinels: `host:port`, `[ipv6]:port`, or objects. Port defaults to 26379. Three or more, unless `resolveNames` is set. */
  readonly nodes: readonly (string | NodeAddress)[];
  /**
   * Whether each name in `nodes` stands for all Sentinels at its addresses, as the name of a headless
   * service does in Kubernetes. Then one name is enough. @defaultValue false
   */
  readonly resolveNames?: boolean;
  /** ACL user of the Sentinels themselves. */
  readonly username?: string;
  /** Password of the Sentinels themselves; that of the data nodes is `node.password`. */
  readonly password?: string;
  /** A file with it, instead of `password`. It is read at each connection. */
  readonly passwordFile?: string;
  /** Returns user and password, as `node.credentials` does for the data nodes. */
  readonly credentials?: CredentialsFunction;
  /** TLS of the Sentinels, apart from that of the data nodes. @defaultValue false */
  readonly tls?: boolean | TlsOptions | TlsFunction;
  /**
   * Where announced addresses are reached from here: `{ '172.30.0.2:6379': '127.0.0.1:6380' }` or a function.
   * Applies to data nodes and to Sentinels that were discovered.
   */
  readonly natMap?: NatMap;
  /**
   * Remembers Sentinels that others list, and asks them when no configured one has answered for 5 s.
   * @defaultValue true
   */
  readonly discover?: boolean;
  /** How often all Sentinels are asked, in ms, in addition to the messages they send. @defaultValue 1000 */
  readonly pollIntervalMs?: number;
  /** The same while the primary is away, in ms. @defaultValue 75 */
  readonly fastPollIntervalMs?: number;
  /** How long one Sentinel may take to answer, in ms. @defaultValue 500 */
  readonly commandTimeoutMs?: number;
  /** Whether to refuse to start with fewer than three Sentinels also when `standaloneAddress` is given. @defaultValue false */
  readonly strict?: boolean;
}

const SENTINEL_ROWS = {
  masterName: option(masterName, 'mymaster', 'REDIS_SENTINEL_MASTER_NAME', 'REDIS_MASTER_NAME'),
  nodes: option(sentinelNodes, [], 'REDIS_SENTINELS', 'REDIS_SENTINEL_HOSTS'),
  resolveNames: option(flag, false, 'REDIS_SENTINEL_RESOLVE_NAMES'),
  username: option(userName, null, 'REDIS_SENTINEL_USERNAME'),
  password: option(password, null, 'REDIS_SENTINEL_PASSWORD'),
  passwordFile: option(passwordFile, null, 'REDIS_SENTINEL_PASSWORD_FILE'),
  credentials: option(credentials, null),
  tls: option(tls, null, ...TLS_VARIABLES.map((suffix) => `REDIS_SENTINEL_${suffix}`)),
  natMap: option(natMap, keepAddress, 'REDIS_NAT_MAP'),
  discover: option(flag, true, 'REDIS_SENTINEL_DISCOVER'),
  pollIntervalMs: option(milliseconds, 1_000, 'REDIS_SENTINEL_POLL_INTERVAL_MS'),
  fastPollIntervalMs: option(milliseconds, 75, 'REDIS_SENTINEL_FAST_POLL_INTERVAL_MS'),
  commandTimeoutMs: option(milliseconds, 500, 'REDIS_SENTINEL_COMMAND_TIMEOUT_MS'),
  strict: option(flag, false, 'REDIS_SENTINEL_STRICT'),
} satisfies RowsOf<SentinelOptions>;
const SENTINEL = new OptionSet(SENTINEL_ROWS, {
  path: 'sentinel',
  ordered: [{ low: 'fastPollIntervalMs', high: 'pollIntervalMs', orEqual: true }],
  ...shared,
});

interface CommonOptions {
  readonly node?: NodeOptions;
  readonly routing?: RoutingOptions;
  readonly pools?: PoolOptions;
  readonly fallback?: FallbackOptions;
  readonly journal?: JournalOptions;
  readonly sessions?: SessionDataOptions;
  readonly hotKeys?: HotKeyOptions;
  readonly near?: NearOptions;
  /** How long a shutdown waits for calls that are under way, in ms. @defaultValue 2000 */
  readonly shutdownTimeoutMs?: number;
}

/** A Redis watched by Sentinels. */
export interface SentinelModeOptions extends CommonOptions {
  readonly mode: 'sentinel';
  readonly sentinel: SentinelOptions;
  /** The Redis that is used when there are too few Sentinels. @defaultValue none: too few are refused */
  readonly standaloneAddress?: NodeAddress;
}

/** One Redis. */
export interface StandaloneModeOptions extends CommonOptions {
  readonly mode: 'standalone';
  /** @defaultValue '127.0.0.1' */
  readonly host?: string;
  /** @defaultValue 6379 */
  readonly port?: number;
  /** A Unix socket, instead of host and port. */
  readonly path?: string;
  /** `redis://`, `rediss://` or `unix://` address; instead of host, port, path and credentials. */
  readonly url?: string;
}

/** No Redis: nothing is connected, commands fail at once with `REDIS_DISABLED`. For rollback and for laptops. */
export interface MemoryModeOptions extends CommonOptions {
  readonly mode: 'memory';
}

/** The options of a connection. */
export type RedisHaOptions = SentinelModeOptions | StandaloneModeOptions | MemoryModeOptions;

/** How Redis is used: one Redis, a group watched by Sentinels, or none. */
export type RedisMode = RedisHaOptions['mode'];
type OptionsOfAnyMode = Omit<StandaloneModeOptions, 'mode'> &
  Omit<SentinelModeOptions, 'mode'> & { readonly mode: RedisMode };

const TOP_ROWS = {
  mode: required(mode, 'REDIS_MODE', 'REDIS_SENTINEL_ENABLED'),
  host: option(host, '127.0.0.1', 'REDIS_HOST'),
  port: option(port, REDIS_PORT, 'REDIS_PORT'),
  path: option(socketPath, null, 'REDIS_SOCKET_PATH'),
  url: option(url, null, 'REDIS_URL', 'REDIS_URL_FILE'),
  standaloneAddress: option(address, null),
  shutdownTimeoutMs: option(milliseconds, 2_000, 'REDIS_SHUTDOWN_TIMEOUT_MS'),
  node: option(group(NODE), NODE.defaults),
  routing: option(group(ROUTING), ROUTING.defaults),
  pools: option(group(POOLS), POOLS.defaults),
  fallback: option(group(FALLBACK), FALLBACK.defaults),
  journal: option(group(JOURNAL), JOURNAL.defaults),
  sessions: option(group(SESSION_DATA), SESSION_DATA.defaults),
  hotKeys: option(group(HOT_KEYS), HOT_KEYS.defaults),
  near: option(group(NEAR), NEAR.defaults),
  sentinel: option(group(SENTINEL), SENTINEL.defaults),
} satisfies RowsOf<OptionsOfAnyMode>;

/** Every option of a connection, including those in groups. */
export const TOP = new OptionSet(TOP_ROWS, {
  path: '',
  example: "{ mode: 'standalone' }, or { mode: 'standalone', url: … } for an address",
  ...shared,
  foreign: { ...FOREIGN_NAMES, ...MISPLACED_NAMES },
});

const GROUPS = [NODE, ROUTING, POOLS, FALLBACK, JOURNAL, SESSION_DATA, HOT_KEYS, NEAR, SENTINEL];
const GROUP_NAMES = 'node routing pools fallback journal sessions hotKeys near sentinel'.split(' ');

/** The rows of all options with their paths, such as `node.db`, in the order of the documentation. */
export function everyRow(): readonly (readonly [string, AnyRow])[] {
  const top = TOP.paths.filter(([path]) => !GROUP_NAMES.includes(path));
  return [...top, ...GROUPS.flatMap((set) => set.paths)];
}

/** Every option of every mode, complete. */
export type Top = Resolved<typeof TOP_ROWS>;
type Common = Omit<
  Top,
  'mode' | 'host' | 'port' | 'path' | 'url' | 'standaloneAddress' | 'sentinel'
> & {
  /** Name of this connection; `default` unless several are registered. */
  readonly name: string;
};

/** Credentials and transport of one kind of node. */
export type ResolvedAccess = Pick<Top['node'], 'username' | 'password' | 'tls'> &
  Partial<Pick<Top['node'], 'passwordFile' | 'credentials'>>;

/** Sentinel mode, complete and frozen. */
export interface ResolvedSentinelOptions extends Common {
  readonly mode: 'sentinel';
  readonly sentinel: Omit<Top['sentinel'], 'natMap' | 'strict'> & {
    readonly mapAddress: Top['sentinel']['natMap'];
  };
}

/** One Redis, complete and frozen. */
interface ResolvedStandaloneOptions extends Common {
  readonly mode: 'standalone';
  readonly address: NodeAddress;
}

/** No Redis at all. */
interface ResolvedMemoryOptions extends Common {
  readonly mode: 'memory';
}

/** What the engine consumes: every default applied, nothing optional, frozen. */
export type ResolvedRedisOptions = ConnectedOptions | ResolvedMemoryOptions;

/** The same for a connection that has a Redis. */
export type ConnectedOptions = ResolvedSentinelOptions | ResolvedStandaloneOptions;

function emptyIsNone(rule: Rule<string>): Rule<string, string | null> {
  return converted(rule, (value) => (value === '' ? null : value));
}
