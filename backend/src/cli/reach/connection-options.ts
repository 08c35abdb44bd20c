import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { resolveFromEnv, type ResolvedRedisOptions } from '../../redis/config/index.js';
import { safeMessage, type Problem } from '../../redis/base/errors/index.js';
import type { Screen } from '../screen/index.js';
import { CliError, type Environment, type OptionSpecs, type OptionValues } from '../frame/index.js';
import { isClusterHere, lineForShell } from './local-folder.js';

/** How a command is told where Redis is. What is not typed is read from the environment. */
export const CONNECTION_OPTIONS = {
  'env-file': {
    kind: 'text',
    value: 'file',
    isPath: true,
    about: 'a file with variables of the application; those of the environment win',
  },
  sentinels: {
    kind: 'text',
    value: 'h:p,h:p,h:p',
    about: 'the Sentinels (else REDIS_SENTINELS, REDIS_SENTINEL_HOSTS)',
  },
  node: { kind: 'text', value: 'host:port', about: 'one Redis without Sentinels' },
  'master-name': { kind: 'text', value: 'name', about: 'name of the group (else mymaster)' },
  map: {
    kind: 'text',
    value: 'announced=host:p',
    isMany: true,
    about: 'where an announced address is reached from here (else REDIS_NAT_MAP)',
  },
  user: { kind: 'text', value: 'name', about: 'user of the nodes (else REDIS_USERNAME)' },
  'password-file': {
    kind: 'text',
    value: 'file',
    isPath: true,
    about: 'password of the nodes (else REDIS_PASSWORD, REDIS_PASSWORD_FILE)',
  },
  'sentinel-user': {
    kind: 'text',
    value: 'name',
    about: 'user of the Sentinels (else REDIS_SENTINEL_USERNAME)',
  },
  'sentinel-password-file': {
    kind: 'text',
    value: 'file',
    isPath: true,
    about: 'password of the Sentinels (else REDIS_SENTINEL_PASSWORD, REDIS_SENTINEL_PASSWORD_FILE)',
  },
  'tls-ca': {
    kind: 'text',
    value: 'file',
    isPath: true,
    about: 'speak TLS, and trust this authority (else REDIS_TLS, REDIS_TLS_CA_FILE)',
  },
} as const satisfies OptionSpecs;

/** What was typed of {@link CONNECTION_OPTIONS}. */
export type ConnectionValues = OptionValues<typeof CONNECTION_OPTIONS>;

/** The options of a connection that has a Redis. */
export type ReachOptions = Exclude<ResolvedRedisOptions, { mode: 'memory' }>;

const NOTHING_TYPED: ConnectionValues = {
  ...{ 'env-file': null, sentinels: null, node: null, 'master-name': null, map: [] },
  ...{ user: null, 'password-file': null, 'sentinel-user': null, 'sentinel-password-file': null },
  'tls-ca': null,
};

const WAYS = 'give --sentinels h:p,h:p,h:p, --node host:port or --env-file, or set REDIS_SENTINELS';

/** Tells whether somebody said where Redis is: by an option, or the environment. */
export function isConnectionSaid(typed: ConnectionValues, environment: Environment): boolean {
  return isSaid(variablesOf(typed, environment));
}

/** Where variables come from, and where what is doubtful about them is told; by default nowhere. */
interface Surroundings {
  readonly env: Environment;
  readonly told?: Screen;
}

/**
 * Returns how Redis is reached, as the application would reach it with the same variables. What the application would
 * warn of is told: it may be one Redis that is meant to be a cluster.
 *
 * @throws {@link CliError} `misused` where nobody said where Redis is, or what was said cannot be.
 */
