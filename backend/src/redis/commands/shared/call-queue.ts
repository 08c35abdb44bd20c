import type { Call } from './call.js';

/** How much waits, in one queue or in several that share their limits. Only the queues change it. */
export interface QueueRoom {
  size: number;
  bytes: number;
}

/**
 * Calls that wait for a node, in the order in which they were made. Bounded by number and by bytes.
 * A call that was settled while it waited is dropped when its turn comes.
 */
export class CallQueue {
  /** The number of calls that wait. Only the queue itself changes it. */
  size = 0;
  readonly room: QueueRoom;
  readonly #maxCommands: number;
  readonly #maxBytes: number;
  #calls: Call[] = [];
  #head = 0;
  #isSorted = true;

  /** @param room - shared by all queues for which the limits hold together */
  constructor(maxCommands: number, maxBytes: number, room: QueueRoom = { size: 0, bytes: 0 }) {
    this.room = room;
    this.#maxCommands = maxCommands;
    this.#maxBytes = maxBytes;
  }

  /** Adds a call. Returns false when the queue is full. A call that was accepted before (`isReturning`) always fits. */
  add(call: Call, isReturning: boolean): boolean {
    const bytes = call.payload.weigh();
    const { room } = this;
    const isFull = room.size >= this.#maxCommands || room.bytes + bytes > this.#maxBytes;
    if (isFull && !isReturning) return false;
    const last = this.#calls.at(-1);
    if (last !== undefined && last.sequence > call.sequence) this.#isSorted = false;
    call.queuedBytes = bytes;
    room.bytes += bytes;
    room.size++;
    this.size++;
    this.#dropDead();
    this.#calls.push(call);
    return true;
  }

  /** Removes a call. Does nothing if it does not wait. */
  leave(call: Call): void {
    if (call.queuedBytes === 0) return;
    this.room.bytes -= call.queuedBytes;
    this.room.size--;
    this.size--;
    call.queuedBytes = 0;
    if (this.size === 0) this.#clear();
  }

  /** Returns the next call and leaves it where it is; `null` if none waits. */
  first(): Call | null {
    this.#sort();
    for (; this.#head < this.#calls.length; this.#head++) {
      const call = this.#calls[this.#head];
      if (call === undefined || call.queuedBytes === 0) continue;
      if (call.isWanted) return call;
      this.leave(call);
    }
    this.#clear();
    return null;
  }

  /** Removes and returns the next call, or `null` if none waits. */
  shift(): Call | null {
    const call = this.first();
    if (call === null) return null;
    this.#head++;
    this.leave(call);
    this.#compact();
    return call;
  }

  #sort(): void {
    if (this.#isSorted) return;
    this.#calls = this.#calls.slice(this.#head).sort((a, b) => a.sequence - b.sequence);
    this.#head = 0;
    this.#isSorted = true;
  }

  // While there is no node nobody calls `shift`, and expired calls must not pile up.
  #dropDead(): void {
    if (this.#calls.length - this.#head <= 2 * this.size + 1024) return;
    this.#calls = this.#calls.slice(this.#head).filter((call) => call.queuedBytes > 0);
    this.#head = 0;
  }

  #compact(): void {
    if (this.#head < 1024 || this.#head * 2 < this.#calls.length) return;
    this.#calls = this.#calls.slice(this.#head);
    this.#head = 0;
  }

  #clear(): void {
    this.#calls = [];
    this.#head = 0;
    this.#isSorted = true;
  }
}
