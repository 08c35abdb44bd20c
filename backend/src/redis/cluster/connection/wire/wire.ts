import type { Socket } from 'node:net';
import { Redis, type Command } from 'ioredis';
import { ConnectionLostError, safeMessage, withoutArguments } from '../../../base/errors/index.js';
import { isDriverQuiet, quietly } from '../../../base/operations/index.js';
import { inBackground, type Clock, type Stop } from '../../../base/timing/index.js';
import type { Login } from '../../../config/index.js';
import { presentLogin, reasonOf } from '../handshake/present-access.js';
import { KeptLogin } from '../handshake/kept-login.js';
import { isPublished, isTraced } from './caller-context.js';
import { newDriverCommand, type Encoding } from './driver-command.js';
import { writeHandshake } from '../handshake/wire-handshake.js';
import { Outgoing } from './outgoing.js';
import { driverOptions, type WireOptions } from './wire-options.js';

const NO_ANSWER = 'no answer to the handshake';

/** The callbacks of a {@link Wire}. Each of the first two is called at most once. */
export interface WireListener {
  readonly onReady: () => void;
  readonly onClosed: (reason: string) => void;
  readonly onMessage?: (channel: string, message: string, pattern: string | null) => void;
  readonly onMessageBuffer?: (channel: Buffer, message: Buffer, pattern: Buffer | null) => void;
  /** A message of a sharded channel. */
  readonly onShardMessage?: (channel: Buffer, message: Buffer) => void;
}

/** How a connection is subscribed to something: channels, patterns, sharded channels. */
export type SubscriptionKind = 'subscribe' | 'psubscribe' | 'ssubscribe';

const OPPOSITE = {
  subscribe: 'unsubscribe',
  psubscribe: 'punsubscribe',
  ssubscribe: 'sunsubscribe',
} as const satisfies Record<SubscriptionKind, string>;

/** Receives the outcome of one command. Exactly one of the two is called, once. */
export interface ReplySink {
  onValue(value: unknown): void;
  /** Receives the driver's error, which still contains the arguments of the command. */
  onFailure(error: unknown): void;
}

/**
 * One socket to one node: a driver client that never reconnects, never queues and never repeats
 * anything. For another connection another wire is opened. So the reconnect states of the driver, in
 * which commands are lost or executed twice, cannot occur.
 */
export class Wire {
  readonly #client: Redis;
  readonly #listener: WireListener;
  /** What is put before the keys of the commands that the driver knows. */
  readonly keyPrefix: string;
  readonly #stopHandshakeTimer: Stop;
  #state: 'opening' | 'ready' | 'closed' = 'opening';
  #waitsFor = NO_ANSWER;
  readonly #login = new KeptLogin((args) => this.call('auth', args));
  #lastError: string | null = null;
  readonly #outgoing = new Outgoing();

