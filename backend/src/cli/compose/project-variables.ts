import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Environment } from '../frame/index.js';
import { otherWays } from '../reach/index.js';
import type { Container } from './containers.js';

const REDIS_PORT = 6379;
const SENTINEL_PORT = 26379;
const SECRETS = '/run/secrets/redis';

/** Who somebody is to its servers: `app` may what an application needs, and `operator` everything. */
export type ComposeUser = 'app' | 'operator';

/** How many servers of each kind there are. */
export interface ServerCount {
  readonly nodes: number;
  readonly sentinels: number;
}

/** Whether a Sentinel runs in it, as far as its ports tell. */
export function isSentinel({ ports }: Container): boolean {
  return ports.has(SENTINEL_PORT);
}

/** How many data nodes and Sentinels run in these containers. */
export function countServers(containers: readonly Container[]): ServerCount {
  return {
    nodes: containers.filter(({ ports }) => ports.has(REDIS_PORT)).length,
    sentinels: containers.filter(isSentinel).length,
  };
}

/** The variables of somebody on this machine who uses it, as far as its containers tell them; none where no Sentinel runs. */
export function variablesOf(
  containers: readonly Container[],
  user: ComposeUser = 'app',
): Record<string, string> {
  const sentinels = containers.flatMap(({ ports }) => ports.get(SENTINEL_PORT) ?? []);
  const mapped = containers.flatMap(({ announced, ports }) =>
    [REDIS_PORT, SENTINEL_PORT].flatMap((port) => {
      const here = ports.get(port);
      return here === undefined ? [] : [`${announced}:${String(port)}=${here}`];
    }),
  );
  if (sentinels.length === 0) return {};
  const groups = containers.map(({ env }) => env.get('REDIS_SENTINEL_MASTER_NAME'));
  return {
    REDIS_SENTINEL_ENABLED: 'true',
    REDIS_SENTINEL_MASTER_NAME: groups.find((name) => name !== undefined) ?? 'mymaster',
    REDIS_SENTINELS: sentinels.join(','),
    REDIS_NAT_MAP: mapped.join(','),
    ...credentialsOf(containers, user),
  };
}

// As deploy/redis/make-secrets.sh lays them out: a folder for each service, and one for each of these two.
function credentialsOf(
  containers: readonly Container[],
  user: ComposeUser,
): Record<string, string> {
  const sources = containers.flatMap(({ mounts }) => mounts.get(SECRETS) ?? []);
  const folder = sources.map((source) => join(dirname(source), user)).find(existsSync);
  if (folder === undefined) return {};
  const isTls = containers.some(({ env }) => env.get('REDIS_TLS') === 'true');
  return {
    REDIS_USERNAME: user,
    REDIS_PASSWORD_FILE: join(folder, 'redis-password'),
    REDIS_SENTINEL_USERNAME: user,
    REDIS_SENTINEL_PASSWORD_FILE: join(folder, 'sentinel-password'),
    ...(isTls ? { ...tlsFiles('REDIS', folder), ...tlsFiles('REDIS_SENTINEL', folder) } : {}),
  };
}

function tlsFiles(prefix: string, folder: string): Record<string, string> {
  const files = [
    ['CA', 'ca.crt'],
    ['CERT', 'client.crt'],
    ['KEY', 'client.key'],
  ] as const;
  const found = files
    .map(([what, name]): [string, string] => [`${prefix}_TLS_${what}_FILE`, join(folder, name)])
    .filter(([, path]) => existsSync(path));
  return { [`${prefix}_TLS`]: 'true', ...Object.fromEntries(found) };
}

/**
 * The environment with which this program reaches it, as its operator: to look whether it is whole, or to move the primary,
 * an application may too little. What the containers say wins over what the environment says of another Redis; who one is
 * there is taken from the environment only where they do not say it. `null` where no Sentinel runs.
 */
export function operatorEnvironment(
  containers: readonly Container[],
  env: Environment,
): Environment | null {
  const variables = variablesOf(containers, 'operator');
  if (Object.keys(variables).length === 0) return null;
  const saysWho = 'REDIS_USERNAME' in variables;
  const misleading = new Set(
    otherWays(variables).filter((name) => saysWho || !/_(USERNAME|PASSWORD|TLS)(_|$)/.test(name)),
  );
  const kept = Object.entries(env).filter(([name]) => !misleading.has(name));
  return { ...Object.fromEntries(kept), ...variables };
}
