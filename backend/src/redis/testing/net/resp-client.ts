import { connect, type Socket } from 'node:net';
import { formatAddress, type NodeAddress } from '../../base/address/index.js';
import { CommandRejectedError, TestClusterError } from '../../base/errors/index.js';
import {
  RespErrorReply,
  RespPush,
  RespReader,
  encodeCommand,
  type RespValue,
} from './resp-codec.js';

/** How a {@link RespClient} connects and how long it waits. */
export interface RespClientOptions {
  /** ACL user. @defaultValue the `default` user */
  readonly username?: string | undefined;
  /** Sent with `AUTH` before anything else. */
  readonly password?: string | undefined;
  /** How long connecting, and each command, may take, in ms. @defaultValue 1000 */
  readonly deadlineMs?: number;
  /** Called with what arrives unasked: RESP3 pushes, and messages of subscriptions. */
  readonly onPush?: (value: RespValue) => void;
}

interface Waiting {
  readonly resolve: (value: RespValue) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

const DEFAULT_DEADLINE_MS = 1000;

/**
 * The smallest client that can drive a Redis or a Sentinel in a test: no queue, no reconnect, no retry.
 * What goes wrong is reported at once.
 */
export class RespClient {
  private readonly reader = new RespReader();
  private readonly waiting: Waiting[] = [];
  private closed: TestClusterError | null = null;

  private constructor(
    private readonly socket: Socket,
    private readonly address: NodeAddress,
    private readonly options: RespClientOptions,
  ) {
    socket.on('data', (chunk) => {
      this.receive(chunk);
    });
    socket.on('error', (cause) => {
      this.fail(`The connection to ${this.where} broke: ${cause.message}.`, cause);
    });
    socket.on('close', () => {
      this.fail(`The connection to ${this.where} was closed by the other side.`);
    });
  }

  /**
   * Connects, and authenticates when there is a password.
   * @throws TestClusterError when nobody listens or the deadline passes.
   */
  static async connect(address: NodeAddress, options: RespClientOptions = {}): Promise<RespClient> {
    const socket = await openSocket(address, options.deadlineMs ?? DEFAULT_DEADLINE_MS);
    const client = new RespClient(socket, address, options);
    const { username, password } = options;
    if (password === undefined) return client;
    try {
      await client.command(['AUTH', ...(username === undefined ? [] : [username]), password]);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** True until the connection is lost or closed. */
  get isOpen(): boolean {
    return this.closed === null;
  }

  /**
   * Sends one command and resolves with its reply. Several may be on their way at once.
   * @throws CommandRejectedError when Redis answers with an error.
   * @throws TestClusterError when the deadline passes or the connection is lost.
   */
  command(
    args: readonly string[],
    deadlineMs = this.options.deadlineMs ?? DEFAULT_DEADLINE_MS,
  ): Promise<RespValue> {
    return new Promise((resolve, reject) => {
      if (this.closed !== null) {
        reject(this.closed);
        return;
      }
      const timer = setTimeout(() => {
        // A late reply would be taken for the answer to the next command.
        this.fail(
          `${this.where} left ${args[0] ?? '(nothing)'} unanswered for ${String(deadlineMs)} ms.`,
        );
      }, deadlineMs);
      this.waiting.push({ resolve, reject, timer });
      this.socket.write(encodeCommand(args));
    });
  }

  /** Closes the connection; what still waits fails. Calling it twice is harmless. */
  close(): void {
    this.fail(`The connection to ${this.where} was closed by its owner.`);
  }

  private get where(): string {
    return formatAddress(this.address);
  }

  private receive(chunk: Buffer): void {
    try {
      for (const value of this.reader.push(chunk)) this.deliver(value);
    } catch (cause) {
      this.fail(cause instanceof Error ? cause.message : String(cause), cause);
    }
  }

  private deliver(value: RespValue): void {
    const next = value instanceof RespPush ? undefined : this.waiting.shift();
    if (next === undefined) {
      this.options.onPush?.(value);
      return;
    }
    clearTimeout(next.timer);
    if (value instanceof RespErrorReply) next.reject(new CommandRejectedError(value.message));
    else next.resolve(value);
  }

  private fail(message: string, cause?: unknown): void {
    if (this.closed !== null) return;
    const error = new TestClusterError(message, { address: this.address }, { cause });
    this.closed = error;
    this.socket.destroy();
    for (const { reject, timer } of this.waiting.splice(0)) {
      clearTimeout(timer);
      reject(error);
    }
  }
}

function openSocket(address: NodeAddress, deadlineMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.host, port: address.port, noDelay: true });
    const giveUp = (reason: string, cause?: unknown): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(
        new TestClusterError(
          `Cannot connect to ${formatAddress(address)}: ${reason}.`,
          { address },
          { cause },
        ),
      );
    };
    const timer = setTimeout(() => {
      giveUp(`no answer within ${String(deadlineMs)} ms`);
    }, deadlineMs);
    const onError = (error: Error): void => {
      giveUp(error.message, error);
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', onError);
      resolve(socket);
    });
  });
}
