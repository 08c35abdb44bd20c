import { connect as connectTcp, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import type { NodeAddress } from '../../base/address/index.js';
import type { ResolvedAccess } from '../../config/index.js';
import { isRoleRefusal } from '../../base/errors/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import { tlsFor } from './wire.js';

/** The node that clients outside the engine should be connected to. */
export interface TargetSource {
  /** The node to connect to now; waits while there is none, and answers `null` when closing. */
  next(): Promise<NodeAddress | null>;
  /** Whether this is still the node to be connected to. */
  isCurrent(address: NodeAddress): boolean;
  /** Calls back when connections to other nodes must go. */
  onMove(listener: () => void): Stop;
  /** Whether the engine is shutting down. */
  isClosed(): boolean;
  readonly clock: Clock;
  readonly access: ResolvedAccess;
}

/** The options that make any ioredis client follow the engine. To be spread into a library's own. */
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
 * Options for ioredis clients of other libraries: the engine tells them where the primary is. Their
 * connector never rejects, since a rejection ends an ioredis client for good, and it destroys its
 * socket on a switch, since a frozen node never answers a polite end.
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
    // `null` ends the client: one that its library never closes must not outlive the application.
    retryStrategy: () => (source.isClosed() ? null : RETRY_MS),
    // 2: connect anew and send this command again, which was refused and so not executed.
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

/** An ioredis client that follows the engine. */
export function newTrackedClient(options: RedisOptions): Redis {
  // The driver's own option type does not fit its own constructor under exact optional types.
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

  /** The node must still be the right one, and say that it is a primary. */
  override check(info: { role?: string }): boolean {
    const isPrimary = info.role === undefined || info.role === 'master';
    return isPrimary && this.#target !== null && this.#source.isCurrent(this.#target);
  }

  override disconnect(): void {
    this.connecting = false;
    this.#stopListening?.();
    (this.stream as Socket | undefined)?.destroy();
  }

  // A method, because the compiler would take the field for unchanged across the await.
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
    // A frozen node lets us connect and then says nothing. The driver's own deadline ends with the
    // connection; ours ends with the first answer.
    const stopTimer = this.#source.clock.after(this.#connectTimeoutMs, () => socket.destroy());
    socket.once('data', stopTimer);
    socket.once('close', () => {
      stopTimer();
      stopListening();
    });
    return socket;
  }
}

// The driver takes a socket that is closed already for a failed attempt and tries again, or ends if
// it was told to. Rejecting instead would end it either way.
function deadSocket(): Socket {
  const socket = new Socket();
  socket.destroy();
  return socket;
}
