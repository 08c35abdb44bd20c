/** A metric without its samples. */
export interface FamilyRow {
  /** Without the prefix. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Besides `connection` and the labels of the module. */
  readonly labels: readonly string[];
  readonly help: string;
  /** How the processes of a Node.js cluster are combined. @defaultValue 'sum' */
  readonly aggregator?: 'sum' | 'min' | 'max';
}

const COMMANDS: readonly FamilyRow[] = [
  counter('commands_total', ['kind', 'outcome'], 'Commands by how they ended.'),
  {
    name: 'command_duration_seconds',
    type: 'histogram',
    labels: ['kind'],
    help: 'How long callers waited for their commands, with waiting and with repetitions.',
  },
  counter('retries_total', ['reason'], 'Commands that were sent once more.'),
  counter('rejections_total', ['reply'], 'Commands that Redis rejected, by what it said.'),
  counter('deadline_misses_total', ['kind'], 'Commands not answered by their deadline.'),
  gauge('queue_commands', ['direction'], 'Commands that wait for a node.'),
  gauge('pending_commands', [], 'Commands made and not over.'),
  gauge('pool_connections', ['pool', 'state'], 'Connections by pool: idle and not to be had.'),
];

const TOPOLOGY: readonly FamilyRow[] = [
  gauge('info', ['mode', 'master_name'], 'How the connection is set up; always 1.', 'max'),
  gauge('read_available', [], '1 while reads can be sent to a node.', 'min'),
  gauge('write_available', [], '1 while there is a primary that accepts writes.', 'min'),
  gauge('node_up', ['node', 'role'], '1 while the node is connected and answers.', 'min'),
  gauge(
    'replication_lag_seconds',
    ['node'],
    'How far a replica was behind when last asked; absent while not known.',
    'max',
  ),
  gauge('sentinels', ['state'], 'Sentinels by whether they answer.', 'max'),
  gauge('sentinel_quorum', [], 'How many Sentinels must agree, as they say.', 'max'),
  gauge('config_epoch', [], 'Config-epoch of the primary; grows with every failover.', 'max'),
  counter('primary_resets_total', [], 'Restarts of the primary noticed by its new run id.'),
  counter('failovers_total', ['reason'], 'Failovers that this process has seen.'),
  {
    name: 'failover_duration_seconds',
    type: 'histogram',
    labels: ['reason'],
    help: 'From the first doubt about the old primary until the new one took writes.',
  },
  gauge('last_failover_timestamp_seconds', [], 'When the primary last moved.', 'max'),
  gauge(
    'certificate_expiry_timestamp_seconds',
    ['node'],
    'Until when the certificate of a node or Sentinel is good, as a new connection sees it.',
    'min',
  ),
  gauge(
    'clock_offset_seconds',
    [],
    "How far this host's calendar is ahead of the primary's; absent while not known.",
    'max',
  ),
];

const FALLBACK: readonly FamilyRow[] = [
  gauge('mode', ['mode'], '1 for the mode that the service is in.'),
  counter('mode_changes_total', ['to'], 'Changes of the mode.'),
  gauge(
    'breaker_open',
    ['direction'],
    '1 while keyspaces do not ask Redis: breaker not closed.',
    'max',
  ),
  counter(
    'keyspace_operations_total',
    ['direction', 'outcome'],
    'What keyspaces wanted of Redis, by outcome.',
  ),
  gauge('journal_entries', [], 'Writes that wait for Redis.'),
  gauge('journal_bytes', [], 'Size of the writes that wait for Redis.'),
  gauge('journal_max_bytes', [], 'Room for writes that wait.'),
  gauge(
    'journal_oldest_age_seconds',
    [],
    'How long the oldest of them has waited; absent while there are none.',
    'max',
  ),
  counter('journal_applied_total', [], 'Writes replayed to Redis.'),
  counter('journal_superseded_total', [], 'Writes not replayed: Redis had something newer.'),
  counter('journal_dropped_total', [], 'Writes lost for lack of room.'),
  counter('journal_expired_total', [], 'Writes lost because they were too old.'),
  counter(
    'journal_rejected_total',
    [],
    'Writes lost because Redis refuses them for what they are.',
  ),
  counter('journal_refused_total', [], 'Writes not taken for lack of room.'),
  gauge(
    'journal_file_available',
    [],
    '1 while the disk takes what is journaled; absent where there is no journal.dir.',
    'min',
  ),
  gauge('journal_file_queued_bytes', [], 'Size of what waits in memory for the disk.'),
  counter('journal_file_failures_total', [], 'Times that the disk began to take nothing.'),
  gauge('memory_entries', [], 'Entries kept in memory.'),
  gauge('memory_bytes', [], 'Size of the entries kept in memory.'),
  gauge('memory_max_bytes', [], 'Room for entries in memory.'),
  counter('memory_evictions_total', [], 'Entries that left memory for lack of room.'),
  counter('memory_session_evictions_total', [], 'Of these: sessions.'),
  counter('notices_refused_total', [], 'Changes of which Redis told no other process.'),
];

const CACHE: readonly FamilyRow[] = [
  counter('cache_requests_total', ['namespace', 'result'], 'Reads of caches and sessions.'),
  gauge(
    'cache_hit_ratio',
    ['namespace', 'window'],
    'Share of the reads of the last minutes that were answered; absent where there were none.',
    'min',
  ),
  counter('cache_near_hits_total', [], 'Hits answered from memory without asking Redis.'),
  counter('cache_negative_hits_total', [], 'Hits that know that there is no value.'),
  counter('cache_loads_total', [], 'Calls of loaders.'),
  counter('cache_load_failures_total', [], 'Calls of loaders that failed or did not end in time.'),
  counter('cache_joined_total', [], 'Calls that waited for the load of another one.'),
  counter('cache_sets_total', [], 'Values set.'),
  counter('cache_deletes_total', [], 'Keys and tags deleted.'),
  counter('cache_errors_total', [], 'Entries not readable, and calls that Redis refused.'),
  counter('warm_up_keys_total', ['outcome'], 'Keys of warm-ups that this process led, by outcome.'),
  gauge('warm_ups_running', [], 'Warm-ups that this process leads now.'),
];

const HOT_KEYS: readonly FamilyRow[] = [
  gauge('hot_keys', ['direction'], 'Keys that this process accesses very often.'),
  counter('hot_key_spared_reads_total', [], 'Reads not sent to Redis because their key was hot.'),
  counter('near_key_reads_total', ['result'], 'Reads of redis.near, from a copy or from Redis.'),
  gauge('near_keys', [], 'Copies of plain keys that are held.'),
  gauge('near_key_bytes', [], 'Bytes that copies of plain keys take.'),
  gauge('near_hearing', [], '1 unless Redis should tell of changed keys and does not.'),
];

const SESSIONS: readonly FamilyRow[] = [
  counter('sessions_total', ['event'], 'Sessions by what happened to them.'),
];

/** All metrics, in the order of `docs/metrics.md`. */
export const FAMILY_TABLE: readonly FamilyRow[] = [
  ...COMMANDS,
  ...TOPOLOGY,
  ...FALLBACK,
  ...CACHE,
  ...HOT_KEYS,
  ...SESSIONS,
];

function counter(name: string, labels: readonly string[], help: string): FamilyRow {
  return { name, type: 'counter', labels, help };
}

function gauge(
  name: string,
  labels: readonly string[],
  help: string,
  aggregator: 'sum' | 'min' | 'max' = 'sum',
): FamilyRow {
  return { name, type: 'gauge', labels, help, aggregator };
}
