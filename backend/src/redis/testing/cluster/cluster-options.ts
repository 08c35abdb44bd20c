import { randomBytes } from 'node:crypto';
import { ConfigInvalidError, type Problem } from '../../base/errors/index.js';

/** Options of a test cluster and of a single test server. */
export interface RedisServerTestOptions {
  /**
   * Password of the data nodes; `null` for none. A cluster makes one, so that none of its nodes can copy the data of a
   * server that is not its own, and none of its data goes to one. @defaultValue a random one; none for a single server
   */
  readonly password?: string | null;
  /** ACL user that the password belongs to; the `default` user is then switched off. @defaultValue the `default` user */
  readonly username?: string;
  /** Further lines for the configuration of every data node, for example `maxmemory 10mb`. @defaultValue [] */
  readonly redisConfig?: readonly string[];
  /** The executable. @defaultValue 'redis-server', looked up in PATH */
  readonly redisServerPath?: string;
  /** How long the start may take until everything is ready, in ms. @defaultValue 20000 */
  readonly readyTimeoutMs?: number;
  /** Put a fault proxy in front of every node, and return the addresses of the proxies. @defaultValue false */
  readonly proxied?: boolean;
}

/** Options of a test cluster. Everything has a default. */
export interface RedisTestClusterOptions extends RedisServerTestOptions {
  /** Replicas of each primary. @defaultValue 2 */
  readonly replicas?: number;
  /** @defaultValue 3 */
  readonly sentinels?: number;
  /** Name of the only group; see `groups` for several. @defaultValue 'mymaster' */
  readonly masterName?: string;
  /** Several groups watched by the same Sentinels, each with its own primary and replicas. @defaultValue [masterName] */
  readonly groups?: readonly string[];
  /** Sentinel's `down-after-milliseconds`. Below 1100 Sentinel fails healthy primaries over. @defaultValue 1200 */
  readonly downAfterMs?: number;
  /** Sentinel's `failover-timeout`, in ms. @defaultValue 10000 */
  readonly failoverTimeoutMs?: number;
  /** Sentinel's `parallel-syncs`. @defaultValue 1 */
  readonly parallelSyncs?: number;
  /** Sentinels that must agree that a primary is down. @defaultValue 2, or 1 with a single Sentinel */
  readonly quorum?: number;
  /** `min-replicas-to-write`. @defaultValue 1 with two replicas or more, otherwise 0 */
  readonly minReplicasToWrite?: number;
  /** `min-replicas-max-lag`, in seconds. @defaultValue 2 */
  readonly minReplicasMaxLag?: number;
  /** Password of the Sentinels themselves. @defaultValue none */
  readonly sentinelPassword?: string;
  /** Further lines for the configuration of every Sentinel. @defaultValue [] */
  readonly sentinelConfig?: readonly string[];
}

/** The options of a single server, complete. */
export interface ResolvedServerTestOptions {
  readonly password: string | undefined;
  readonly username: string | undefined;
  readonly redisConfig: readonly string[];
  readonly redisServerPath: string;
  readonly readyTimeoutMs: number;
  readonly proxied: boolean;
}

/** The options of a cluster, complete. */
export interface ResolvedClusterTestOptions extends ResolvedServerTestOptions {
  readonly replicas: number;
  readonly sentinels: number;
  readonly groups: readonly [string, ...string[]];
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
  readonly parallelSyncs: number;
  readonly quorum: number;
  readonly minReplicasToWrite: number;
  readonly minReplicasMaxLag: number;
  readonly sentinelPassword: string | undefined;
  readonly sentinelConfig: readonly string[];
}

const SERVER_DEFAULTS = {
  redisConfig: [],
  redisServerPath: 'redis-server',
  readyTimeoutMs: 20_000,
  proxied: false,
} as const;

const CLUSTER_DEFAULTS = {
  replicas: 2,
  sentinels: 3,
  masterName: 'mymaster',
  downAfterMs: 1200,
  failoverTimeoutMs: 10_000,
  parallelSyncs: 1,
  minReplicasMaxLag: 2,
  sentinelConfig: [],
} as const;

