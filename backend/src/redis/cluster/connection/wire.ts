import type { Socket } from 'node:net';
import { Command, Redis } from 'ioredis';
import { ConnectionLostError, safeMessage, withoutArguments } from '../../base/errors/index.js';
import { inBackground, type Clock, type Stop } from '../../base/timing/index.js';
import { changingCredentials, type Login, type LoginRenewal } from '../../config/index.js';
import { presentLogin, reasonOf } from './handshake/present-access.js';
import { authArgs } from './handshake/handshake-steps.js';
import { isPublished } from './caller-context.js';
import { writeHandshake } from './handshake/wire-handshake.js';
import { driverOptions, type WireOptions } from './wire-options.js';

// A string has an upper limit, 512 MiB in Node 20, and copying one piece costs no more than this.
const PIECE_LENGTH = 1024 * 1024;

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

/** How a reply is decoded. `null` returns Buffers. */
export type Encoding = 'utf8' | null;

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
  /** Whether nothing of ours may be sent: somebody has the connection alone, or it is subscribed. */
  #isReserved = false;
  #dueLogin: Login | null = null;
  #stopKeeping: Stop | null = null;
  #lastError: string | null = null;
  #outgoing: (string | Buffer)[] = [];
  #outgoingLength = 0;

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
    this.#client.sendCommand(command, this.#collector as never);
  }

  /** Creates a command of the driver. Its reply has the form that the driver gives it. */
  newCommand(name: string, args: readonly unknown[], encoding: Encoding): Command {
    return newDriverCommand(name, args, { encoding, keyPrefix: this.keyPrefix });
  }

  /** Like {@link Wire.write}, for a command that was created before. */
  writeCommand(command: Command): Promise<unknown> {
    this.#client.sendCommand(command, this.#collector as never);
    return command.promise as Promise<unknown>;
  }

  /**
   * Passes everything written since the last flush to the socket: in one write, or in pieces when it is
   * more than one string should hold. What cannot be passed loses the connection, and nothing else.
   */
  flush(): void {
    const chunks = this.#outgoing;
    if (chunks.length === 0) return;
    const isOnePiece = this.#outgoingLength <= PIECE_LENGTH;
    this.#outgoing = [];
    this.#outgoingLength = 0;
    try {
      if (isOnePiece)
        this.#client.stream.write(chunks.length === 1 ? (chunks[0] ?? '') : joined(chunks));
      else this.#writeInPieces(chunks);
    } catch (error) {
      this.destroy(`the commands cannot be written: ${safeMessage(error)}`);
    }
  }

  /** Writes one command and flushes it. Rejects with the driver's error, without its arguments. */
  call(name: string, args: readonly unknown[] = [], encoding: Encoding = 'utf8'): Promise<unknown> {
    const reply = this.write(name, args, encoding);
    this.flush();
    return reply.catch((error: unknown) => {
      throw withoutArguments(error);
    });
  }

  /** Sets whether somebody has the connection alone. A login that is due is sent when it is given back. */
  reserve(isReserved: boolean): void {
    this.#isReserved = isReserved;
    const login = this.#dueLogin;
    if (isReserved || login === null) return;
    this.#dueLogin = null;
    void this.#logInAgain(login);
  }

  /** Subscribes through the driver, which keeps track of the subscriptions. */
  async subscribe(kind: SubscriptionKind, channels: readonly string[]): Promise<void> {
    this.#assertOpen();
    // From now on the server takes no AUTH here.
    this.#isReserved = true;
    await this.#client[kind](...channels);
  }

  /** Unsubscribes through the driver from what was subscribed to. */
  async unsubscribe(kind: SubscriptionKind, channels: readonly string[]): Promise<void> {
    this.#assertOpen();
    await this.#client[OPPOSITE[kind]](...channels);
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

  get #socket(): Partial<Socket> | undefined {
    return this.#client.stream;
  }

  readonly #collector = {
    write: (chunk: string | Buffer): boolean => {
      this.#outgoing.push(chunk);
      this.#outgoingLength += chunk.length;
      return true;
    },
  };

  // Corked, so that the socket gets them together all the same.
  #writeInPieces(chunks: readonly (string | Buffer)[]): void {
    const { stream } = this.#client;
    stream.cork();
    let piece: (string | Buffer)[] = [];
    let length = 0;
    for (const chunk of chunks) {
      piece.push(chunk);
      length += chunk.length;
      if (length < PIECE_LENGTH) continue;
      stream.write(joined(piece));
      piece = [];
      length = 0;
    }
    if (piece.length > 0) stream.write(joined(piece));
    stream.uncork();
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
    this.#keepLogin(options, login);
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

  #keepLogin({ access }: WireOptions, login: Login | null): void {
    const changing = changingCredentials(access);
    if (changing === null || login === null) return;
    this.#stopKeeping = changing.keep(login, (other) => this.#logInAgain(other));
  }

  async #logInAgain(login: Login): Promise<LoginRenewal> {
    if (this.#isReserved) {
      this.#dueLogin = login;
      return 'later';
    }
    try {
      await this.call('auth', authArgs(login));
      return 'renewed';
    } catch {
      // It stays logged in as before.
      return 'refused';
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
    this.#stopKeeping?.();
    this.#outgoing = [];
    this.#outgoingLength = 0;
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

/** A command of the driver, which knows how its arguments are written and what form its reply has. */
export type DriverCommand = Command;

/** Creates a command of the driver. */
export function newDriverCommand(
  name: string,
  args: readonly unknown[],
  { encoding, keyPrefix }: { readonly encoding: Encoding; readonly keyPrefix: string },
): DriverCommand {
  return new Command(name, args as never, {
    replyEncoding: encoding,
    ...(keyPrefix === '' || isAboutChannels(name) ? {} : { keyPrefix }),
  });
}

// The driver counts sharded channels among the keys.
function isAboutChannels(name: string): boolean {
  return /^(spublish|ssubscribe|sunsubscribe)$/i.test(name);
}

function joined(chunks: readonly (string | Buffer)[]): string | Buffer {
  if (chunks.every((chunk) => typeof chunk === 'string')) return chunks.join('');
  return Buffer.concat(chunks.map((c) => (typeof c === 'string' ? Buffer.from(c) : c)));
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

/** Returns the names of all commands that the installed driver has methods for. */
export function driverCommandNames(): readonly string[] {
  const prototype = Redis.prototype as unknown as { getBuiltinCommands(): string[] };
  return prototype.getBuiltinCommands();
}
