import type { ResolvedRedisOptions } from '../../config/index.js';
import type { RedisNode } from '../../cluster/connection/index.js';
import { classifyFailure, replyPrefix, type FailureKind } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import { noteAgain, type CommandPlace } from '../../base/operations/index.js';
import { CommandRecorder, DEADLINE_PASSED } from '../../base/stats/index.js';
import { atDeadline, Pulse, waitFor, type Clock } from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';
import { placeOf } from '../operations/place-of.js';
import type { TracedOptions } from '../table/call-options.js';
import type { CommandIntent } from '../table/command-intent.js';
import type { Payload } from '../table/payloads.js';
import { isUnknownScript } from '../table/script.js';
import { Call, type AttemptEnd, type CallFlow, type CallOwner, type Counting } from './call.js';
import { DeadlineList } from './deadline-list.js';
import type { FlowDeps } from './flow-deps.js';
import {
  abortedError,
  closedError,
  expiredError,
  queueFullError,
  rejectedError,
  uncertainError,
} from './outcome-errors.js';
import { ReadFlow } from './read-flow.js';
import { nextStep } from './retry-rules.js';
import { WriteFlow } from './write-flow.js';

const DEADLINE_CHECK_MS = 10;
const NO_OPTIONS: TracedOptions = {};
const NOBODY_LETS_IN = 'every node refuses the credentials now';

/**
 * Starts each call on the way of the reads or of the writes, decides after each attempt what comes of
 * it, and settles it by its deadline in any case.
 */
export class CommandRouter implements CallOwner {
  /** Records the outcomes of the calls and how long they took. */
  readonly recorder: CommandRecorder;
  /** Where its calls run, for those who watch. */
  readonly place: CommandPlace;
  readonly #options: ResolvedRedisOptions['routing'];
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #reads: ReadFlow;
  readonly #writes: WriteFlow;
  readonly #deadlines = new DeadlineList();
  readonly #deadlinePulse: Pulse;
  #sequence = 0;
  #isClosed = false;
  #onIdle: (() => void) | null = null;