/** Applies the defaults for a single server. @throws ConfigInvalidError listing every problem. */
export function resolveServerOptions(options: RedisServerTestOptions): ResolvedServerTestOptions {
  const resolved = withServerDefaults(options);
  refuseProblems(serverProblems(resolved));
  return resolved;
}

/** Applies the defaults for a cluster. @throws ConfigInvalidError listing every problem. */
export function resolveClusterOptions(
  options: RedisTestClusterOptions,
): ResolvedClusterTestOptions {
  const { masterName, ...filled } = { ...CLUSTER_DEFAULTS, ...options };
  const replicas = filled.replicas;
  const [first = masterName, ...others] = options.groups ?? [masterName];
  const resolved: ResolvedClusterTestOptions = {
    ...filled,
    ...withServerDefaults({ ...options, password: passwordOf(options) }),
    groups: [first, ...others],
    quorum: options.quorum ?? Math.min(2, filled.sentinels),
    // With one replica, its loss would stop the writes: a different test than most people want.
    minReplicasToWrite: options.minReplicasToWrite ?? (replicas >= 2 ? 1 : 0),
    sentinelPassword: options.sentinelPassword,
  };
  refuseProblems([...serverProblems(resolved), ...clusterProblems(resolved)]);
  return resolved;
}

function passwordOf({ password }: RedisTestClusterOptions): string | null {
  return password === undefined ? randomBytes(16).toString('base64url') : password;
}

function withServerDefaults(options: RedisServerTestOptions): ResolvedServerTestOptions {
  const { redisConfig, redisServerPath, readyTimeoutMs, proxied } = {
    ...SERVER_DEFAULTS,
    ...options,
  };
  const { username } = options;
  // Redis takes an empty one for none.
  const password = options.password === '' ? undefined : (options.password ?? undefined);
  return { password, username, redisConfig, redisServerPath, readyTimeoutMs, proxied };
}

function serverProblems(options: ResolvedServerTestOptions): Problem[] {
  const problems: Problem[] = [];
  if (options.username !== undefined && options.password === undefined) {
    problems.push({
      field: 'username',
      value: options.username,
      message: 'an ACL user without a password cannot log in',
      remedy: 'Set password too, and not to null.',
    });
  }
  return problems;
}

function clusterProblems(options: ResolvedClusterTestOptions): Problem[] {
  const { replicas, sentinels, quorum, groups } = options;
  return [
    ...outOfRange('replicas', replicas, [0, 20]),
    ...outOfRange('sentinels', sentinels, [1, 20]),
    ...outOfRange('quorum', quorum, [1, sentinels]),
    ...outOfRange('downAfterMs', options.downAfterMs, [1, 3_600_000]),
    ...outOfRange('failoverTimeoutMs', options.failoverTimeoutMs, [1, 3_600_000]),
    ...outOfRange('minReplicasToWrite', options.minReplicasToWrite, [0, replicas]),
    ...groups.flatMap((group, index) => groupProblems(group, index, groups)),
  ];
}

function groupProblems(group: string, index: number, groups: readonly string[]): Problem[] {
  const field = `groups[${String(index)}]`;
  // Sentinel accepts no other characters in the name of a group.
  if (!/^[A-Za-z0-9._-]+$/.test(group)) {
    const message = 'Sentinel cannot have a group of this name';
    return [{ field, value: group, message, remedy: 'Use letters, digits, ".", "-" and "_".' }];
  }
  if (groups.indexOf(group) === index) return [];
  return [{ field, value: group, message: 'the name is there twice', remedy: 'Remove one.' }];
}

function outOfRange(field: string, value: number, range: readonly [number, number]): Problem[] {
  const [lowest, highest] = range;
  if (Number.isInteger(value) && value >= lowest && value <= highest) return [];
  const remedy = `Use a whole number from ${String(lowest)} to ${String(highest)}.`;
  return [{ field, value, message: 'it is out of range', remedy }];
}

function refuseProblems(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new ConfigInvalidError(problems);
}
