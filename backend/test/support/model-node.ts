import type { ManualClock } from '../../src/redis/testing/index.js';
import type { ReplySink, Wire, WireListener } from '../../src/redis/cluster/connection/index.js';

/** An error as Redis answers it. */
class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

/** The name that each command of the model carries as its last argument: who sent it. */
export type Sender = string;

/** What a model of a server was asked to do, for the rules of a test. */
export interface ModelWitness {
  /** A command is being written to a socket, by the client. */
  sent(node: ModelNode, command: string, sender: Sender): void;
  /** A server has executed it. For `blpop` with the element. */
  executed(node: ModelNode, command: string, sender: Sender, element: string | null): void;
}

interface Waiting {
  readonly wire: ModelWire;
  readonly sender: Sender;
  readonly sink: ReplySink;
}

/**
 * A Redis node without sockets: a list, blocking commands, refusals. Nothing happens by itself: a test
 * opens the connections, lets commands arrive and answers come back, in an order it chooses.
 */
export class ModelNode {
  readonly wires = new Set<ModelWire>();
  readonly elements: string[] = [];
  isPrimary = false;
  isRefusing = false;
  /** Messages on their way, oldest first on each way: commands to the node, and answers from it. */
  readonly ways = new Map<object, (() => void)[]>();
  readonly #waiting: Waiting[] = [];
  #ids = 0;

  constructor(
    readonly name: string,
    readonly witness: ModelWitness,
  ) {}

  /** Something is sent on a way, on which nothing overtakes anything. */
  post(way: object, message: () => void): void {
    const queue = this.ways.get(way) ?? [];
    queue.push(message);
    this.ways.set(way, queue);
  }

  /** Lets the next message of one way arrive. Returns whether there was one. */
  deliver(choice: number): boolean {
    const queues = [...this.ways.values()].filter(({ length }) => length > 0);
    const message = queues[choice % Math.max(1, queues.length)]?.shift();
    message?.();
    return message !== undefined;
  }

  nextId(): number {
    return ++this.#ids;
  }

  push(element: string): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.elements.push(element);
    else this.#take(waiter, element);
  }

  execute(waiting: Waiting, command: string): void {
    const { wire, sender, sink } = waiting;
    const isWrite = command !== 'get';
    if (isWrite && !this.isPrimary) wire.answer(sink, new ReplyError('READONLY is a replica'));
    else if (isWrite && this.isRefusing) wire.answer(sink, new ReplyError('NOREPLICAS not enough'));
    else if (command !== 'blpop') {
      this.witness.executed(this, command, sender, null);
      wire.answer(sink, 'OK');
    } else {
      const element = this.elements.shift();
      if (element === undefined) this.#waiting.push(waiting);
      else this.#take(waiting, element);
    }
  }

  unblock(id: number): number {
    const index = this.#waiting.findIndex(({ wire }) => wire.id === id);
    const [waiter] = index === -1 ? [] : this.#waiting.splice(index, 1);
    waiter?.wire.answer(waiter.sink, new ReplyError('UNBLOCKED client unblocked'));
    return waiter === undefined ? 0 : 1;
  }

  forget(wire: ModelWire): void {
    this.wires.delete(wire);
    const index = this.#waiting.findIndex((each) => each.wire === wire);
    if (index !== -1) this.#waiting.splice(index, 1);
  }

  #take({ wire, sender, sink }: Waiting, element: string): void {
    this.witness.executed(this, 'blpop', sender, element);
    wire.answer(sink, ['list', element]);
  }
}

/** One connection to a {@link ModelNode}: what the pool takes for a {@link Wire}. */
export class ModelWire {
  readonly id: number;
  readonly #node: ModelNode;
  readonly #listener: WireListener;
  readonly #answers = {};
  readonly #open = new Set<ReplySink>();
  #state: 'opening' | 'ready' | 'closed' = 'opening';

  constructor(node: ModelNode, clock: ManualClock, listener: WireListener) {
    this.#node = node;
    this.#listener = listener;
    this.id = node.nextId();
    node.wires.add(this);
    node.post(this, () => {
      if (this.#state !== 'opening') return;
      stop();
      this.#state = 'ready';
      listener.onReady();
    });
    const stop = clock.after(1000, () => {
      if (this.#state === 'opening') this.destroy('no answer to the handshake');
    });
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  send(name: string, args: readonly unknown[], _encoding: unknown, sink: ReplySink): void {
    const command = name.toLowerCase();
    const sender = String(args[0]);
    this.#node.witness.sent(this.#node, command, sender);
    this.#post(sink, () => {
      this.#node.execute({ wire: this, sender, sink }, command);
    });
  }

  call(): Promise<unknown> {
    return new Promise((onValue, onFailure) => {
      const sink = { onValue, onFailure };
      this.#post(sink, () => {
        this.answer(sink, this.id);
      });
    });
  }

  flush(): void {
    // What was sent is on its way already.
  }

  /** Sends an answer back, unless the connection is lost. */
  answer(sink: ReplySink, value: unknown): void {
    this.#node.post(this.#answers, () => {
      if (!this.#open.delete(sink)) return;
      if (value instanceof Error) sink.onFailure(value);
      else sink.onValue(value);
    });
  }

  destroy(reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#node.forget(this);
    this.#listener.onClosed(reason);
    const lost = [...this.#open];
    this.#open.clear();
    // As with the driver, the commands hear of it in a later turn.
    queueMicrotask(() => {
      for (const sink of lost) sink.onFailure(new Error('Connection is closed.'));
    });
  }

  #post(sink: ReplySink, arrive: () => void): void {
    this.#open.add(sink);
    this.#node.post(this, () => {
      if (this.#state !== 'closed') arrive();
    });
  }

  /** Its credentials never change, so nothing waits for it to be given back. */
  reserve(): void {
    // Nothing to keep back.
  }

  get asWire(): Wire {
    return this as unknown as Wire;
  }
}
