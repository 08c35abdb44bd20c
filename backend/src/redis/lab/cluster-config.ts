import type { NodeAddress } from '../base/address/index.js';

/** What is the same for every data node. */
export interface DataNodeConfig {
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Further lines of the file. */
  readonly redisConfig: readonly string[];
  readonly minReplicasToWrite?: number;
  readonly minReplicasMaxLag?: number;
}

/** What is the same for every Sentinel; user and password are those of the data nodes. */
export interface SentinelConfig {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly sentinelPassword: string | undefined;
  readonly quorum: number;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
  readonly parallelSyncs: number;
  /** Further lines of the file. */
  readonly sentinelConfig: readonly string[];
}

/** The configuration file of a data node. */
export function redisConfigFile(
  options: DataNodeConfig,
  port: number,
  primary?: NodeAddress,
): string {
  const { minReplicasToWrite = 0, minReplicasMaxLag = 10 } = options;
  return lines([
    'bind 127.0.0.1',
    `port ${String(port)}`,
    'save ""',
    'appendonly no',
    // So that replicas are linked when the test starts, and not five seconds later.
    'repl-diskless-sync yes',
    'repl-diskless-sync-delay 0',
    `min-replicas-to-write ${String(minReplicasToWrite)}`,
    `min-replicas-max-lag ${String(minReplicasMaxLag)}`,
    ...credentialLines(options),
    ...(primary === undefined ? [] : [`replicaof ${primary.host} ${String(primary.port)}`]),
    ...options.redisConfig,
  ]);
}

/** The configuration file of a Sentinel that watches these primaries, one for each group. */
export function sentinelConfigFile(
  options: SentinelConfig,
  port: number,
  primaries: ReadonlyMap<string, NodeAddress>,
): string {
  const groups = [...primaries].flatMap(([group, primary]) => groupLines(options, group, primary));
  return lines([
    'bind 127.0.0.1',
    `port ${String(port)}`,
    ...(options.sentinelPassword === undefined
      ? []
      : [`requirepass ${quoted(options.sentinelPassword)}`]),
    ...groups,
    ...options.sentinelConfig,
  ]);
}

function credentialLines(options: DataNodeConfig): string[] {
  const { username, password } = options;
  if (password === undefined) return [];
  if (username === undefined) {
    return [`requirepass ${quoted(password)}`, `masterauth ${quoted(password)}`];
  }
  return [
    'user default off',
    `user ${username} on ${quoted(`>${password}`)} ~* &* +@all`,
    `masteruser ${username}`,
    `masterauth ${quoted(password)}`,
  ];
}

function groupLines(options: SentinelConfig, group: string, primary: NodeAddress): string[] {
  const { username, password } = options;
  const address = `${primary.host} ${String(primary.port)}`;
  return [
    `sentinel monitor ${group} ${address} ${String(options.quorum)}`,
    `sentinel down-after-milliseconds ${group} ${String(options.downAfterMs)}`,
    `sentinel failover-timeout ${group} ${String(options.failoverTimeoutMs)}`,
    `sentinel parallel-syncs ${group} ${String(options.parallelSyncs)}`,
    ...(username === undefined ? [] : [`sentinel auth-user ${group} ${username}`]),
    ...(password === undefined ? [] : [`sentinel auth-pass ${group} ${quoted(password)}`]),
  ];
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
