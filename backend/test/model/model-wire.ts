import type {
  ReplySink,
  WireListener,
  WireOptions,
} from '../../src/redis/cluster/connection/index.js';
import type { Clock, Stop } from '../../src/redis/base/timing/index.js';
import type { ModelCommand, ModelPeer, ModelServer } from './model-server.js';

let serverAt: (port: number) => ModelServer = () => {
  throw new RangeError('There is no model to connect to');
};

/** Connects the wires that are opened from now on to these servers. */
export function connectWiresTo(servers: readonly ModelServer[]): void {
  const byPort = new Map(servers.map((server) => [server.address.port, server]));
  serverAt = (port) => {
    const server = byPort.get(port);
    if (server === undefined) throw new RangeError(`There is no model server at ${String(port)}`);
    return server;
  };
}

interface TransactionCommand {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly transformReply: (answer: unknown) => unknown;
}

/** Stands in for a wire: the same promises, without a socket. */
export class ModelWire implements ModelPeer {
  readonly inbox: ModelCommand[] = [];
  readonly replies: (() => void)[] = [];
  transaction: ModelCommand[] | null = null;
  readonly keyPrefix = '';
  readonly #listener: WireListener;
  readonly #server: ModelServer;
  readonly #stopTimer: Stop;
  #state: 'opening' | 'ready' | 'closed' = 'opening';
  #outgoing: ModelCommand[] = [];
  #sent = new Set<ModelCommand>();
  #inVain = 0;
  bytesMoved = 0;
  readonly unsentBytes = 0;

  constructor(options: WireOptions, clock: Clock, listener: WireListener) {
    this.#listener = listener;
    this.#server = serverAt(options.address.port);
    this.#server.peers.add(this);
    this.#stopTimer = clock.after(options.connectTimeoutMs, () => {
      this.destroy('no answer to the handshake');
    });
    queueMicrotask(() => {
      if (!this.#server.isFrozen) this.greet();
    });
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** Its credentials never change, so nothing waits for it to be given back. */
  reserve(): void {
    // Nothing to keep back.
  }

  greet(): void {
    if (this.#state !== 'opening') return;
    this.#stopTimer();
    this.#state = 'ready';
    this.#listener.onReady();
  }

  noteBytes(): void {
    this.bytesMoved++;
  }

  breakUp(reason: string): void {
    this.destroy(reason);
  }

  send(name: string, args: readonly unknown[], _: unknown, sink: ReplySink): void {
    if (this.#server.isBroken) {
      if (++this.#inVain > 1000)
        throw new RangeError('It is written to a broken connection for ever');
      sink.onFailure(new Error("Stream isn't writeable and enableOfflineQueue options is false"));
      return;
    }
    this.#outgoing.push({
      name,
      args,
      succeed: (value) => {
        sink.onValue(value);
      },
      fail: (error) => {
        sink.onFailure(error);
      },
    });
  }

  write(name: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((succeed, fail) => {
      this.#outgoing.push({ name, args, succeed, fail });
    });
  }

  /** A command of a transaction, which is written later. */
  newCommand(name: string, args: readonly unknown[]): TransactionCommand {
    return { name, args, transformReply: (answer) => answer };
  }

  writeCommand({ name, args }: TransactionCommand): Promise<unknown> {
    return this.write(name, args);
  }

  call(name: string, args: readonly unknown[] = []): Promise<unknown> {
    const reply = this.write(name, args);
    this.flush();
    return reply;
  }

  flush(): void {
    const commands = this.#outgoing;
    this.#outgoing = [];
    for (const command of commands) {
      const owed: ModelCommand = {
        ...command,
        succeed: (value) => {
          if (this.#sent.delete(owed)) command.succeed(value);
        },
        fail: (error) => {
          if (this.#sent.delete(owed)) command.fail(error);
        },
      };
      this.#sent.add(owed);
      this.inbox.push(owed);
      this.#server.onArrival(command.name);
    }
  }

  destroy(reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#stopTimer();
    this.#server.peers.delete(this);
    this.inbox.length = 0;
    this.replies.length = 0;
    this.#listener.onClosed(reason);
    const lost = [...this.#outgoing, ...this.#sent];
    this.#outgoing = [];
    for (const command of lost) command.fail(new Error('Connection is closed.'));
  }
}