  constructor(options: WireOptions, clock: Clock, listener: WireListener) {
    this.#listener = listener;
    this.keyPrefix = options.keyPrefix;
    this.#client = inBackground(() => new Redis(driverOptions(options)));
    this.#stopHandshakeTimer = clock.after(options.connectTimeoutMs, () => {
      this.destroy(this.#waitsFor);
    });
    this.#client.on('error', (error: unknown) => {
      this.#lastError = reasonOf(error);
    });
    if (typeof options.access.tls === 'function') {
      this.#waitsFor = `no TLS connection within ${String(options.connectTimeoutMs)} ms: the function that returns its options has not answered, or the server has not`;
    }
    this.#client.once('ready', () => {
      this.#waitsFor = NO_ANSWER;
      void this.#shakeHands(options);
    });
    this.#client.once('end', () => {
      this.#becomeClosed(this.#lastError ?? 'closed by the other side');
    });
    this.#forwardMessages(listener);
  }

  /** Whether commands can be written now. */
  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /**
   * Changes while the other side is alive: with the bytes received and, during a long upload, with those
   * that have left. Otherwise those do not count: a frozen node's kernel takes them, too.
   */
  get bytesMoved(): number {
    const { bytesRead = 0, bytesWritten = 0 } = this.#socket ?? {};
    const unsent = this.unsentBytes;
    return unsent === 0 ? bytesRead : bytesRead + bytesWritten - unsent;
  }

  /** Bytes that were written and have not left this process. */
  get unsentBytes(): number {
    return this.#socket?.writableLength ?? 0;
  }

  /**
   * Adds a command to the next {@link Wire.flush}. Resolves with its reply, or rejects with the
   * driver's error, which still contains the arguments of the command.
   */
  write(name: string, args: readonly unknown[], encoding: Encoding): Promise<unknown> {
    return this.writeCommand(this.newCommand(name, args, encoding));
  }

  /**
   * Like {@link Wire.write}, without a promise, because thousands of commands a second are sent this
   * way. While the driver's commands are traced, promises are used, which the tracing needs.
   */
  send(name: string, args: readonly unknown[], encoding: Encoding, sink: ReplySink): void {
    const command = this.newCommand(name, args, encoding);
    if (isPublished()) {
      forward(this.writeCommand(command), sink);
      return;
    }
    command.resolve = (raw: Buffer) => {
      let value: unknown;
      try {
        value = command.transformReply(raw);
      } catch (error) {
        sink.onFailure(error);
        return;
      }
      sink.onValue(value);
    };
    command.reject = (error) => {
      sink.onFailure(error);
    };
    this.#hand(command);
  }

  /** Creates a command of the driver. Its reply has the form that the driver gives it. */
  newCommand(name: string, args: readonly unknown[], encoding: Encoding): Command {
    return newDriverCommand(name, args, { encoding, keyPrefix: this.keyPrefix });
  }

  /** Like {@link Wire.write}, for a command that was created before. */
  writeCommand(command: Command): Promise<unknown> {
    this.#hand(command);
    return command.promise as Promise<unknown>;
  }

  /**
   * Passes everything written since the last flush to the socket: in one write, or in pieces when it is
   * more than one string should hold. What cannot be passed loses the connection, and nothing else.
   */
  flush(): void {
    try {
      this.#outgoing.flushTo(this.#client.stream);
    } catch (error) {
      this.destroy(`the commands cannot be written: ${safeMessage(error)}`);
    }
  }

  /** Writes one command and flushes it. Rejects with the driver's error, without its arguments. */
  call(name: string, args: readonly unknown[] = []): Promise<unknown> {
    const reply = this.write(name, args, 'utf8');
    this.flush();
    return reply.catch((error: unknown) => {
      throw withoutArguments(error);
    });
  }

  /** Sets whether somebody has the connection alone. A login that is due is sent when it is given back. */
  reserve(isReserved: boolean): void {
    this.#login.reserve(isReserved);
  }

  /** Subscribes through the driver, which keeps track of the subscriptions. */
  async subscribe(kind: SubscriptionKind, channels: readonly string[]): Promise<void> {
    this.#assertOpen();
    // From now on the server takes no AUTH here.
    this.#login.reserve(true);
    await quietly(() => this.#client[kind](...channels));
  }

  /** Unsubscribes through the driver from what was subscribed to. */
  async unsubscribe(kind: SubscriptionKind, channels: readonly string[]): Promise<void> {
    this.#assertOpen();
    await quietly(() => this.#client[OPPOSITE[kind]](...channels));
  }

  /**
   * Cuts the socket at once, without an orderly end, which a frozen node would never answer.
   * Calls `onClosed` before it returns.
   */
  destroy(reason: string): void {
    if (this.#state === 'closed') return;
    this.#becomeClosed(reason);
    this.#client.disconnect();
    this.#socket?.destroy?.();
  }

  #hand(command: Command): void {
    if (!isDriverQuiet() || !isTraced()) {
      this.#client.sendCommand(command, this.#outgoing as never);
      return;
    }
    quietly(() => {
      this.#client.sendCommand(command, this.#outgoing as never);
    });
  }

  get #socket(): Partial<Socket> | undefined {
    return this.#client.stream;
  }

  async #shakeHands(options: WireOptions): Promise<void> {
    const { db, clientName, onUnnamed } = options;
    const send = (name: string, args: readonly string[]): Promise<unknown> =>
      this.write(name, args, 'utf8');
    const present = presentLogin(options.access);
    const login = present instanceof Promise ? await this.#loginFrom(present, options) : present;
    if (login === undefined) return;
    const answer = writeHandshake(send, { login, db }, clientName);
    this.flush();
    const { refusal, unnamed } = await answer;
    // A connection that was lost meanwhile is reported by the driver.
    if (this.#state !== 'opening' || this.#client.status !== 'ready') return;
    if (refusal !== null) {
      this.destroy(refusal);
      return;
    }
    // The name helps people who read CLIENT LIST. Nothing here depends on it, so a server that refuses
    // it is used.
    if (unnamed !== null) onUnnamed?.(unnamed);
    this.#login.keep(options.access, login);
    this.#becomeReady();
  }

  /** The login that the user's function returns; `undefined` when it fails, or the connection is lost meanwhile. */
  async #loginFrom(
    asked: Promise<Login>,
    { connectTimeoutMs }: WireOptions,
  ): Promise<Login | undefined> {
    this.#waitsFor = `the credentials were not there within ${String(connectTimeoutMs)} ms. Let the function that returns them answer sooner, or raise node.connectTimeoutMs`;
    try {
      const login = await asked;
      this.#waitsFor = NO_ANSWER;
      return this.#state === 'opening' ? login : undefined;
    } catch (error) {
      this.destroy(reasonOf(error));
      return undefined;
    }
  }

  #becomeReady(): void {
    this.#stopHandshakeTimer();
    if (this.#state !== 'opening') return;
    this.#state = 'ready';
    this.#listener.onReady();
  }

  #becomeClosed(reason: string): void {
    this.#stopHandshakeTimer();
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#login.stop();
    this.#outgoing.clear();
    this.#listener.onClosed(reason);
  }

  #assertOpen(): void {
    if (this.#state !== 'ready') {
      throw new ConnectionLostError('The connection is closed', { reason: this.#lastError });
    }
  }

  #forwardMessages({ onMessage, onMessageBuffer, onShardMessage }: WireListener): void {
    if (onShardMessage !== undefined) this.#client.on('smessageBuffer', onShardMessage);
    if (onMessage !== undefined) {
      this.#client.on('message', (channel: string, message: string) => {
        onMessage(channel, message, null);
      });
      this.#client.on('pmessage', (pattern: string, channel: string, message: string) => {
        onMessage(channel, message, pattern);
      });
    }
    if (onMessageBuffer !== undefined) {
      this.#client.on('messageBuffer', (channel: Buffer, message: Buffer) => {
        onMessageBuffer(channel, message, null);
      });
      this.#client.on('pmessageBuffer', (pattern: Buffer, channel: Buffer, message: Buffer) => {
        onMessageBuffer(channel, message, pattern);
      });
    }
  }
}

/** Passes the outcome of a promise to the sink. */
export function forward(reply: Promise<unknown>, sink: ReplySink): void {
  reply.then(
    (value) => {
      sink.onValue(value);
    },
    (error: unknown) => {
      sink.onFailure(error);
    },
  );
}
