import { connect as connectTcp, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import type { NodeAddress } from '../../base/address/index.js';
import type { ResolvedAccess } from '../../config/index.js';
import { isRoleRefusal } from '../../base/errors/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import { tlsFor } from './wire.js';

/** Says which node the clients of other libraries should be connected to. */
export interface TargetSource {
  /** Resolves with the node to connect to. Waits while there is none. Resolves with `null` at shutdown. */
  next(): Promise<NodeAddress | null>;
  /** Returns whether this is still the node to be connected to. */
  isCurrent(address: NodeAddress): boolean;
  /** Calls the listener when connections to other nodes must be closed. */
  onMove(listener: () => void): Stop;
  /** Returns whether the engine is shutting down. */
  isClosed(): boolean;
  readonly clock: Clock;
  readonly access: ResolvedAccess;
}

/** The options that make any ioredis client follow the primary. Spread them into a library's own options. */
export type TrackedOptions = Pick<
  RedisOptions,
  | 'Connector'
  | 'retryStrategy'
  | 'reconnectOnError'
  | 'enableReadyCheck'
  | 'connectionName'
  | 'keepAlive'
  | 'tls'
  | 'username'
  | 'password'
  | 'db'
>;

type ErrorEmitter = (type: string, error: Error) => void;

const RETRY_MS = 50;

/**
 * Returns options for ioredis clients of other libraries, which then connect to the present primary.
 * Their connector never rejects, since after a rejection an ioredis client never connects again. On a
 * switch it destroys its socket, since a frozen node never answers an orderly end.
 */
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
    constructor() {
      super(source, settings.connectTimeoutMs);
    }
  }
  return {
    Connector: EngineConnector,
    // `null` ends the client: at shutdown it must end even if its library does not close it.
    retryStrategy: () => (source.isClosed() ? null : RETRY_MS),
    // 2: connect again and send this command again. It was refused, so it was not executed.
    reconnectOnError: (error) => (isRoleRefusal(error) ? 2 : false),
    enableReadyCheck: true,
    db: settings.db,
    connectionName: settings.clientName,
    keepAlive: settings.keepAliveMs,
    ...(access.username === null ? {} : { username: access.username }),
    ...(access.password === null ? {} : { password: access.password }),
    ...(access.tls === null ? {} : { tls: access.tls }),
  };
}

/** Creates an ioredis client that follows the primary. */
export function newTrackedClient(options: RedisOptions): Redis {
  // With exact optional types the driver's option type does not fit the driver's constructor.
  return new Redis(options as never);
}

class TrackedConnector extends AbstractConnector {
  readonly #source: TargetSource;
  readonly #connectTimeoutMs: number;
  #attempt = 0;
  #target: NodeAddress | null = null;
  #stopListening: Stop | null = null;

  constructor(source: TargetSource, connectTimeoutMs: number) {
    super(1);
    this.#source = source;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  override async connect(_: ErrorEmitter): Promise<Socket> {
    const attempt = ++this.#attempt;
    this.connecting = true;
    const target = await this.#source.next();
    const isGivenUp = attempt !== this.#attempt || !this.#isConnecting();
    if (target === null || isGivenUp) return deadSocket();
    return this.#open(target);
  }

  /** Returns whether the node is still the one to be connected to, and reports no other role than primary. */
  override check(info: { role?: string }): boolean {
    const isPrimary = info.role === undefined || info.role === 'master';
    return isPrimary && this.#target !== null && this.#source.isCurrent(this.#target);
  }

  override disconnect(): void {
    this.connecting = false;
    this.#stopListening?.();
    (this.stream as Socket | undefined)?.destroy();
  }

  // A method, because the compiler assumes that the field does not change during the await.
  #isConnecting(): boolean {
    return this.connecting;
  }

  #open(target: NodeAddress): Socket {
    const { tls } = this.#source.access;
    const { host, port } = target;
    const socket =
      tls === null ? connectTcp({ host, port }) : connectTls({ ...tlsFor(tls, host), host, port });
    this.#target = target;
    this.stream = socket;
    this.#stopListening?.();
    const stopListening = this.#source.onMove(() => {
      if (!this.#source.isCurrent(target)) socket.destroy();
    });
    this.#stopListening = stopListening;
    // A frozen node accepts the connection and then sends nothing. The driver's own timeout stops once
    // the connection is open; this one stops at the first answer.
    const stopTimer = this.#source.clock.after(this.#connectTimeoutMs, () => socket.destroy());
    socket.once('data', stopTimer);
    socket.once('close', () => {
      stopTimer();
      stopListening();
    });
    return socket;
  }
}

// The driver treats a closed socket as a failed attempt and tries again, unless it was told to end.
// If the connector rejected, the client would end in both cases.
function deadSocket(): Socket {
  const socket = new Socket();
  socket.destroy();
  return socket;
}
