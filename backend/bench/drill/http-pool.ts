import { connect, type Socket } from 'node:net';
import { now } from '../common/clock.js';
import { AnswerReader } from './http-answer.js';

const SWEEP_MS = 25;

/** How a request can end besides an answer. */
export type Failure = 'timeout' | 'reset' | 'refused';

/** A request for the pool. It is settled exactly once, by its deadline at the latest. */
export interface PooledRequest {
  /** As it goes through the socket. */
  readonly text: string;
  /** The deadline counts from here. */
  readonly dueAt: number;
  /** It may be sent once more when the server has closed an idle socket. */
  readonly isRepeatable: boolean;
  settle(outcome: number | Failure, body: Buffer): void;
}

/** Where a pool sends to, and its bounds. */
export interface PoolOptions {
  readonly host: string;
  readonly port: number;
  readonly maxSockets?: number;
  readonly timeoutMs?: number;
}

interface Pending {
  readonly request: PooledRequest;
  isOver: boolean;
  wasRepeated: boolean;
}

interface Line {
  readonly socket: Socket;
  readonly reader: AnswerReader;
  pending: Pending | null;
  served: number;
  isConnected: boolean;
}

const NO_BODY: Buffer = Buffer.alloc(0);

/**
 * Keep-alive HTTP/1.1 to one address, as cheap as it can be: the load must not need more of the machine than what it
 * measures. One request at a time on a socket, a bounded number of sockets, a deadline counted from when it was due.
 */
export class HttpPool {
  private readonly idle: Line[] = [];
  private readonly lines = new Set<Line>();
  private readonly queue: Pending[] = [];
  private readonly deadlines: Pending[] = [];
  private readonly sweeper: NodeJS.Timeout;
  private readonly maxSockets: number;
  private readonly timeoutMs: number;

  constructor(private readonly options: PoolOptions) {
    this.maxSockets = options.maxSockets ?? 256;
    this.timeoutMs = options.timeoutMs ?? 5000;
    this.sweeper = setInterval(() => this.sweep(), SWEEP_MS);
  }

  /** Sends it as soon as a socket is free. */
  send(request: PooledRequest): void {
    const pending: Pending = { request, isOver: false, wasRepeated: false };
    this.deadlines.push(pending);
    this.dispatch(pending);
  }

  /** Closes everything. */
  close(): void {
    clearInterval(this.sweeper);
    for (const { socket } of this.lines) socket.destroy();
  }

  private dispatch(pending: Pending): void {
    const line = this.idle.pop();
    if (line !== undefined) put(line, pending);
    else if (this.lines.size < this.maxSockets) put(this.open(), pending);
    else this.queue.push(pending);
  }

  private open(): Line {
    const { host, port } = this.options;
    const socket = connect({ host, port });
    socket.setNoDelay(true);
    const reader = new AnswerReader((status, body, isLast) => {
      this.take(line, status, body);
      if (isLast) socket.destroy();
      else this.release(line);
    });
    const line: Line = { socket, reader, pending: null, served: 0, isConnected: false };
    socket.on('connect', () => (line.isConnected = true));
    socket.on('data', (bytes) => reader.push(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => this.closed(line));
    this.lines.add(line);
    return line;
  }

  private take(line: Line, status: number, body: Buffer): void {
    const { pending } = line;
    line.pending = null;
    line.served += 1;
    if (pending !== null) settle(pending, status, body);
  }

  private release(line: Line): void {
    let next = this.queue.shift();
    while (next?.isOver === true) next = this.queue.shift();
    if (next === undefined) this.idle.push(line);
    else put(line, next);
  }

  private closed(line: Line): void {
    this.lines.delete(line);
    const at = this.idle.indexOf(line);
    if (at >= 0) this.idle.splice(at, 1);
    const { pending } = line;
    line.pending = null;
    if (pending !== null && !pending.isOver) this.lose(line, pending);
    const next = this.queue.shift();
    if (next !== undefined && !next.isOver) this.dispatch(next);
  }

  // A server may close a socket that has been idle for seconds just when a request is under way on it. Every client
  // sends such a request once more, on a new socket.
  private lose({ served, reader, isConnected }: Line, pending: Pending): void {
    const wasIdleTooLong = served > 0 && reader.isAtStart && pending.request.isRepeatable;
    if (wasIdleTooLong && !pending.wasRepeated) {
      pending.wasRepeated = true;
      this.dispatch(pending);
    } else {
      settle(pending, isConnected ? 'reset' : 'refused');
    }
  }

  private sweep(): void {
    const expired = now() - this.timeoutMs;
    let over = 0;
    for (const pending of this.deadlines) {
      if (!pending.isOver && pending.request.dueAt > expired) break;
      over += 1;
      settle(pending, 'timeout');
    }
    this.deadlines.splice(0, over);
    if (over === 0) return;
    for (const { pending, socket } of this.lines) if (pending?.isOver === true) socket.destroy();
  }
}

function put(line: Line, pending: Pending): void {
  line.pending = pending;
  line.socket.write(pending.request.text, 'latin1');
}

function settle(pending: Pending, outcome: number | Failure, body = NO_BODY): void {
  if (pending.isOver) return;
  pending.isOver = true;
  pending.request.settle(outcome, body);
}
