const DEADLINES = 'set routing.readTimeoutMs and routing.writeTimeoutMs';

/** What users of ioredis write: the path of the option that does it here, or what to do instead. */
export const FOREIGN_NAMES: Readonly<Record<string, string>> = {
  sentinels: 'sentinel.nodes',
  name: 'sentinel.masterName',
  sentinelUsername: 'sentinel.username',
  sentinelPassword: 'sentinel.password',
  sentinelTLS: 'sentinel.tls',
  role: 'routing.readPolicy',
  connectionName: 'node.clientName',
  connectTimeout: 'node.connectTimeoutMs',
  keepAlive: 'node.keepAliveMs',
  commandTimeout: `Reads and writes have deadlines of their own: ${DEADLINES}`,
  retryStrategy: `Lost connections are always reopened; for how long a command waits, ${DEADLINES}`,
  maxRetriesPerRequest: `A command is bounded by its deadline, not by a count: ${DEADLINES}`,
  enableOfflineQueue: `A command waits for a node until its deadline: ${DEADLINES}`,
};

const secondArgument = (example: string): string =>
  `It belongs in the second argument: RedisModule.forRoot(options, ${example}), or beside useFactory`;

/** What is written among the options of Redis and belongs beside them, or comes from another module for Nest. */
export const MISPLACED_NAMES: Readonly<Record<string, string>> = {
  name:
    'Did you mean sentinel.masterName? The name of a connection belongs in the second argument: ' +
    "RedisModule.forRoot(options, { name: 'sessions' }), or beside useFactory",
  isGlobal: secondArgument('{ isGlobal: false }'),
  cache: secondArgument('{ cache: … }'),
  overEnvironment: secondArgument('{ overEnvironment: true }'),
  type: 'mode',
  config: "Give what is in it without it: { mode: 'standalone', host: … }",
};

const FOLDER = 'in which each process keeps a file of its own';

/** Options of earlier versions: what to write instead. */
export const RETIRED_NAMES: Readonly<Record<string, string>> = {
  file: `Name a folder in journal.dir, ${FOLDER}`,
};

/** Variables of earlier versions: what to set instead. */
export const RETIRED_VARIABLES: Readonly<Record<string, string>> = {
  REDIS_JOURNAL_FILE: `Set REDIS_JOURNAL_DIR to a folder, ${FOLDER}`,
};
