import type { RedisOptions } from 'ioredis';
import { isHostName, type NodeAddress } from '../../base/address/index.js';
import type { ResolvedAccess } from '../../config/index.js';

/** What is needed to open one socket. */
export interface WireOptions {
  /** Where to connect to, after address mapping. */
  readonly address: NodeAddress;
  readonly access: ResolvedAccess;
  readonly db: number;
  readonly keyPrefix: string;
  readonly clientName: string;
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
  /** Called when the server does not let the connection have its name. It is used all the same. */
  readonly onUnnamed?: (reason: string) => void;
}

/** Returns the options of a driver client that never reconnects, never queues and never repeats anything. */
export function driverOptions(options: WireOptions): Omit<RedisOptions, 'replyMapping'> {
  const { access, address } = options;
  return {
    host: address.host,
    port: address.port,
    // The wire sends AUTH, SELECT and CLIENT SETNAME itself: the driver ignores some refusals of them.
    db: 0,
    connectTimeout: options.connectTimeoutMs,
    keepAlive: options.keepAliveMs,
    // The driver need not wait: a wire destroys its socket itself.
    disconnectTimeout: 1,
    // The same reply shapes and pub/sub rules with ioredis 5 and 6.
    ...({ protocol: 2 } as object),
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    ...({ disableClientInfo: true } as object),
    ...(access.tls === null ? {} : { tls: tlsFor(access.tls, address.host) }),
  };
}

/** Returns TLS options that check the certificate against the host name of the address, unless they give another. */
export function tlsFor(tls: NonNullable<ResolvedAccess['tls']>, host: string): object {
  const isFixed = tls.servername !== undefined || !isHostName(host);
  return isFixed ? { ...tls } : { ...tls, servername: host };
}