  constructor(
    options: ResolvedRedisOptions,
    tracker: TopologyTracker,
    clock: Clock,
    bus: EventBus,
  ) {
    this.recorder = new CommandRecorder(clock);
    this.place = placeOf(options);
    this.#options = options.routing;
    this.#tracker = tracker;
    this.#clock = clock;
    this.#bus = bus;
    const deps: FlowDeps = {
      tracker,
      clock,
      recorder: this.recorder,
      finishFull: (call, queue) => {
        this.#fail(call, queueFullError(call, queue, this.#options));
      },
      finishLate: (call) => {
        this.onExpired(call);
      },
    };
    this.#reads = new ReadFlow(options.routing, deps);
    this.#writes = new WriteFlow(options.routing, deps);
    // A caller waits: the process must not end before its calls have.
    this.#deadlinePulse = new Pulse(clock, DEADLINE_CHECK_MS, () => this.#checkDeadlines(), {
      holds: true,
    });
    tracker.onChange((node, change) => {
      // Writes first: a read of the same caller is to see them.
      this.#writes.followTracker();
      this.#reads.followTracker(node, change);
      this.#endRefused();
    });
  }

  /** The number of calls that are not over. */
  get pending(): number {
    return this.#deadlines.size;
  }

  /** The numbers of calls that wait for a node. */
  get waiting(): { readonly reads: number; readonly writes: number } {
    return { reads: this.#reads.room.size, writes: this.#writes.room.size };
  }

  /** Starts a call. The promise settles by its deadline. */
  execute(
    payload: Payload,
    intent: CommandIntent,
    isRepeatable: boolean,
    options: TracedOptions | null,
  ): Promise<unknown> {
    const given = options ?? NO_OPTIONS;
    return new Promise((resolve, reject) => {
      const call = new Call({
        payload,
        intent,
        isRepeatable: given.idempotent ?? this.mayRepeat(intent, isRepeatable),
        readPolicy: intent.route === 'read' ? (given.readPolicy ?? null) : 'primary',
        timeoutMs: given.timeoutMs ?? this.#usualTimeoutMs(intent),
        now: this.#clock.now(),
        sequence: this.#sequence++,
        owner: this,
        // What changes nothing need not wait behind writes that the primary refuses.
        flow: intent.changes ? this.#writes : this.#reads,
        operation: given.operation ?? null,
        counting: countingOf(given),
        resolve,
        reject,
      });
      this.#admit(call, given.signal ?? null);
    });
  }

  /** Returns whether a harmless command is repeated, by what is configured. */
  mayRepeat(intent: CommandIntent, isHarmless: boolean): boolean {
    return isHarmless && (this.#options.retryUncertain || !intent.changes);
  }

  /** Refuses new calls, ends those that wait, lets the others finish within `timeoutMs`, then ends them. */
  async close(timeoutMs: number): Promise<void> {
    this.#isClosed = true;
    // Calls that wait for a node would only use up the time.
    this.#endAll((call) => call.queuedBytes > 0);
    await this.#untilIdle(timeoutMs);
    this.#reads.close();
    this.#writes.close();
    this.#endAll(() => true);
    this.#deadlinePulse.stop();
  }

  onReply(call: Call, value: unknown): void {
    const { flow } = call;
    if (call.isWanted) {
      this.#settle(call);
      if (call.counting !== 'never') this.recorder.succeeded(call.kind, call.startedAt);
      call.resolve(value);
    }
    flow.noteEnd(call, 'accepted', null);
    if (this.#reads.room.size + this.#writes.room.size > 0) this.#sendWaiting();
  }

  onError(call: Call, error: unknown, node: RedisNode): void {
    const failure = failureOf(call, error);
    const end = endOf(failure);
    const prefix = end === 'lost' ? null : replyPrefix(error as Error);
    if (end === 'lost') call.mayHaveRun ||= call.intent.changes;
    if (end === 'refused' && failure !== 'not-sent') call.refusal = prefix;
    call.flow.noteEnd(call, end, prefix);
    if (failure === 'not-primary') this.#tracker.suspect(node, 'READONLY');
    this.#goOn(call, failure, { end, node, error, wasSent: true, reason: 'the answer was lost' });
    this.#sendWaiting();
  }

  onLost(call: Call, reason: string, sent: boolean): void {
    if (sent) call.mayHaveRun ||= call.intent.changes;
    call.flow.noteEnd(call, 'lost', null);
    const failure = sent ? 'unknown' : 'not-sent';
    this.#goOn(call, failure, { end: 'lost', node: null, wasSent: sent, reason });
    this.#sendWaiting();
  }

  onExpired(call: Call): void {
    this.#giveUp(call, DEADLINE_PASSED);
  }

  #giveUp(call: Call, reason: string): void {
    if (call.isUncertain) this.#failUncertain(call, reason);
    else this.#fail(call, expiredError(call, this.#tracker, this.#options.readPolicy));
  }

  #usualTimeoutMs(intent: CommandIntent): number {
    const { readTimeoutMs, slowReadTimeoutMs, writeTimeoutMs } = this.#options;
    if (intent.route !== 'read') return writeTimeoutMs;
    return intent.isFast ? readTimeoutMs : slowReadTimeoutMs;
  }

  #admit(call: Call, signal: AbortSignal | null): void {
    if (this.#isClosed) {
      this.#fail(call, closedError(call));
      return;
    }
    if (signal !== null && !this.#listenTo(signal, call)) return;
    this.#deadlines.add(call);
    this.#deadlinePulse.wake();
    call.flow.start(call);
  }

  #listenTo(signal: AbortSignal, call: Call): boolean {
    const onAbort = (): void => {
      if (call.isUncertain) this.#failUncertain(call, 'the caller aborted it');
      else this.#fail(call, abortedError(call, signal));
      this.#sendWaiting();
    };
    if (signal.aborted) onAbort();
    else call.listenTo(signal, onAbort);
    return call.isWanted;
  }

  // After an attempt without a value. While another attempt is under way, that one decides.
  #goOn(call: Call, failure: FailureKind, attempt: FailedAttempt): void {
    if (!call.isWanted) return;
    const { mayHaveRun, isRepeatable } = call;
    const step = nextStep({ failure, changes: call.intent.changes, isRepeatable, mayHaveRun });
    if (step === 'reject') {
      this.#fail(call, rejectedError(call.payload.label, attempt.error, call.intent.isDeclared));
    } else if (failure === 'rejected') {
      // It was sent again because it may have run: the rejection says nothing about the first time.
      this.#failUncertain(call, 'it was rejected when it was sent again', attempt.error);
    } else if (call.openAttempts > 0) {
      return;
    } else if (step === 'uncertain') {
      this.#failUncertain(call, attempt.reason);
    } else {
      if (call.mayHaveRun) call.payload.mayHaveRunBefore = true;
      if (attempt.wasSent) this.#noteAgain(call, attempt.end === 'refused' ? 'refused' : 'lost');
      call.flow.sendAgain(call, attempt.end, attempt.node);
    }
  }

  #noteAgain(call: Call, reason: 'refused' | 'lost'): void {
    this.recorder.retried(reason);
    if (call.operation !== null) noteAgain(call.operation, reason);
  }

  // The one place where a call ends.
  #settle(call: Call): void {
    call.end();
    this.#deadlines.remove(call);
    if (call.queuedBytes > 0) call.flow.leave(call);
    if (this.#onIdle !== null && this.#deadlines.size === 0) this.#onIdle();
  }

  #fail(call: Call, error: Error): void {
    if (!call.isWanted) return;
    this.#settle(call);
    if (isCounted(call, error)) this.recorder.failed(call.kind, call.startedAt, error);
    call.reject(error);
  }

  #failUncertain(call: Call, reason: string, cause?: unknown): void {
    this.#bus.emit({ type: 'command.uncertain', command: call.payload.label, reason });
    this.#fail(call, uncertainError(call, reason, cause));
  }

  // The end of one call may make room for others on either way.
  #sendWaiting(): void {
    for (const flow of [this.#reads, this.#writes] as readonly CallFlow[]) {
      if (flow.room.size > 0) flow.sendWaiting();
    }
  }

  #untilIdle(timeoutMs: number): Promise<void> {
    return waitFor<undefined>(
      ({ give }) => {
        this.#onIdle = () => give(undefined);
        if (this.#deadlines.size === 0) give(undefined);
        return () => (this.#onIdle = null);
      },
      atDeadline(this.#clock, timeoutMs),
    ).catch(() => undefined);
  }

  #endAll(isMeant: (call: Call) => boolean): void {
    for (const item of this.#deadlines) {
      if (!(item instanceof Call) || !isMeant(item)) continue;
      if (item.isUncertain) this.#failUncertain(item, 'the application is shutting down');
      else this.#fail(item, closedError(item));
    }
  }

  // Every node has refused the credentials since these calls were made: waiting until the deadline would not help.
  #endRefused(): void {
    const { accessRefusedAt } = this.#tracker;
    if (accessRefusedAt === null) return;
    for (const item of this.#deadlines) {
      const isWaiting = item instanceof Call && item.queuedBytes > 0;
      if (isWaiting && item.startedAt <= accessRefusedAt) this.#giveUp(item, NOBODY_LETS_IN);
    }
  }

  #checkDeadlines(): boolean {
    this.#deadlines.expireUntil(this.#clock.now());
    this.#sendWaiting();
    return this.#deadlines.size > 0;
  }
}

// Whoever says that a command reads is told when it writes; no other node would take it either.
function failureOf({ intent }: Call, error: unknown): FailureKind {
  const failure = classifyFailure(error, intent.isOpaque);
  return intent.isDeclared === true && failure === 'not-primary' ? 'rejected' : failure;
}

function countingOf({ isCountedByCaller, script }: TracedOptions): Counting {
  if (isCountedByCaller === true) return 'never';
  return script === undefined ? 'always' : 'if-known';
}

function isCounted({ counting }: Call, error: Error): boolean {
  return counting === 'always' || (counting === 'if-known' && !isUnknownScript(error));
}

/** An attempt that brought no value. */
interface FailedAttempt {
  readonly end: AttemptEnd;
  readonly node: RedisNode | null;
  readonly reason: string;
  /** Whether anything of it was handed to a socket: what was not is not sent again. */
  readonly wasSent: boolean;
  readonly error?: unknown;
}

// A socket that takes nothing counts as a refusal: it is asked again after a pause, when the loss may be known.
function endOf(failure: FailureKind): AttemptEnd {
  if (failure === 'rejected') return 'rejected';
  return failure === 'unknown' ? 'lost' : 'refused';
}
