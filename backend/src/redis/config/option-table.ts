import {
  choice,
  flag,
  host,
  milliseconds,
  port,
  readList,
  readPairs,
  secret,
  structured,
  text,
  verbatim,
  wholeNumber,
  type OptionRule,
} from './option-rules.js';

/** One option: where it stands, which variables set it, and what it accepts. */
export interface OptionRow {
  /** Path in `RedisHaOptions`, such as `node.db`. */
  readonly path: string;
  /** Environment variables that set it, the usual one first. */
  readonly env: readonly string[];
  readonly rule: OptionRule;
}

/** Suffixes of the variables that describe one TLS transport; the first switches it on or off. */
export const TLS_VARIABLES = [
  'TLS',
  'TLS_CA_FILE',
  'TLS_CERT_FILE',
  'TLS_KEY_FILE',
  'TLS_SERVERNAME',
] as const;

const MAX_COUNT = 2_147_483_647;
const positive = wholeNumber(1, MAX_COUNT);
const bytes = wholeNumber(1, Number.MAX_SAFE_INTEGER, 'bytes');
const userName = text('text without white space', /^\S*$/);
const masterName = text('text without white space, and not empty', /^\S+$/);
// `CLIENT SETNAME` refuses anything else.
const clientName = text('printable ASCII without spaces, and not empty', /^[!-~]+$/);
const tls = structured("true, false or an object of Node's TLS options");
const READ_POLICIES = ['primary', 'replica-preferred', 'replica', 'nearest'];

