import { Socket } from 'node:net';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import type { NodeAddress } from '../../../base/address/index.js';
import { changingCredentials, type Login, type ResolvedAccess } from '../../../config/index.js';
import { ConnectionLostError } from '../../../base/errors/index.js';
import {
  answerWithin,
  atDeadline,
  inBackground,
  type Clock,
  type Stop,
} from '../../../base/timing/index.js';
import { handshakeSteps, type HandshakeStep } from '../handshake/handshake-steps.js';
import { shakeHands } from '../handshake/socket-handshake.js';
import { openSocket, presentLogin, presentTls, reasonOf } from '../handshake/present-access.js';
import { ClientSubscriptions } from './client-subscriptions.js';
import { RawLogin } from './raw-login.js';
import type { ReturningSubscribers, Subscriber } from './returning-subscribers.js';

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
  /** Whether the clients only read, so that the node may be a replica. */
  readonly mayBeReplica?: boolean;
  /** Those of its clients that listen, and are not connected. The others wait for them. */
  readonly returning: ReturningSubscribers;
  readonly clock: Clock;
  readonly access: ResolvedAccess;
}

type ErrorEmitter = (type: string, error: Error) => void;

// What the server refuses it will refuse again until somebody changes something.
const REFUSED_RETRY_MS = 500;
// As ioredis has it, for clients that do not say it.
const DISCONNECT_TIMEOUT_MS = 2000;

// What the client was given counts, not what the engine would do: its library may choose another
// database or another user.
async function handshakeOf(
  { username, password, db }: RedisOptions,
  access: ResolvedAccess,
): Promise<Handshake> {
  const isOwn = typeof password === 'string';
  const changing = isOwn ? null : await changingLogin(access);
  const login = isOwn ? { username: username ?? null, password } : changing;
  // Libraries that take it from a URL pass it as text.
  return { steps: handshakeSteps({ login, db: Number.parseInt(String(db ?? 0), 10) }), changing };
}

function changingLogin(access: ResolvedAccess): ReturnType<typeof presentLogin> {
  return changingCredentials(access) === null ? null : presentLogin(access);
}

/** What a connection says before its client gets it. */
interface Handshake {
  readonly steps: readonly HandshakeStep[];
  /** The login in it, if that may change; otherwise `null`. */
  readonly changing: Login | null;
}

/** What one attempt to connect needs. */
interface Prepared extends Handshake {
  readonly tls: TlsOptions | null;
}

/**
 * Connects a client of another library to the present primary. It never rejects, since after a rejection an ioredis client
 * never connects again. On a switch it destroys its socket, since a frozen node never answers an orderly end; whoever
 * disconnects gets the orderly end, as from ioredis, so that what is in flight is answered.
 */
export class TrackedConnector extends AbstractConnector implements Subscriber {
  readonly #source: TargetSource;
  readonly #connectTimeoutMs: number;
  readonly #options: RedisOptions;
  #attempt = 0;
  #target: NodeAddress | null = null;
  #stopListening: Stop | null = null;
  readonly #disconnectTimeoutMs: number;
  #refusedAt = -Infinity;
  #pause: AbortController | null = null;
  readonly #subscriptions = new ClientSubscriptions();
  isTrying = false;

  constructor(source: TargetSource, connectTimeoutMs: number, options: RedisOptions) {
    const disconnectTimeoutMs = options.disconnectTimeout ?? DISCONNECT_TIMEOUT_MS;
    super(disconnectTimeoutMs);
    this.#disconnectTimeoutMs = disconnectTimeoutMs;
    this.#source = source;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#options = options;
  }

