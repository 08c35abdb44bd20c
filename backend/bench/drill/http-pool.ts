// Keep-alive HTTP/1.1 to one address, as cheap as it can be: the load must not need more of the machine than what it
// measures. One request at a time on a socket, a bounded number of sockets, a deadline counted from when it was due.
import { connect } from 'node:net';
import { AnswerReader } from './http-answer.mjs';
import { now } from './clock.mjs';

const SWEEP_MS = 25;

/** How a request can end besides an answer. */
export const FAILURES = { timeout: 'timeout', reset: 'reset', refused: 'refused' };

/** Sends requests to one address. A request is `{ text, dueAt, isRepeatable, settle(status | failure, body) }`. */
export class HttpPool {
  #address;
  #maxSockets;
  #timeoutMs;
  #idle = [];
  #sockets = new Set();
  #waiting = [];
  #deadlines = [];
  #sweeper;

  constructor({ host, port, maxSockets = 256, timeoutMs = 5_000 }) {
    this.#address = { host, port };
    this.#maxSockets = maxSockets;
    this.#timeoutMs = timeoutMs;
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** Sends it as soon as a socket is free. It is settled exactly once, by the deadline at the latest. */
  send(request) {
    request.isOver = false;
    this.#deadlines.push(request);
    this.#dispatch(request);
  }

  /** Requests that wait for a socket because all are taken. */
  get waiting() {
    return this.#waiting.length;
  }

  /** Closes everything. */
  close() {
    clearInterval(this.#sweeper);
    for (const line of this.#sockets) line.socket.destroy();
  }

  #dispatch(request) {
    const line = this.#idle.pop();
    if (line !== undefined) this.#put(line, request);
    else if (this.#sockets.size < this.#maxSockets) this.#put(this.#open(), request);
    else this.#waiting.push(request);
  }

  #put(line, request) {
    line.request = request;
    line.socket.write(request.text, 'latin1');
  }

  #open() {
    const socket = connect(this.#address);
    socket.setNoDelay(true);
    const line = { socket, request: null, served: 0, isConnected: false, reader: null };
    line.reader = new AnswerReader((status, body, isLast) => {
      this.#answered(line, { status, body, isLast });
    });
    socket.on('connect', () => (line.isConnected = true));
    socket.on('data', (bytes) => line.reader.push(bytes));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#closed(line));
    this.#sockets.add(line);
    return line;
  }

  #answered(line, { status, body, isLast }) {
    const { request } = line;
    line.request = null;
    line.served += 1;
    if (request !== null) settle(request, status, body);
    if (isLast) line.socket.destroy();
    else this.#release(line);
  }

  #release(line) {
    let next = this.#waiting.shift();
    while (next?.isOver) next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(line);
    else this.#put(line, next);
  }

  #closed(line) {
    this.#sockets.delete(line);
    const at = this.#idle.indexOf(line);
    if (at >= 0) this.#idle.splice(at, 1);
    const { request } = line;
    line.request = null;
    if (request !== null && !request.isOver) this.#lost(line, request);
    const next = this.#waiting.shift();
    if (next !== undefined && !next.isOver) this.#dispatch(next);
  }

  // A server may close a socket that has been idle for seconds just when a request is under way on it. Every client
  // sends such a request once more, on a new socket.
  #lost(line, request) {
    const wasIdleTooLong = line.served > 0 && line.reader.isAtStart && request.isRepeatable;
    if (wasIdleTooLong && request.wasRepeated !== true) {
      request.wasRepeated = true;
      this.#dispatch(request);
    } else {
      settle(request, line.isConnected ? FAILURES.reset : FAILURES.refused);
    }
  }

  #sweep() {
    const expired = now() - this.#timeoutMs;
    let over = 0;
    for (const request of this.#deadlines) {
      if (!request.isOver && request.dueAt > expired) break;
      over += 1;
      if (!request.isOver) settle(request, FAILURES.timeout);
    }
    this.#deadlines.splice(0, over);
    if (over === 0) return;
    for (const line of this.#sockets) if (line.request?.isOver) line.socket.destroy();
  }
}

function settle(request, outcome, body) {
  if (request.isOver) return;
  request.isOver = true;
  request.settle(outcome, body);
}
