import type { ReadPolicy } from '../../config/index.js';
import type { Job, SharedConnection, ReplySink, Wire } from '../../cluster/connection/index.js';
import type { CommandKind } from '../../base/stats/index.js';
import type { CommandIntent } from '../table/command-intent.js';
import type { Payload } from '../table/payloads.js';
import type { Deadlined, DeadlineQueue } from './deadline-list.js';

/** Decides what happens to a call after each attempt. */
export interface CallOwner {
  onReply(call: Call, value: unknown): void;
  onError(call: Call, error: unknown, node: SharedConnection): void;
  onLost(call: Call, reason: string, sent: boolean): void;
  onExpired(call: Call): void;
}

/** A command or group of commands, from the moment the caller asks for it until its outcome. */
export class Call implements Job, Deadlined {
  readonly payload: Payload;
  readonly intent: CommandIntent;
  readonly isRepeatable: boolean;
  readonly readPolicy: ReadPolicy | null;
  readonly timeoutMs: number;
  readonly deadlineAt: number;
  /** The order in which calls were made: one that is sent again keeps its place. */
  readonly sequence: number;
  /** Attempts that are not answered yet. A read may have two. */
  openAttempts = 0;
  /** True when an attempt was written and its answer was lost: it may have been executed. */
  mayHaveRun = false;
  /** True when a node has refused this read: after another refusal it pauses before the next attempt. */
  wasRefused = false;
  /** True while it is one of the waiting writes that were sent together, and is not answered yet. */
  isInPortion = false;
  /** True when a second node was asked, because the first was stalled. */
  isHedged = false;
  /** Bytes it counts for in the queue; 0 while it does not wait. */
  queuedBytes = 0;
  nextDeadline: Deadlined | null = null;
  previousDeadline: Deadlined | null = null;
  deadlineQueue: DeadlineQueue | null = null;
  #isSettled = false;
  readonly #owner: CallOwner;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  #onSettled: (() => void) | null = null;

  constructor(init: {
    readonly payload: Payload;
    readonly intent: CommandIntent;
    readonly isRepeatable: boolean;
    readonly readPolicy: ReadPolicy | null;
    readonly timeoutMs: number;
    readonly now: number;
    readonly sequence: number;
    readonly owner: CallOwner;
    readonly resolve: (value: unknown) => void;
    readonly reject: (error: unknown) => void;
  }) {
    this.payload = init.payload;
    this.intent = init.intent;
    this.isRepeatable = init.isRepeatable;
    this.readPolicy = init.readPolicy;
    this.timeoutMs = init.timeoutMs;
    this.deadlineAt = init.now + init.timeoutMs;
    this.sequence = init.sequence;
    this.#owner = init.owner;
    this.#resolve = init.resolve;
    this.#reject = init.reject;
  }

  /** Whether it may have been executed without an answer. */
  get isUncertain(): boolean {
    return this.mayHaveRun || (this.openAttempts > 0 && this.intent.changes);
  }

  /** The kind under which it is counted. */
  get kind(): CommandKind {
    return this.intent.route === 'read' ? 'read' : 'write';
  }

  /** When the caller asked for it, on the engine's clock. */
  get startedAt(): number {
    return this.deadlineAt - this.timeoutMs;
  }

  /** False once the caller has a value or an error. */
  get isWanted(): boolean {
    return !this.#isSettled;
  }

  /** Set to a function that runs once, when the call is over. */
  set onSettled(run: () => void) {
    this.#onSettled = run;
  }

  /** Resolves the promise of the caller. Does nothing if the call is over. */
  resolve(value: unknown): void {
    if (this.#settle()) this.#resolve(value);
  }

  /** Rejects the promise of the caller. Does nothing if the call is over. */
  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  write(wire: Wire, sink: ReplySink): void {
    this.openAttempts++;
    this.payload.write(wire, sink);
  }

  onReply(value: unknown): void {
    this.openAttempts--;
    this.#owner.onReply(this, value);
  }

  onError(error: unknown, node: SharedConnection): void {
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

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#onSettled?.();
    return true;
  }
}