  override connect(emit: ErrorEmitter): Promise<Socket> {
    this.isTrying = true;
    if (this.#subscriptions.areAny) this.#source.returning.leave(this);
    const connected = inBackground(() => this.#connect(emit));
    return connected.finally(() => {
      this.isTrying = false;
    });
  }

  async #connect(emit: ErrorEmitter): Promise<Socket> {
    const attempt = ++this.#attempt;
    this.connecting = true;
    await this.#pauseAfterRefusal();
    const target = await this.#source.next();
    const isGivenUp = (): boolean => attempt !== this.#attempt || !this.#isConnecting();
    if (target === null || isGivenUp()) return deadSocket();
    await this.#subscribersFirst();
    const prepared = await this.#prepare(target, emit);
    // All this may have taken a while.
    if (prepared === null || isGivenUp() || !this.#source.isCurrent(target)) return deadSocket();
    const socket = this.#open(target, prepared.tls);
    if (prepared.steps.length > 0) await this.#shakeHands(socket, prepared, emit);
    return socket;
  }

  // Asks for the credentials and the TLS options that hold now; `null` when they cannot be had.
  async #prepare(target: NodeAddress, emit: ErrorEmitter): Promise<Prepared | null> {
    const { access, clock } = this.#source;
    const asked = Promise.all([
      handshakeOf(this.#options, access),
      presentTls(access, target.host),
    ]);
    const late = new ConnectionLostError(
      `The credentials were not there within ${String(this.#connectTimeoutMs)} ms`,
    );
    try {
      const [handshake, tls] = await answerWithin(
        asked,
        atDeadline(clock, this.#connectTimeoutMs, () => late),
      );
      return { ...handshake, tls };
    } catch (error) {
      this.#refusedAt = clock.now();
      emit('error', new ConnectionLostError(`The connection is not opened: ${reasonOf(error)}`));
      return null;
    }
  }

  // Destroys the socket when the server refuses the user or the database.
  async #shakeHands(
    socket: Socket,
    { steps, changing }: Handshake,
    emit: ErrorEmitter,
  ): Promise<void> {
    const { clock } = this.#source;
    const stopTimer = clock.after(this.#connectTimeoutMs, () => socket.destroy());
    const outcome = await shakeHands(socket, steps);
    stopTimer();
    // The driver reports this one when it gets a socket that is closed already.
    this.firstError = (outcome.kind === 'broken' ? outcome.fault : null) as Error;
    if (outcome.kind === 'accepted' && changing !== null) this.#keepLogin(socket, changing);
    if (outcome.kind !== 'refused') return;
    this.#refusedAt = clock.now();
    socket.destroy();
    emit('error', new ConnectionLostError(`The connection is not used: ${outcome.refusal}`));
  }

  #keepLogin(socket: Socket, login: Login): void {
    const raw = new RawLogin(socket);
    const stop = changingCredentials(this.#source.access)?.keep(login, (other) => raw.logIn(other));
    if (stop !== undefined) socket.once('close', stop);
  }

  /** Returns whether the node is still one to be connected to, and reports no role that it must not have. */
  override check(info: { role?: string }): boolean {
    const isPrimary = info.role === undefined || info.role === 'master';
    const hasRole = isPrimary || (this.#source.mayBeReplica === true && info.role === 'slave');
    return hasRole && this.#target !== null && this.#source.isCurrent(this.#target);
  }

  /** Ends the connection after what is in flight, and cuts it when that takes too long or the primary moves. */
  override disconnect(): void {
    this.connecting = false;
    this.#pause?.abort();
    this.#source.returning.comeBack(this);
    const socket = this.stream as Socket | undefined;
    if (socket === undefined || socket.writableEnded) return;
    // Nothing is in flight that could be answered.
    if (socket.connecting) {
      socket.destroy();
      return;
    }
    const stopTimer = this.#source.clock.after(this.#disconnectTimeoutMs, () => socket.destroy());
    socket.once('close', stopTimer);
    socket.end();
  }

  #pauseAfterRefusal(): Promise<void> {
    const { clock } = this.#source;
    const leftMs = this.#refusedAt + REFUSED_RETRY_MS - clock.now();
    if (leftMs <= 0) return Promise.resolve();
    this.#pause = new AbortController();
    return clock.sleep(leftMs, this.#pause.signal);
  }

  async #subscribersFirst(): Promise<void> {
    if (this.#subscriptions.areAny || this.#source.isClosed()) return;
    this.#pause = new AbortController();
    const { returning, clock } = this.#source;
    await returning.allBack(clock, this.#connectTimeoutMs, this.#pause.signal);
  }

  // A method, because the compiler assumes that the field does not change during the await.
  #isConnecting(): boolean {
    return this.connecting;
  }

  #open(target: NodeAddress, tls: TlsOptions | null): Socket {
    const socket = openSocket(target, tls);
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
    const { returning } = this.#source;
    this.#subscriptions.watch(socket, () => {
      returning.comeBack(this);
    });
    socket.once('close', () => {
      stopTimer();
      stopListening();
      if (this.connecting && this.#subscriptions.areAny) returning.leave(this);
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
