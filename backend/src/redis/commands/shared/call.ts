import type { ReadPolicy } from '../../config/index.js';
import {
  callerContext,
  type Job,
  type RedisNode,
  type ReplySink,
  type Wire,
} from '../../cluster/connection/index.js';
import { type CommandOperation, noteSent } from '../../base/operations/index.js';
import type { CommandKind } from '../../base/stats/index.js';
import type { CommandIntent } from '../table/command-intent.js';
import type { Payload } from '../table/payloads.js';
import type { Deadlined, DeadlineQueue } from './deadline-list.js';

/**
 * How an attempt at a call ended: with a value, with an error of the command itself, with a refusal that
 * passes, or without an answer.
 */
export type AttemptEnd = 'accepted' | 'rejected' | 'refused' | 'lost';

/** The way of a call to its nodes: that of the reads or that of the writes. */
export interface CallFlow {
  /** How many calls wait for a node. */
  readonly room: { readonly size: number };
  /** Sends the call to a node, or lets it wait for one. */
  start(call: Call): void;
  /** Is told of every attempt that has ended, also when its call is over already. */
  noteEnd(call: Call, end: AttemptEnd, prefix: string | null): void;
  /** Sends the call again, after an attempt that ended like this. */
  sendAgain(call: Call, end: AttemptEnd, node: RedisNode | null): void;
  /** Forgets the call: it is over. */
  leave(call: Call): void;
  /** Sends what waits, as far as there are nodes for it. */
  sendWaiting(): void;
}

/** Decides what happens to a call after each attempt, and at its deadline. */
export interface CallOwner {
  onReply(call: Call, value: unknown): void;
  onError(call: Call, error: unknown, node: RedisNode): void;
  onLost(call: Call, reason: string, sent: boolean): void;
  onExpired(call: Call): void;
}

/**
 * Whether its end is counted: not where its caller counts several as one, and of the digest of a script only if Redis
 * knows that.
 */
export type Counting = 'always' | 'if-known' | 'never';

/** What a call is made of. */
export interface CallInit {
  readonly payload: Payload;
  readonly intent: CommandIntent;
  readonly isRepeatable: boolean;
  readonly readPolicy: ReadPolicy | null;
  readonly timeoutMs: number;
  readonly now: number;
  readonly sequence: number;
  readonly owner: CallOwner;
  readonly flow: CallFlow;
  /** What is told of its way; `null` while nobody watches. */
  readonly operation: CommandOperation | null;
  readonly counting: Counting;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A command or group of commands, from the moment the caller asks for it until its outcome. It waits for
 * a node, or is under way in one or two attempts, or is settled. It is settled once, and each of its
 * attempts ends once, in whatever order.
 */
export class Call implements Job, Deadlined {
  readonly payload: Payload;
  readonly intent: CommandIntent;
  readonly isRepeatable: boolean;
  readonly readPolicy: ReadPolicy | null;
  readonly timeoutMs: number;
  readonly deadlineAt: number;
  /** When the caller asked for it, on the engine's clock. */
  readonly startedAt: number;
  /** The kind under which it is counted. */
  readonly kind: CommandKind;
  readonly flow: CallFlow;
  /** What is told of its way; `null` while nobody watches. */
  readonly operation: CommandOperation | null;
  readonly counting: Counting;
  /** Settles the promise of the caller. Only for a call that was ended. */
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** The order in which calls were made: one that is sent again keeps its place. */
  readonly sequence: number;
  /** False once the caller has a value or an error. */
  isWanted = true;
  /** Attempts that are written and not answered yet. A read may have two. */
  openAttempts = 0;
  /** True when an attempt was written and its answer was lost: it may have been executed. */
  mayHaveRun = false;
  /** The first word of the last refusal, such as `NOREPLICAS`; `null` while no node has refused it. */
  refusal: string | null = null;
  /** True when this read was refused and sent to another node: after another refusal there is a pause. */
  wasSentOn = false;
  /** True when a second node was asked, because the first was stalled. */
  isHedged = false;
  /** Bytes it counts for in the queue; 0 while it does not wait. */
  queuedBytes = 0;
  nextDeadline: Deadlined | null = null;
  previousDeadline: Deadlined | null = null;
  deadlineQueue: DeadlineQueue | null = null;
  readonly #owner: CallOwner;
  readonly #context = callerContext();
  #stopListening: (() => void) | null = null;

  constructor(init: CallInit) {
    this.payload = init.payload;
    this.intent = init.intent;
    this.isRepeatable = init.isRepeatable;
    this.readPolicy = init.readPolicy;
    this.timeoutMs = init.timeoutMs;
    this.startedAt = init.now;
    this.deadlineAt = init.now + init.timeoutMs;
    this.kind = init.intent.route === 'read' ? 'read' : 'write';
    this.sequence = init.sequence;
    this.flow = init.flow;
    this.operation = init.operation;
    this.counting = init.counting;
    this.#owner = init.owner;
    this.resolve = init.resolve;
    this.reject = init.reject;
  }

  /** Whether it may have been executed without an answer. */
  get isUncertain(): boolean {
    return this.mayHaveRun || (this.openAttempts > 0 && this.intent.changes);
  }

  /** Calls `onAbort` when the signal fires, until the call is settled. */
  listenTo(signal: AbortSignal, onAbort: () => void): void {
    signal.addEventListener('abort', onAbort, { once: true });
    this.#stopListening = () => {
      signal.removeEventListener('abort', onAbort);
    };
  }

  /** Nobody waits for it any more. What its attempts bring from now on is not for the caller. */
  end(): void {
    this.isWanted = false;
    this.#stopListening?.();
    this.#stopListening = null;
  }

  weigh(): number {
    return this.payload.weigh();
  }

  write(wire: Wire, sink: ReplySink, node: RedisNode): void {
    this.openAttempts++;
    if (this.operation !== null) noteSent(this.operation, node.address);
    if (this.#context === null) {
      this.payload.write(wire, sink);
      return;
    }
    // It is sent by whatever made room for it: another caller, an answer, a change of the cluster.
    this.#context.runInAsyncScope(() => {
      this.payload.write(wire, sink);
    });
  }

  onReply(value: unknown): void {
    this.openAttempts--;
    this.#owner.onReply(this, value);
  }

  onError(error: unknown, node: RedisNode): void {
    this.openAttempts--;
    this.#owner.onError(this, error, node);
  }

  onLost(reason: string, sent: boolean): void {
    if (sent) this.openAttempts--;
    this.#owner.onLost(this, reason, sent);
  }

  expire(): void {
    this.#owner.onExpired(this);
  }
}
