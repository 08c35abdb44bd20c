import type { CommandRow } from './command-rows.js';
import { fullNameOf, rowNamed } from './command-lookup.js';
import { COMMAND_TABLE } from './command-table.js';
import { isAlwaysIdempotent, isIdempotentWith } from './idempotency.js';
import { streamOptions } from './stream-options.js';

/**
 * Where a command goes:
 * - `read`: any node the read policy allows
 * - `primary`: the primary
 * - `blocking`: the primary, on a lent connection, because it may wait in the server
 * - `refused`: it would change the state of a connection that others share
 */
export type CommandRoute = 'read' | 'primary' | 'blocking' | 'refused';

/** What the engine needs to know about a command. */
export interface CommandIntent {
  readonly name: string;
  readonly route: CommandRoute;
  /** Whether it may have an effect beyond its answer, so that running it twice could matter. */
  readonly changes: boolean;
  /** Whether repeating it is harmless; `depends` on the arguments for a few. */
  readonly idempotent: boolean | 'depends';
  /** Whether Redis says that it takes about the same short time with any data. */
  readonly isFast: boolean;
  /**
   * Whether its errors may be worded by somebody else than Redis: by a script, a function, or a module.
   * An error that begins with `BUSY` then need not mean that the server is busy.
   */
  readonly isOpaque: boolean;
  /** Whether only its caller says that it reads. */
  readonly isDeclared?: boolean;
}

/** The intent of `MULTI` … `EXEC` as a whole. */
export const TRANSACTION: CommandIntent = {
  name: 'multi',
  route: 'primary',
  changes: true,
  idempotent: false,
  isFast: false,
  isOpaque: false,
};

// Reads that only the primary can answer. A cursor is valid only on the node that returned it, so all
// steps go to one node. The last use of a key is what its primary knows, and TOUCH is for the primary.
const READS_OF_PRIMARY = new Set(
  (
    'scan hscan sscan zscan bf.scandump cf.scandump ft.cursor|read ' +
    'ft.cursor|gc ft.config|get touch object|freq object|idletime'
  ).split(' '),
);

// Commands without a read or write flag that have no effect beyond their answer. All others without a
// flag may have one: PUBLISH, EVAL, and above all SHUTDOWN, whose success looks like a lost connection.
const HARMLESS_COMMANDS = new Set(
  (
    'ping echo time info role lastsave command command|count command|docs command|getkeys ' +
    'command|getkeysandflags command|info command|list config|get client|getname client|id ' +
    'client|info client|list client|getredir client|trackinginfo memory|stats memory|doctor ' +
    'memory|malloc-stats slowlog|get slowlog|len latency|doctor latency|graph latency|histogram ' +
    'latency|history latency|latest pubsub|channels pubsub|numpat pubsub|numsub ' +
    'pubsub|shardchannels pubsub|shardnumsub acl|cat acl|dryrun acl|genpass acl|getuser acl|list ' +
    'acl|log acl|users acl|whoami script|exists function|dump function|list function|stats ' +
    'module|list cluster|info cluster|nodes cluster|shards cluster|myid lolwut'
  ).split(' '),
);

// These run what users wrote, or answer with the error they are given.
const OPAQUE_COMMANDS = new Set('eval evalsha eval_ro evalsha_ro fcall fcall_ro debug'.split(' '));

