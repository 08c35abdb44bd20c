import { randomBytes } from 'node:crypto';
import {
  converted,
  Findings,
  flag,
  milliseconds,
  option,
  OptionSet,
  orNull,
  rule,
  secret,
  text,
  wholeNumber,
  type RowsOf,
} from '../../base/options/index.js';

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

const MAX_REPLICAS = 20;
const MAX_SENTINELS = 20;
const HOUR_MS = 3_600_000;
const configLines = rule<readonly string[]>('a list of lines', isListOf(isText));
// Sentinel accepts no other characters in the name of a group.
const GROUP_NAME = /^[A-Za-z0-9._-]+$/;
const GROUP_LETTERS = 'letters, digits, ".", "-" and "_"';

const SERVER_ROWS = {
  password: option({ ...orNull(secret, 'for none'), shows: 'nothing' }, null),
  username: option(text('text without white space, and not empty', /^\S+$/), null),
  redisConfig: option(configLines, []),
  redisServerPath: option(text('a path or a name', /\S/), 'redis-server'),
  readyTimeoutMs: option(milliseconds, 20_000),
  proxied: option(flag, false),
} satisfies RowsOf<RedisServerTestOptions>;

const CLUSTER_ROWS = {
  ...SERVER_ROWS,
  replicas: option(wholeNumber(0, MAX_REPLICAS), 2),
  sentinels: option(wholeNumber(1, MAX_SENTINELS), 3),
  masterName: option(text(GROUP_LETTERS, GROUP_NAME), 'mymaster'),
  groups: option(
    converted(rule<readonly string[]>('a list of names', isListOf(isText)), namesOf),
    null,
  ),
  downAfterMs: option(wholeNumber(1, HOUR_MS, 'milliseconds'), 1200),
  failoverTimeoutMs: option(wholeNumber(1, HOUR_MS, 'milliseconds'), 10_000),
  parallelSyncs: option(wholeNumber(1, MAX_REPLICAS), 1),
  quorum: option(wholeNumber(1, MAX_SENTINELS), null),
  minReplicasToWrite: option(wholeNumber(0, MAX_REPLICAS), null),
  minReplicasMaxLag: option(wholeNumber(0, HOUR_MS / 1000, 'seconds'), 2),
  sentinelPassword: option(secret, null),
  sentinelConfig: option(configLines, []),
} satisfies RowsOf<RedisTestClusterOptions>;

const SERVER = new OptionSet(SERVER_ROWS, { path: '', example: "{ password: 'secret' }" });
const CLUSTER = new OptionSet(CLUSTER_ROWS, {
  path: '',
  example: '{ replicas: 2, sentinels: 3 }',
  ordered: [
    { low: 'quorum', high: 'sentinels', orEqual: true },
    { low: 'minReplicasToWrite', high: 'replicas', orEqual: true },
  ],
});

/** Applies the defaults for a single server. @throws ConfigInvalidError listing every problem. */
export function resolveServerOptions(options: RedisServerTestOptions): ResolvedServerTestOptions {
  const findings = new Findings();
  const given = SERVER.read(options, findings);
  const credentials = credentialsOf(given, findings);
  findings.throwProblems();
  return { ...given, ...credentials };
}

/** Applies the defaults for a cluster. @throws ConfigInvalidError listing every problem. */
export function resolveClusterOptions(
  options: RedisTestClusterOptions,
): ResolvedClusterTestOptions {
  const findings = new Findings();
  const ownPassword = randomBytes(16).toString('base64url');
  const base = { ...CLUSTER.defaults, password: ownPassword };
  const { masterName, ...given } = CLUSTER.read(options, findings, base);
  const credentials = credentialsOf(given, findings);
  findings.throwProblems();
  const [first = masterName, ...others] = given.groups ?? [];
  return {
    ...given,
    ...credentials,
    groups: [first, ...others],
    quorum: given.quorum ?? Math.min(2, given.sentinels),
    // With one replica, its loss would stop the writes: a different test than most people want.
    minReplicasToWrite: given.minReplicasToWrite ?? (given.replicas >= 2 ? 1 : 0),
    sentinelPassword: given.sentinelPassword ?? undefined,
  };
}

interface Credentials {
  readonly username: string | undefined;
  readonly password: string | undefined;
}

function credentialsOf(
  given: { readonly username: string | null; readonly password: string | null },
  findings: Findings,
): Credentials {
  const username = given.username ?? undefined;
  // Redis takes an empty one for none.
  const password = given.password === null || given.password === '' ? undefined : given.password;
  if (username !== undefined && password === undefined) {
    findings.refuse(
      'username',
      username,
      'an ACL user without a password cannot log in',
      'Set password too, and not to null',
    );
  }
  return { username, password };
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isListOf(isItem: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.every(isItem);
}

function namesOf(names: readonly string[], path: string, findings: Findings): readonly string[] {
  for (const [index, name] of names.entries()) {
    const field = `${path}[${String(index)}]`;
    if (!GROUP_NAME.test(name)) {
      findings.refuse(
        field,
        name,
        'Sentinel cannot have a group of this name',
        `Use ${GROUP_LETTERS}`,
      );
    } else if (names.indexOf(name) !== index) {
      findings.refuse(field, name, 'the name is there twice', 'Remove one');
    }
  }
  return names;
}
