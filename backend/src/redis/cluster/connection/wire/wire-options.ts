import type { RedisOptions } from 'ioredis';
import { isHostName, type NodeAddress } from '../../../base/address/index.js';
import type { ResolvedAccess } from '../../../config/index.js';
import { endpointOf, socketConnector, withName } from '../handshake/present-access.js';

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
    ...endpointOf(address),
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
    ...transportOf(access, address),
  };
}

// With a connector of ours the driver only has to know that there is TLS. Its own one cannot share look-ups of a name.
function transportOf(access: ResolvedAccess, address: NodeAddress): RedisOptions {
  const { tls } = access;
  const isOwn = typeof tls === 'function' || isHostName(address.host);
  if (isOwn) {
    return { ...(tls === null ? {} : { tls: {} }), Connector: socketConnector(access, address) };
  }
  return tls === null ? {} : { tls: withName(tls, address.host) };
}