/** Commands that belong to one connection, and what to use instead. */
const CONNECTION_COMMANDS: Readonly<Record<string, string>> = {
  subscribe: 'Use redis.subscribe(channels, listener), which survives a failover',
  psubscribe: 'Use redis.psubscribe(patterns, listener), which survives a failover',
  ssubscribe: 'Use redis.ssubscribe(channels, listener), which survives a failover',
  unsubscribe: 'Call unsubscribe() on what redis.subscribe() returned',
  punsubscribe: 'Call unsubscribe() on what redis.psubscribe() returned',
  sunsubscribe: 'Call unsubscribe() on what redis.ssubscribe() returned',
  multi: 'Use redis.multi(), or redis.exclusive() together with WATCH',
  exec: 'Use redis.multi(), or redis.exclusive() together with WATCH',
  discard: 'Use redis.multi(), or redis.exclusive() together with WATCH',
  watch: 'Use redis.exclusive(), which holds a connection of its own',
  unwatch: 'Use redis.exclusive(), which holds a connection of its own',
  wait: 'Use redis.with({ replicas: 1 }) for one write, or redis.exclusive() for several',
  waitaof: 'Use redis.exclusive(): it counts the writes of its own connection only',
  monitor: 'Use redis.createClient(), which gives a connection of your own',
  select: 'Set node.db, or register a second connection',
  auth: 'Set node.username and node.password',
  hello: 'Set node.username and node.password',
  quit: 'Connections are closed when the application shuts down',
  reset: 'Connections are closed when the application shuts down',
  asking: 'Redis Cluster is not supported',
  readonly: 'Redis Cluster is not supported; replicas are read by policy',
  readwrite: 'Redis Cluster is not supported; replicas are read by policy',
  sync: 'Replication is not for applications',
  psync: 'Replication is not for applications',
  'himport|prepare': 'Use redis.createClient(): the fields are known to one connection only',
  'himport|set': 'Use redis.createClient(): the fields are known to one connection only',
  'himport|discard': 'Use redis.createClient(): the fields are known to one connection only',
  'himport|discardall': 'Use redis.createClient(): the fields are known to one connection only',
  'client|caching': 'Use redis.createClient(), which gives a connection of your own',
  'client|no-evict': 'Use redis.createClient(), which gives a connection of your own',
  'client|no-touch': 'Use redis.createClient(), which gives a connection of your own',
  'client|reply': 'Use redis.createClient(), which gives a connection of your own',
  'client|setinfo': 'Set node.clientName',
  'client|setname': 'Set node.clientName',
  'client|tracking': 'Use redis.createClient(), which gives a connection of your own',
  'script|debug': 'Use redis-cli --ldb',
};

// Commands whose route depends on their arguments. XREAD and XREADGROUP wait only with the option BLOCK.
const ROUTE_BY_ARGUMENTS = new Map<string, (words: readonly unknown[]) => CommandRoute>([
  ['xread', (words) => (blockOption(words) === null ? 'read' : 'blocking')],
  ['xreadgroup', (words) => (blockOption(words) === null ? 'primary' : 'blocking')],
  // The key may have any name, so the option is looked for behind it.
  ['ts.read', (words) => (words.slice(2).some(isBlock) ? 'blocking' : 'read')],
  ['ft.aggregate', (words) => (words.some(isWithCursor) ? 'primary' : 'read')],
]);

const isBlock = (word: unknown): boolean => /^block$/i.test(String(word));
const isWithCursor = (word: unknown): boolean => /^withcursor$/i.test(String(word));

const cache = new Map<string, CommandIntent>();

/** Returns what is known about a command. Subcommands count: `OBJECT ENCODING` reads, `XGROUP CREATE` writes. */
export function intentOf(name: string, args: readonly unknown[]): CommandIntent {
  return cache.get(name) ?? lookUp(name, args);
}

// What is in the cache holds for all arguments.
function lookUp(name: string, args: readonly unknown[]): CommandIntent {
  const lower = name.toLowerCase();
  const full = fullNameOf(lower, args);
  const intent = describe(full);
  const route = ROUTE_BY_ARGUMENTS.get(full)?.(args.flat());
  if (route !== undefined) return { ...intent, route };
  if (full === lower && cache.size < 1000) cache.set(name, intent);
  return intent;
}

/** Returns whether a command with these arguments may be repeated when its answer was lost. */
export function isRepeatable(intent: CommandIntent, args: readonly unknown[]): boolean {
  if (!intent.changes) return true;
  return intent.idempotent === 'depends' ? isIdempotentWith(intent.name, args) : intent.idempotent;
}

/** Returns what to use instead of a command with the route `refused`. */
export function insteadOf(intent: CommandIntent): string {
  return CONNECTION_COMMANDS[intent.name] ?? 'Use redis.createClient()';
}

// A command that is in no table is taken for a write that must not be repeated, which is the safe assumption.
function describe(name: string): CommandIntent {
  const row = rowNamed(name);
  const isOpaque = !COMMAND_TABLE.has(name) || OPAQUE_COMMANDS.has(name);
  const isFast = row?.isFast ?? false;
  if (Object.hasOwn(CONNECTION_COMMANDS, name))
    return { name, route: 'refused', changes: true, idempotent: false, isFast, isOpaque };
  const changes = row?.flag !== 'read' && !HARMLESS_COMMANDS.has(name);
  const idempotent = isAlwaysIdempotent(name);
  return { name, route: routeOf(name, row), changes, idempotent, isFast, isOpaque };
}

function routeOf(name: string, row: CommandRow | undefined): CommandRoute {
  if (row?.isBlocking === true) return 'blocking';
  return row?.flag === 'read' && !READS_OF_PRIMARY.has(name) ? 'read' : 'primary';
}

/** Returns what follows `BLOCK` in XREAD and XREADGROUP; `null` without it. */
export function blockOption(args: readonly unknown[]): unknown {
  return streamOptions(args.flat()).block;
}