/** Every option there is. Resolving, reading the environment and the documentation all follow it. */
export const OPTION_TABLE: readonly OptionRow[] = Object.freeze([
  row('mode', choice(['standalone', 'sentinel', 'memory']), 'REDIS_MODE', 'REDIS_SENTINEL_ENABLED'),
  row('host', host, 'REDIS_HOST'),
  row('port', port, 'REDIS_PORT'),
  row(
    'url',
    structured('a redis:// or rediss:// address', (raw) => raw.trim()),
    'REDIS_URL',
  ),
  row('fallbackAddress', structured('an object of host and port')),
  row('shutdownTimeoutMs', milliseconds, 'REDIS_SHUTDOWN_TIMEOUT_MS'),

  row('node.username', userName, 'REDIS_USERNAME'),
  row('node.password', secret, 'REDIS_PASSWORD'),
  row('node.tls', tls, ...TLS_VARIABLES.map((suffix) => `REDIS_${suffix}`)),
  row('node.db', wholeNumber(0, MAX_COUNT), 'REDIS_DB'),
  row('node.keyPrefix', verbatim, 'REDIS_KEY_PREFIX'),
  row('node.clientName', clientName, 'REDIS_CLIENT_NAME'),
  row('node.connectTimeoutMs', milliseconds, 'REDIS_NODE_CONNECT_TIMEOUT_MS'),
  row('node.heartbeatIntervalMs', milliseconds, 'REDIS_NODE_HEARTBEAT_INTERVAL_MS'),
  row('node.heartbeatTimeoutMs', milliseconds, 'REDIS_NODE_HEARTBEAT_TIMEOUT_MS'),
  row('node.stallAfterMs', milliseconds, 'REDIS_NODE_STALL_AFTER_MS'),
  row('node.keepAliveMs', milliseconds, 'REDIS_NODE_KEEP_ALIVE_MS'),

  row('routing.readPolicy', choice(READ_POLICIES), 'REDIS_ROUTING_READ_POLICY'),
  row('routing.maxStalenessMs', milliseconds, 'REDIS_ROUTING_MAX_STALENESS_MS'),
  row('routing.readTimeoutMs', milliseconds, 'REDIS_ROUTING_READ_TIMEOUT_MS'),
  row('routing.writeTimeoutMs', milliseconds, 'REDIS_ROUTING_WRITE_TIMEOUT_MS'),
  row('routing.maxQueuedCommands', positive, 'REDIS_ROUTING_MAX_QUEUED_COMMANDS'),
  row('routing.maxQueuedBytes', bytes, 'REDIS_ROUTING_MAX_QUEUED_BYTES'),
  row('routing.retryUncertain', flag, 'REDIS_ROUTING_RETRY_UNCERTAIN'),

  row('pools.writeSize', positive, 'REDIS_POOLS_WRITE_SIZE'),
  row('pools.readSize', positive, 'REDIS_POOLS_READ_SIZE'),

  row('fallback.timeoutMs', milliseconds, 'REDIS_FALLBACK_TIMEOUT_MS'),
  row('fallback.breakerFailures', positive, 'REDIS_FALLBACK_BREAKER_FAILURES'),
  row('fallback.breakerOpenMs', milliseconds, 'REDIS_FALLBACK_BREAKER_OPEN_MS'),
  row('fallback.stableMs', milliseconds, 'REDIS_FALLBACK_STABLE_MS'),
  row('fallback.maxEntries', positive, 'REDIS_FALLBACK_MAX_ENTRIES'),
  row('fallback.maxBytes', bytes, 'REDIS_FALLBACK_MAX_BYTES'),

  row('journal.maxEntries', positive, 'REDIS_JOURNAL_MAX_ENTRIES'),
  row('journal.maxBytes', bytes, 'REDIS_JOURNAL_MAX_BYTES'),
  row('journal.maxAgeMs', milliseconds, 'REDIS_JOURNAL_MAX_AGE_MS'),
  row('journal.replayPerSecond', positive, 'REDIS_JOURNAL_REPLAY_PER_SECOND'),
  row('journal.reapplyMs', milliseconds, 'REDIS_JOURNAL_REAPPLY_MS'),
  row('journal.file', text('a path, and not empty', /\S/), 'REDIS_JOURNAL_FILE'),
  row('journal.fsync', choice(['always', 'interval', 'never']), 'REDIS_JOURNAL_FSYNC'),

  row('sentinel.masterName', masterName, 'REDIS_SENTINEL_MASTER_NAME', 'REDIS_MASTER_NAME'),
  row(
    'sentinel.nodes',
    structured('a list of addresses', readList),
    'REDIS_SENTINELS',
    'REDIS_SENTINEL_HOSTS',
  ),
  row('sentinel.username', userName, 'REDIS_SENTINEL_USERNAME'),
  row('sentinel.password', secret, 'REDIS_SENTINEL_PASSWORD'),
  row('sentinel.tls', tls, ...TLS_VARIABLES.map((suffix) => `REDIS_SENTINEL_${suffix}`)),
  row(
    'sentinel.natMap',
    structured(
      "pairs such as '172.30.0.2:6379=127.0.0.1:6380', each announced address once",
      readPairs,
    ),
    'REDIS_NAT_MAP',
  ),
  row('sentinel.pollIntervalMs', milliseconds, 'REDIS_SENTINEL_POLL_INTERVAL_MS'),
  row('sentinel.fastPollIntervalMs', milliseconds, 'REDIS_SENTINEL_FAST_POLL_INTERVAL_MS'),
  row('sentinel.commandTimeoutMs', milliseconds, 'REDIS_SENTINEL_COMMAND_TIMEOUT_MS'),
  row('sentinel.strict', flag, 'REDIS_SENTINEL_STRICT'),
]);

/** Every environment variable that is read. */
export const ENV_VARIABLES: readonly string[] = Object.freeze(
  OPTION_TABLE.flatMap(({ env }) => env),
);

/** The row of one option. */
export function rowOf(path: string): OptionRow | undefined {
  return OPTION_TABLE.find((candidate) => candidate.path === path);
}

/** The rows of one group, such as `node`; those at the top for `''`. */
export function rowsOf(group: string): readonly OptionRow[] {
  return OPTION_TABLE.filter(({ path }) => groupOf(path) === group);
}

/** `node` for `node.db`, `''` for `host`. */
export function groupOf(path: string): string {
  return path.includes('.') ? path.slice(0, path.indexOf('.')) : '';
}

/** `db` for `node.db`, `host` for `host`. */
export function keyOf(path: string): string {
  return path.slice(path.indexOf('.') + 1);
}

function row(path: string, rule: OptionRule, ...env: readonly string[]): OptionRow {
  return Object.freeze({ path, env: Object.freeze(env), rule });
}
