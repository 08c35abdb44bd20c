import type { ReadPolicy } from '../../config/index.js';
import type { Job, SharedConnection, ReplySink, Wire } from '../../cluster/connection/index.js';
import type { CommandKind } from '../../base/stats/index.js';
import type { CommandIntent, Payload } from '../table/index.js';
import type { Deadlined, DeadlineQueue } from './deadline-list.js';

/** Who decides what becomes of a call. */
export interface CallOwner {
  onReply(call: Call, value: unknown): void;
  onError(call: Call, error: unknown, node: SharedConnection): void;
  onLost(call: Call, reason: string, sent: boolean): void;
  onExpired(call: Call): void;
}

/** A command or group of commands on its way, from the caller's wish to its outcome. */
export class Call implements Job, Deadlined {
  readonly payload: Payload;
  readonly intent: CommandIntent;
  readonly isRepeatable: boolean;
  readonly readPolicy: ReadPolicy | null;
  readonly timeoutMs: number;
  readonly deadlineAt: number;
  /** Order of arrival: commands that are sent anew keep their place. */
  readonly sequence: number;
  /** Attempts whose answer is still awaited; a read may have two. */
  openAttempts = 0;
  /** An attempt was written and its answer lost: it may have been executed. */
  mayHaveRun = false;
  /** A node refused it for now, so the next refusal is followed by a pause. */
  wasRefused = false;
  /** It waited, and was sent with others that had. */
  isInPortion = false;
  /** A second node was asked because the first was silent. */
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

  /** Nobody could say whether it was executed. */
  get isUncertain(): boolean {
    return this.mayHaveRun || (this.openAttempts > 0 && this.intent.changes);
  }

  /** What it is measured as. */
  get kind(): CommandKind {
    return this.intent.route === 'read' ? 'read' : 'write';
  }

  /** When the caller asked for it. */
  get startedAt(): number {
    return this.deadlineAt - this.timeoutMs;
  }

  /** False once the caller has an answer. */
  get isWanted(): boolean {
    return !this.#isSettled;
  }

  /** Runs once, when the call is over. */
  set onSettled(run: () => void) {
    this.#onSettled = run;
  }

  /** Hands the answer to the caller. */
  resolve(value: unknown): void {
    if (this.#settle()) this.#resolve(value);
  }

  /** Hands the error to the caller. */
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