export function connectionFrom(
  typed: ConnectionValues,
  { env: environment, told }: Surroundings,
): ReachOptions {
  const env = variablesOf(typed, environment);
  if (!isSaid(env)) {
    throw CliError.misused(
      'Nobody said where Redis is',
      isClusterHere()
        ? `For the cluster of cluster up in this folder type ${lineForShell()}, for another one ${WAYS}`
        : `G${WAYS.slice(1)}`,
    );
  }
  const { options, warnings } = resolveFromEnv(env);
  for (const { field, message, remedy } of warnings) {
    told?.line(`${told.styles.doubtful('attention')} ${field} ${message}. ${remedy}`);
  }
  if (options.mode !== 'memory') return options;
  throw CliError.misused(
    'The environment says that there is no Redis: REDIS_MODE is memory',
    'Give --sentinels or --node',
  );
}

/** Returns how Redis is reached by these variables and nothing else, as {@link connectionFrom} does. */
export function connectionIn(env: Environment): ReachOptions {
  return connectionFrom(NOTHING_TYPED, { env });
}

/** Returns what the application would find doubtful in the same variables. */
export function doubtsAbout(typed: ConnectionValues, environment: Environment): readonly Problem[] {
  return resolveFromEnv(variablesOf(typed, environment)).warnings;
}

function variablesOf(typed: ConnectionValues, environment: Environment): Environment {
  const file = typed['env-file'];
  return {
    ...(file === null ? {} : readEnvFile(file)),
    ...environment,
    ...asVariables(typed),
  };
}

function isSaid(env: Environment): boolean {
  const said = ['REDIS_SENTINELS', 'REDIS_SENTINEL_HOSTS', 'REDIS_HOST', 'REDIS_URL', 'REDIS_MODE'];
  return said.some((name) => (env[name] ?? '') !== '');
}

// The variables of the application are the one way in: its rules, defaults and messages hold here, too.
function asVariables(typed: ConnectionValues): Record<string, string> {
  const { sentinels, node } = typed;
  if (sentinels !== null && node !== null) {
    throw CliError.misused('--sentinels and --node are both given', 'Give one of them');
  }
  const variables: Record<string, string | null> = {
    REDIS_SENTINEL_MASTER_NAME: typed['master-name'],
    REDIS_NAT_MAP: typed.map.length === 0 ? null : typed.map.join(','),
    REDIS_USERNAME: typed.user,
    REDIS_PASSWORD_FILE: typed['password-file'],
    REDIS_SENTINEL_USERNAME: typed['sentinel-user'],
    REDIS_SENTINEL_PASSWORD_FILE: typed['sentinel-password-file'],
    REDIS_TLS_CA_FILE: typed['tls-ca'],
    REDIS_SENTINEL_TLS_CA_FILE: typed['tls-ca'],
    ...wayTo(sentinels, node),
    // A file that is typed wins over a password of the environment, which would else be a contradiction.
    ...(typed['password-file'] === null ? {} : { REDIS_PASSWORD: '' }),
    ...(typed['sentinel-password-file'] === null ? {} : { REDIS_SENTINEL_PASSWORD: '' }),
  };
  const given = Object.entries(variables).filter(([, value]) => value !== null);
  return Object.fromEntries(given) as Record<string, string>;
}

function wayTo(sentinels: string | null, node: string | null): Record<string, string> {
  if (sentinels !== null) {
    return { REDIS_SENTINELS: sentinels, REDIS_SENTINEL_HOSTS: '', REDIS_MODE: 'sentinel' };
  }
  if (node === null) return {};
  const at = node.lastIndexOf(':');
  if (at === 0) throw CliError.misused(`--node ${node} has no host`, 'Write host:port');
  return {
    REDIS_MODE: 'standalone',
    REDIS_URL: '',
    REDIS_HOST: at === -1 ? node : node.slice(0, at),
    REDIS_PORT: at === -1 ? '' : node.slice(at + 1),
  };
}

function readEnvFile(path: string): Environment {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    throw CliError.misused(
      `--env-file ${path} cannot be read (${safeMessage(error)})`,
      'Name a file',
    );
  }
}
