import type { ResolvedRedisOptions } from '../../config/index.js';
import type { RedisNode } from '../../cluster/connection/index.js';
import { noteWaiting } from '../../base/operations/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';
import type { AttemptEnd, Call, CallFlow } from './call.js';
import { CallQueue, type QueueRoom } from './call-queue.js';
import { RefusalPause } from './refusal-pause.js';
import type { FlowDeps } from './flow-deps.js';

const PORTION = 256;
const MIN_TIME_LEFT_MS = 25;

// Redis answers these while a script keeps it from everything else: they end the script.
const OVERTAKING = new Set(['script|kill', 'function|kill']);

// Only commands that need memory are rejected with it; the caller decides whether to try again.
const OUT_OF_MEMORY = 'OOM';

/**
 * The way of the writes to the primary:
 *
 * - `closed`: there is no primary that takes writes, or it has refused one a moment ago
 * - `first write`: one write is sent, and the others wait until it was answered
 * - `open`: writes are sent as they come
 *
 * After a switch a primary may refuse writes until its first replica is linked: then only one write goes
 * there in vain, and not all of them.
 */
export class WriteFlow implements CallFlow {
  readonly #tracker: TopologyTracker;
  readonly #deps: FlowDeps;
  readonly room: QueueRoom;
  readonly #queue: CallQueue;
  readonly #pause: RefusalPause;
  #node: RedisNode | null = null;
  #isOpen = false;
  // The write whose answer the next portion waits for; in the state `first write` it is the first write.
  #awaited: Call | null = null;

  constructor(options: ResolvedRedisOptions['routing'], deps: FlowDeps) {
    this.#tracker = deps.tracker;
    this.#deps = deps;
    this.#queue = new CallQueue(options.maxQueuedCommands, options.maxQueuedBytes);
    this.room = this.#queue.room;
    this.#pause = new RefusalPause(deps.clock, () => {
      this.sendWaiting();
    });
  }

  start(call: Call): void {
    const node = this.#node;
    if (node?.acceptsJobs === true && this.#mayPass(call)) node.enqueue(call);
    else this.#wait(call, false);
  }

  noteEnd(call: Call, end: AttemptEnd, prefix: string | null): void {
    if (call === this.#awaited) this.#awaited = null;
    if (end === 'refused') this.#noteRefusal(prefix ?? 'ERR');
    if (OVERTAKING.has(call.intent.name) || end === 'refused' || end === 'lost') return;
    // An error of the command itself also shows that the node takes the writes of others.
    this.#isOpen = true;
    this.#pause.reset();
    if (end === 'accepted') this.#tracker.noteAcceptedWrite();
    else if (prefix === OUT_OF_MEMORY) this.#tracker.noteRefusedWrite(prefix);
  }

  sendAgain(call: Call): void {
    this.#wait(call, true);
  }

  leave(call: Call): void {
    this.#queue.leave(call);
  }

  sendWaiting(): void {
    const node = this.#node;
    if (node === null || this.#awaited !== null || this.#pause.isRunning) return;
    // In portions: thousands of them at once would hold up the reads and the whole process, both while
    // they are written and while their answers arrive. Half a portion is on its way while the next is sent.
    const portion = this.#isOpen ? PORTION : 1;
    for (let sent = 0; sent < portion && node.acceptsJobs; sent++) {
      const call = this.#next(node);
      if (call === null) {
        // Nobody waits, so there is nobody to be spared.
        this.#isOpen = true;
        return;
      }
      node.enqueue(call);
      if (sent <= portion / 2) this.#awaited = call;
    }
  }

  /** Looks whether there is a primary that takes writes. Must be called after each change of the cluster. */
  followTracker(): void {
    const writable = this.#tracker.isWritable ? this.#tracker.primary : null;
    if (writable !== this.#node) {
      this.#node = writable;
      this.#isOpen = false;
      this.#awaited = null;
      this.#pause.reset();
    }
    this.sendWaiting();
  }

  /** Sends nothing more. */
  close(): void {
    this.#pause.stop();
  }

  // The next call for which there is time. One that was refused and is near its deadline would probably be
  // under way when that passes, and then its outcome would be uncertain.
  #next(node: RedisNode): Call | null {
    const until = this.#deps.clock.now() + Math.max(MIN_TIME_LEFT_MS, 2 * node.rttMs);
    for (;;) {
      const call = this.#queue.shift();
      if (call === null || call.refusal === null || call.deadlineAt > until) return call;
      this.#deps.finishLate(call);
    }
  }

  #mayPass(call: Call): boolean {
    if (OVERTAKING.has(call.intent.name)) return true;
    return this.#queue.size === 0 && this.#isOpen && !this.#pause.isRunning;
  }

  #noteRefusal(prefix: string): void {
    this.#isOpen = false;
    this.#pause.start();
    this.#tracker.noteRefusedWrite(prefix);
  }

  #wait(call: Call, isReturning: boolean): void {
    if (!this.#queue.add(call, isReturning)) {
      this.#deps.finishFull(call, this.room);
      return;
    }
    this.sendWaiting();
    if (call.operation !== null && call.queuedBytes > 0) noteWaiting(call.operation);
  }
}
