import { AbstractConnector, type RedisOptions } from 'ioredis';
import { connect as connectTcp, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions as TlsOptions } from 'node:tls';
import { isHostName, isSocketPath, type NodeAddress } from '../../../base/address/index.js';
import {
  ConfigInvalidError,
  ConnectionLostError,
  safeMessage,
} from '../../../base/errors/index.js';
import { changingCredentials, type Login, type ResolvedAccess } from '../../../config/index.js';
import { lookUps } from './shared-look-ups.js';

type Endpoint =
  | { readonly path: string }
  | { readonly host: string; readonly port: number; readonly lookup?: LookupFunction };

/** Returns what a socket is opened to: a host and a port, or a path. */
export function endpointOf({ host, port }: NodeAddress): Endpoint {
  if (isSocketPath(host)) return { path: host };
  return isHostName(host) ? { host, port, lookup: lookUps.lookUp } : { host, port };
}

/** Returns as whom a connection that is opened now logs in; `null` where nobody is asked for. A promise where that may change. */
export function presentLogin(access: ResolvedAccess): Login | null | Promise<Login> {
  const { username, password } = access;
  const changing = changingCredentials(access);
  if (changing !== null) return changing.current(username);
  return password === null ? null : { username, password, askedAs: 0 };
}

/** Returns the TLS options of a connection that is opened now; `null` where there is no TLS. A promise where they may change. */
export function presentTls(
  { tls }: ResolvedAccess,
  host: string,
): TlsOptions | null | Promise<TlsOptions> {
  if (typeof tls === 'function') return tls().then((options) => withName(options, host));
  return tls === null ? null : withName(tls, host);
}

/** Returns why a function of the user gave nothing that can be used. Never shows what it gave. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof ConfigInvalidError)) return safeMessage(error);
  return error.problems
    .map(({ field, message, remedy }) => `${field} ${message}. ${remedy}`)
    .join('; ');
}

/**
 * Opens the socket of one driver client: with the TLS options that hold then, and without a look-up of a name beside another
 * one.
 */
export function socketConnector(
  access: ResolvedAccess,
  address: NodeAddress,
): NonNullable<RedisOptions['Connector']> {
  return class SocketConnector extends AbstractConnector {
    constructor() {
      super(1);
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      const options: TlsOptions | null = await presentTls(access, address.host);
      if (!this.#isWanted()) throw new ConnectionLostError('The connection is closed');
      const socket = openSocket(address, options);
      socket.once('error', (error: Error) => {
        this.firstError = error;
      });
      this.stream = socket;
      return socket;
    }

    // A method, because the compiler assumes that the field does not change during the await.
    #isWanted(): boolean {
      return this.connecting;
    }
  };
}

/** Opens a socket, with TLS where there are options for it. */
export function openSocket(address: NodeAddress, tls: TlsOptions | null): Socket {
  const endpoint = endpointOf(address);
  return tls === null ? connectTcp(endpoint) : connectTls({ ...tls, ...endpoint });
}

/** Returns TLS options that check the certificate against the host name of the address, unless they give another. */
export function withName(tls: TlsOptions, host: string): TlsOptions {
  const isFixed = tls.servername !== undefined || !isHostName(host);
  return isFixed ? { ...tls } : { ...tls, servername: host };
}

/** The same for options that may come from a function. */
export function namedTls(
  tls: NonNullable<ResolvedAccess['tls']>,
  host: string,
): NonNullable<ResolvedAccess['tls']> {
  if (typeof tls !== 'function') return withName(tls, host);
  const { servername = host } = tls;
  return Object.assign(async () => withName(await tls(), host), { servername });
}
