import type { ResolvedRedisOptions } from '../../config/index.js';
import type { NodeChange, SharedConnection } from '../../cluster/connection/index.js';
import { classifyFailure, replyPrefix } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import { CommandRecorder, DEADLINE_PASSED } from '../../base/stats/index.js';
import { Pulse, type Clock, type Stop } from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';
import type { CallOptions } from '../table/call-options.js';
import type { CommandIntent } from '../table/command-intent.js';
import type { Payload } from '../table/payloads.js';
import { Call, type CallOwner } from './call.js';
import { DeadlineList } from './deadline-list.js';
import {
  abortedError,
  closedError,
  expiredError,
  queueFullError,
  rejectedError,
  uncertainError,
} from './outcome-errors.js';
import { ReadNodes } from './read-nodes.js';
import { nextStep, pauseAfter, type NextStep } from './retry-rules.js';
import { CallQueue } from './call-queue.js';

const DEADLINE_CHECK_MS = 10;
const PORTION = 256;
const NO_OPTIONS: CallOptions = {};

/**
 * Sends each call to a node that may serve it, holds it while there is none, sends it again where
 * that is safe, and settles it by its deadline in any case.
 */
export class CommandRouter implements CallOwner {
  /** Records the outcomes of the calls and how long they took. */
  readonly recorder: CommandRecorder;
  readonly #options: ResolvedRedisOptions['routing'];
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #reads: ReadNodes;
  readonly #deadlines = new DeadlineList();
  readonly #deadlinePulse: Pulse;
  readonly #waitingWrites: CallQueue;
  readonly #waitingReads: CallQueue;
  #writeNode: SharedConnection | null = null;
  #sequence = 0;
  // After a switch or a refusal one write is sent first. The others follow when it was accepted.
  #isFirstWriteDue = true;
  #firstWrite: Call | null = null;
  #refusals = 0;
  #portion = 0;
  #stopRetry: Stop | null = null;
  #isClosed = false;

