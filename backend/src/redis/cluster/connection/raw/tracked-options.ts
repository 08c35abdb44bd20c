import type { RedisOptions } from 'ioredis';
import { changingCredentials, type ResolvedAccess } from '../../../config/index.js';
import { isRoleRefusal, replyPrefix } from '../../../base/errors/index.js';
import { TrackedConnector, type TargetSource } from './tracked-connector.js';

/**
 * The options that make any ioredis client follow the primary. Spread them into a library's own options.
 * Only what is always there or left out: types of other libraries take neither `null` nor `undefined`.
 */
export interface TrackedOptions {
  Connector: NonNullable<RedisOptions['Connector']>;
  retryStrategy: (attempts: number) => number | null;
  /**
   * For the Redis transport of Nest microservices, which puts a strategy of its own in the place of
   * `retryStrategy`, and without attempts ends for good. ioredis knows neither of the two.
   */
  retryAttempts: number;
  retryDelay: number;
  reconnectOnError: (error: Error) => false | 2;
  enableReadyCheck: boolean;
  connectionName: string;
  keepAlive: number;
  db: number;
  tls?: NonNullable<RedisOptions['tls']>;
  username?: string;
  password?: string;
}

const RETRY_MS = 50;

/** Returns options for ioredis clients of other libraries, which then connect to the present primary. */
export function trackedOptions(
  source: TargetSource,
  settings: {
    readonly db: number;
    readonly connectTimeoutMs: number;
    readonly clientName: string;
    readonly keepAliveMs: number;
  },
): TrackedOptions {
  const { access } = source;
  class EngineConnector extends TrackedConnector {
    constructor(options: unknown) {
      super(source, settings.connectTimeoutMs, options as RedisOptions);
    }
  }
  return {
    Connector: EngineConnector,
    // `null` ends the client: at shutdown it must end even if its library does not close it.
    retryStrategy: () => (source.isClosed() ? null : RETRY_MS),
    retryAttempts: Number.MAX_SAFE_INTEGER,
    retryDelay: RETRY_MS,
    // 2: connect again and send this command again. It was refused, so it was not executed.
    reconnectOnError: (error) => (mayPass(error, source) ? 2 : false),
    enableReadyCheck: true,
    db: settings.db,
    connectionName: settings.clientName,
    keepAlive: settings.keepAliveMs,
    ...fixedLogin(access),
    // Our connector opens the sockets: the driver only has to know that there is TLS.
    ...(access.tls === null ? {} : { tls: typeof access.tls === 'function' ? {} : access.tls }),
  };
}

// A replica refuses writes, and will do so again: a client that only reads is told.
function mayPass(error: Error, { mayBeReplica }: TargetSource): boolean {
  return isRoleRefusal(error) && !(mayBeReplica === true && replyPrefix(error) === 'READONLY');
}

// Credentials that may change are asked for by the connector, and the driver sends none.
function fixedLogin(access: ResolvedAccess): Pick<TrackedOptions, 'username' | 'password'> {
  if (changingCredentials(access) !== null) return {};
  return {
    ...(access.username === null ? {} : { username: access.username }),
    ...(access.password === null ? {} : { password: access.password }),
  };
}
