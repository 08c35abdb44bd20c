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

const FOLDER = 'in which each process keeps a file of its own';

/** Options of earlier versions: what to write instead. */
export const RETIRED_NAMES: Readonly<Record<string, string>> = {
  file: `Name a folder in journal.dir, ${FOLDER}`,
};

/** Variables of earlier versions: what to set instead. */
export const RETIRED_VARIABLES: Readonly<Record<string, string>> = {
  REDIS_JOURNAL_FILE: `Set REDIS_JOURNAL_DIR to a folder, ${FOLDER}`,
};