  constructor(
    options: ResolvedRedisOptions,
    tracker: TopologyTracker,
    clock: Clock,
    bus: EventBus,
  ) {
    this.recorder = new CommandRecorder(clock);
    this.#options = options.routing;
    this.#tracker = tracker;
    this.#clock = clock;
    this.#bus = bus;
    this.#reads = new ReadNodes(tracker, clock, options.routing);
    const { maxQueuedCommands, maxQueuedBytes } = options.routing;
    this.#waitingWrites = new CallQueue(maxQueuedCommands, maxQueuedBytes);
    this.#waitingReads = new CallQueue(maxQueuedCommands, maxQueuedBytes);
    this.#deadlinePulse = new Pulse(clock, DEADLINE_CHECK_MS, () => this.#checkDeadlines(), {
      holds: true,
    });
    tracker.onChange((node, change) => {
      this.#onTopologyChange(node, change);
    });
  }

  /** The number of calls that are not over. */
  get pending(): number {
    return this.#deadlines.size;
  }

  /** The numbers of calls that wait for a node. */
  get waiting(): { readonly reads: number; readonly writes: number } {
    return { reads: this.#waitingReads.size, writes: this.#waitingWrites.size };
  }

  /** Starts a call. The promise settles by its deadline. */
  execute(
    payload: Payload,
    intent: CommandIntent,
    isRepeatable: boolean,
    options: CallOptions | null,
  ): Promise<unknown> {
    const given = options ?? NO_OPTIONS;
    const { readTimeoutMs, writeTimeoutMs, retryUncertain } = this.#options;
    return new Promise((resolve, reject) => {
      const call = new Call({
        payload,
        intent,
        isRepeatable: given.idempotent ?? (isRepeatable && (retryUncertain || !intent.changes)),
        readPolicy: given.readPolicy ?? null,
        timeoutMs: given.timeoutMs ?? (intent.route === 'read' ? readTimeoutMs : writeTimeoutMs),
        now: this.#clock.now(),
        sequence: this.#sequence++,
        owner: this,
        resolve,
        reject,
      });
      this.#admit(call, given.signal ?? null);
    });
  }

  /** Refuses new calls, ends those that wait, lets the others finish within `timeoutMs`, then ends them. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    const until = this.#clock.now() + timeoutMs;
    // Calls that wait for a node would only use up the time.
    this.#endAll((call) => call.queuedBytes > 0);
    while (this.#deadlines.size > 0 && this.#clock.now() < until) await this.#clock.sleep(5);
    this.#stopRetry?.();
    this.#endAll(() => true);
  }

  onReply(call: Call, value: unknown): void {
    this.#deadlines.remove(call);
    if (call.isWanted) this.recorder.succeeded(call.kind, call.startedAt);
    call.resolve(value);
    if (call.intent.route === 'read') return;
    // Only an accepted write shows that the node accepts the next ones.
    if (call === this.#firstWrite) this.#endFirstWrite(call.intent.changes);
    if (call.intent.changes) this.#tracker.noteAcceptedWrite();
    this.#leavePortion(call);
  }

  onError(call: Call, error: unknown, node: SharedConnection): void {
    const failure = classifyFailure(error);
    const { changes } = call.intent;
    const step = nextStep({ failure, changes, isRepeatable: call.isRepeatable });
    if (failure === 'unknown') call.mayHaveRun ||= changes;
    else if (changes) this.#tracker.noteRefusedWrite(replyPrefix(error as Error));
    if (call.isWanted) this.#takeStep(step, call, error, node);
    if (call === this.#firstWrite) this.#endFirstWrite(false);
    this.#leavePortion(call);
  }

  onLost(call: Call, reason: string, sent: boolean): void {
    if (call === this.#firstWrite) this.#endFirstWrite(false);
    this.#leavePortion(call);
    if (!call.isWanted || call.openAttempts > 0) return;
    const { changes } = call.intent;
    if (sent) call.mayHaveRun ||= changes;
    const failure = sent ? 'unknown' : 'not-sent';
    const step = nextStep({ failure, changes, isRepeatable: call.isRepeatable });
    if (step === 'uncertain') this.#finishUncertain(call, reason);
    else {
      this.recorder.retried('lost');
      this.#route(call, true);
    }
  }

  onExpired(call: Call): void {
    if (call.isUncertain) this.#finishUncertain(call, DEADLINE_PASSED);
    else this.#finish(call, expiredError(call, this.#tracker, this.#options.readPolicy));
  }

  #takeStep(step: NextStep, call: Call, error: unknown, node: SharedConnection): void {
    if (step === 'look-again') this.#tracker.suspect(node, 'READONLY');
    if (step === 'reject') this.#finish(call, rejectedError(call.payload.label, error));
    else if (step === 'uncertain') this.#finishUncertain(call, 'the answer was lost');
    else this.#sendAgain(call, node);
  }

  #admit(call: Call, signal: AbortSignal | null): void {
    if (this.#isClosed) {
      this.#refuse(call, closedError(call));
      return;
    }
    if (signal !== null && !this.#watchSignal(call, signal)) return;
    this.#deadlines.add(call);
    this.#deadlinePulse.wake();
    this.#route(call, false);
  }

  // Such a call has no deadline in the list and waits nowhere.
  #refuse(call: Call, error: Error): void {
    this.recorder.failed(call.kind, call.startedAt, error);
    call.reject(error);
  }

  #watchSignal(call: Call, signal: AbortSignal): boolean {
    if (signal.aborted) {
      this.#refuse(call, abortedError(call, signal));
      return false;
    }
    const onAbort = (): void => {
      if (call.isUncertain) this.#finishUncertain(call, 'the caller aborted it');
      else this.#finish(call, abortedError(call, signal));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    call.onSettled = () => {
      signal.removeEventListener('abort', onAbort);
    };
    return true;
  }

  #route(call: Call, isReturning: boolean): void {
    if (call.intent.route === 'read') {
      const node = this.#reads.pick(call.readPolicy);
      if (node !== null) node.enqueue(call);
      else this.#wait(call, this.#waitingReads, isReturning);
      return;
    }
    const node = this.#writeNode;
    const isFree = node !== null && !this.#isFirstWriteDue && this.#waitingWrites.size === 0;
    if (isFree && node.acceptsJobs && !isReturning) {
      node.enqueue(call);
      return;
    }
    this.#wait(call, this.#waitingWrites, isReturning);
    this.#sendWaitingWrites();
  }

  #wait(call: Call, line: CallQueue, isReturning: boolean): void {
    if (line.add(call, isReturning)) return;
    this.#finish(call, queueFullError(call, line, this.#options));
  }

  #onTopologyChange(node: SharedConnection | null, change: NodeChange | null): void {
    this.#reads.refresh();
    const writable = this.#tracker.isWritable ? this.#tracker.primary : null;
    if (writable !== this.#writeNode) {
      this.#writeNode = writable;
      this.#refusals = 0;
      if (writable !== null) this.#isFirstWriteDue = true;
    }
    if (change === 'stalled' && node !== null) this.#askOthersInsteadOf(node);
    this.#sendWaitingReads();
    this.#sendWaitingWrites();
  }

  #sendWaitingReads(): void {
    for (let left = this.#waitingReads.size; left > 0; left--) {
      const call = this.#waitingReads.shift();
      if (call === null) return;
      this.#route(call, true);
    }
  }

  #sendWaitingWrites(): void {
    const node = this.#writeNode;
    if (node === null || this.#firstWrite !== null || this.#stopRetry !== null) return;
    // In portions: thousands of them at once would hold up the reads and the whole process, both while
    // they are written and while their answers arrive.
    while (node.acceptsJobs && this.#portion < PORTION) {
      const call = this.#waitingWrites.shift();
      if (call === null) {
        this.#isFirstWriteDue = false;
        return;
      }
      call.isInPortion = true;
      this.#portion++;
      node.enqueue(call);
      if (!this.#isFirstWriteDue) continue;
      this.#firstWrite = call;
      return;
    }
  }

  // The next portion is sent when half of the last one is answered or lost.
  #leavePortion(call: Call): void {
    if (!call.isInPortion) return;
    call.isInPortion = false;
    this.#portion--;
    if (this.#waitingWrites.size > 0 && this.#portion <= PORTION / 2) this.#sendWaitingWrites();
  }

  #endFirstWrite(isAccepted: boolean): void {
    this.#firstWrite = null;
    this.#isFirstWriteDue &&= !isAccepted;
    if (isAccepted) this.#refusals = 0;
    this.#sendWaitingWrites();
  }

  #sendAgain(call: Call, node: SharedConnection): void {
    if (call.openAttempts > 0) return;
    this.recorder.retried('refused');
    if (call.intent.route === 'read') {
      const other = call.wasRefused ? null : this.#reads.pick(call.readPolicy, node);
      call.wasRefused = true;
      if (other !== null) other.enqueue(call);
      else this.#pauseAfterRefusal(call, this.#waitingReads);
      return;
    }
    this.#isFirstWriteDue = true;
    this.#pauseAfterRefusal(call, this.#waitingWrites);
  }

  // A node that has just refused is not asked again before a short pause.
  #pauseAfterRefusal(call: Call, line: CallQueue): void {
    this.#wait(call, line, true);
    if (this.#stopRetry !== null) return;
    this.#stopRetry = this.#clock.after(pauseAfter(this.#refusals++), () => {
      this.#stopRetry = null;
      this.#sendWaitingReads();
      this.#sendWaitingWrites();
    });
  }

  // Reads may be asked twice: the first answer counts.
  #askOthersInsteadOf(node: SharedConnection): void {
    for (const job of node.inflightJobs) {
      if (!(job instanceof Call) || job.kind !== 'read' || job.isHedged || !job.isWanted) continue;
      const other = this.#reads.pick(job.readPolicy, node);
      if (other === null) return;
      job.isHedged = true;
      this.recorder.retried('silent');
      other.enqueue(job);
    }
  }

  #finish(call: Call, error: Error): void {
    this.#deadlines.remove(call);
    (call.kind === 'read' ? this.#waitingReads : this.#waitingWrites).leave(call);
    if (call.isWanted) this.recorder.failed(call.kind, call.startedAt, error);
    call.reject(error);
    // No other write may wait for a first write that is over, whatever ended it.
    if (call === this.#firstWrite) this.#endFirstWrite(false);
  }

  #finishUncertain(call: Call, reason: string): void {
    this.#bus.emit({ type: 'command.uncertain', command: call.payload.label, reason });
    this.#finish(call, uncertainError(call, reason));
  }

  #endAll(isMeant: (call: Call) => boolean): void {
    for (const item of this.#deadlines) {
      if (!(item instanceof Call) || !isMeant(item)) continue;
      if (item.isUncertain) this.#finishUncertain(item, 'the application is shutting down');
      else this.#finish(item, closedError(item));
    }
  }

  #checkDeadlines(): boolean {
    this.#deadlines.expireUntil(this.#clock.now());
    return this.#deadlines.size > 0;
  }
}
