import type { ResolvedRedisOptions } from '../../config/index.js';
import type { NodeChange, RedisNode } from '../../cluster/connection/index.js';
import { noteAgain, noteWaiting } from '../../base/operations/index.js';
import type { CommandRecorder } from '../../base/stats/index.js';
import { Call, type AttemptEnd, type CallFlow } from './call.js';
import { CallQueue, type QueueRoom } from './call-queue.js';
import type { FlowDeps } from './flow-deps.js';
import { HedgeBudget } from './hedge-budget.js';
import { ReadNodes } from './read-nodes.js';
import { RefusalPause } from './refusal-pause.js';
import { costOf } from './read-cost.js';

/** The way of the reads to whichever node the read policy allows. */
export class ReadFlow implements CallFlow {
  readonly #nodes: ReadNodes;
  readonly #recorder: CommandRecorder;
  readonly #finishFull: FlowDeps['finishFull'];
  readonly room: QueueRoom = { size: 0, bytes: 0 };
  readonly #options: ResolvedRedisOptions['routing'];
  // One for all calls that may go to the same nodes: when the first of a queue has to wait, all have to.
  readonly #queues = new Map<string, CallQueue>();
  readonly #pause: RefusalPause;
  readonly #hedges = new HedgeBudget();
  #started = 0;

  constructor(options: ResolvedRedisOptions['routing'], deps: FlowDeps) {
    this.#nodes = new ReadNodes(deps.tracker, deps.clock, options);
    this.#recorder = deps.recorder;
    this.#finishFull = deps.finishFull;
    this.#options = options;
    this.#pause = new RefusalPause(deps.clock, () => {
      this.sendWaiting();
    });
  }

  start(call: Call): void {
    this.#started++;
    const node = this.#nodes.pick(call);
    if (node === null) this.#wait(call, false);
    else node.enqueue(call);
  }

  noteEnd(call: Call, end: AttemptEnd): void {
    if (end === 'accepted' && call.refusal !== null) this.#pause.reset();
  }

  sendAgain(call: Call, end: AttemptEnd, node: RedisNode | null): void {
    // Refused once, it goes to another node at once; refused again, all have a pause.
    const isRefused = end === 'refused';
    const other = isRefused && call.wasSentOn ? null : this.#nodes.pick(call, node);
    call.wasSentOn ||= isRefused;
    if (other !== null) {
      other.enqueue(call);
      return;
    }
    if (isRefused) this.#pause.start();
    this.#wait(call, true);
  }

  leave(call: Call): void {
    this.#queueFor(call).leave(call);
  }

  sendWaiting(): void {
    if (this.#pause.isRunning) return;
    for (const queue of this.#queues.values()) this.#sendFrom(queue);
  }

  /** Looks which nodes may serve. Must be called after each change of the cluster. */
  followTracker(node: RedisNode | null, change: NodeChange | null): void {
    this.#nodes.refresh();
    if (node !== null && change === 'stalled') this.#askOthersInsteadOf(node, 'fast');
    if (node !== null && change === 'silent') this.#askOthersInsteadOf(node, 'slow');
    this.sendWaiting();
  }

  /** Sends nothing more. */
  close(): void {
    this.#pause.stop();
  }

  /*
   * A read may be asked of a second node: the first answer counts. But what keeps one node busy would
   * keep the second busy, too. So only fast reads are asked elsewhere as soon as a node stalls, other
   * ones when it has been silent for long, and those that may take any time never.
   */
  #askOthersInsteadOf(node: RedisNode, cost: 'fast' | 'slow'): void {
    for (const job of node.inflightJobs) {
      if (!(job instanceof Call) || job.flow !== this || job.isHedged || !job.isWanted) continue;
      if (costOf(job.intent) !== cost) continue;
      const other = this.#nodes.pick(job, node);
      if (other === null) continue;
      if (!this.#hedges.spend(this.#started)) return;
      job.isHedged = true;
      this.#recorder.retried('silent');
      if (job.operation !== null) noteAgain(job.operation, 'silent');
      other.enqueue(job);
    }
  }

  #wait(call: Call, isReturning: boolean): void {
    if (!this.#queueFor(call).add(call, isReturning)) this.#finishFull(call, this.room);
    else if (call.operation !== null) noteWaiting(call.operation);
  }

  #sendFrom(queue: CallQueue): void {
    for (;;) {
      const call = queue.first();
      if (call === null) return;
      const node = this.#nodes.pick(call);
      if (node === null) return;
      queue.shift();
      node.enqueue(call);
    }
  }

  #queueFor(call: Call): CallQueue {
    const key = `${call.readPolicy ?? 'usual'} ${costOf(call.intent)}`;
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      const { maxQueuedCommands, maxQueuedBytes } = this.#options;
      queue = new CallQueue(maxQueuedCommands, maxQueuedBytes, this.room);
      this.#queues.set(key, queue);
    }
    return queue;
  }
}
