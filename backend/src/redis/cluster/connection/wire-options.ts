import type { RedisOptions } from 'ioredis';
import type { NodeAddress } from '../../base/address/index.js';
import type { ResolvedAccess } from '../../config/index.js';
import { endpointOf, tlsConnector, withName } from './handshake/present-access.js';

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

// With a connector of ours the driver only has to know that there is TLS.
function transportOf(access: ResolvedAccess, address: NodeAddress): RedisOptions {
  const { tls } = access;
  if (tls === null) return {};
  if (typeof tls === 'function') return { tls: {}, Connector: tlsConnector(access, address) };
  return { tls: withName(tls, address.host) };
}
