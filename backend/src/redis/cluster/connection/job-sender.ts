import { afterPromises, type Clock } from '../../base/timing/index.js';
import { InflightList, type InflightItem } from '../../base/collections/index.js';
import type { JobFor } from './job.js';
import { StallWatch, type StallChange } from './stall-watch.js';
import type { ReplySink, Wire } from './wire/wire.js';

// With this many unanswered jobs no more are taken: a command in our queue can still go to another
// node or fail at its deadline, one in a socket cannot.
const MAX_UNANSWERED = 10_000;

// The same for memory: what has not left this process yet counts. So few jobs are not weighed, because
// weighing costs time and they are bounded by what one caller holds anyway.
const MAX_UNSENT_BYTES = 64 * 1024 * 1024;
const FEW_JOBS = 32;

/** What a {@link JobSender} needs. */
export interface JobSenderDeps {
  readonly stallAfterMs: number;
  readonly heartbeatTimeoutMs: number;
  /** Called when jobs were sent: from now on {@link JobSender.checkForStall} must be called. */
  readonly onSent: () => void;
}

/**
 * Sends the jobs of one turn of the event loop in one write, and ends each with exactly one callback:
 * by its answer, when the connection is lost, or because nobody waits for it any more.
 */
export class JobSender<N> {
  readonly stall: StallWatch;
  readonly #node: N;
  readonly #clock: Clock;
  readonly #onSent: () => void;
  readonly #inflight = new InflightList<Attempt<N>>();
  #outbox: JobFor<N>[] = [];
  #outboxBytes = 0;
  #wire: Wire | null = null;
  #isFlushScheduled = false;

  constructor(node: N, clock: Clock, deps: JobSenderDeps) {
    this.#node = node;
    this.#clock = clock;
    this.#onSent = deps.onSent;
    this.stall = new StallWatch(deps.stallAfterMs, deps.heartbeatTimeoutMs);
  }

  /** The number of jobs that were handed over and have not ended. */
  get unanswered(): number {
    return this.#inflight.size + this.#outbox.length;
  }

  /** Whether jobs may be handed over now. */
  get acceptsJobs(): boolean {
    const wire = this.#wire;
    if (wire === null || this.stall.isStalled) return false;
    const unanswered = this.#inflight.size + this.#outbox.length;
    if (unanswered < FEW_JOBS) return true;
    if (unanswered >= MAX_UNANSWERED) return false;
    return this.#outboxBytes + wire.unsentBytes < MAX_UNSENT_BYTES;
  }

  /** The jobs that are in flight now. */
  get inflightJobs(): readonly JobFor<N>[] {
    return this.#inflight.toArray().map(({ job }) => job);
  }

  /** Sends jobs over this connection from now on. */
  start(wire: Wire): void {
    this.#wire = wire;
    this.stall.reset(this.#clock.now());
  }

  /** Ends every job: the connection is lost. */
  stop(reason: string): void {
    this.#wire = null;
    this.stall.reset(this.#clock.now());
    const sent = this.#inflight.drain();
    const unsent = this.#outbox;
    this.#outbox = [];
    this.#outboxBytes = 0;
    for (const { job } of sent) job.onLost(reason, true);
    for (const job of unsent) job.onLost(reason, false);
  }

  /** Sends the job together with the others of this turn of the event loop. */
  enqueue(job: JobFor<N>): void {
    this.#outbox.push(job);
    if (this.#outbox.length > FEW_JOBS) this.#outboxBytes += job.weigh();
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    // What the promise callbacks of this turn send goes out in the same write.
    afterPromises(this.#flush);
  }

  /** Checks whether the node has stalled. Returns what has changed, if anything. */
  checkForStall(owesMore: boolean): StallChange | null {
    const owesAnswers = owesMore || this.#inflight.size > 0;
    return this.stall.look(this.#wire?.bytesMoved ?? 0, owesAnswers, this.#clock.now());
  }

  readonly #flush = (): void => {
    this.#isFlushScheduled = false;
    const [jobs, wire] = [this.#outbox, this.#wire];
    if (jobs.length === 0) return;
    this.#outbox = [];
    this.#outboxBytes = 0;
    if (wire === null) {
      for (const job of jobs) job.onLost('the connection is closed', false);
      return;
    }
    if (this.#inflight.size === 0) this.stall.start(this.#clock.now());
    for (const job of jobs) {
      if (!job.isWanted) {
        job.onLost('nobody waits for it any more', false);
        continue;
      }
      const attempt = new Attempt(job, this.#node, this.#inflight);
      this.#inflight.add(attempt);
      try {
        job.write(wire, attempt, this.#node);
      } catch (error) {
        // A command that cannot be written must not make the others of this turn fail.
        attempt.onFailure(error);
      }
    }
    wire.flush();
    this.#onSent();
  };
}

/** A job on its way over one connection. */
class Attempt<N> implements ReplySink, InflightItem {
  readonly job: JobFor<N>;
  readonly #node: N;
  readonly #list: InflightList<Attempt<N>>;
  nextInflight: InflightItem | null = null;
  previousInflight: InflightItem | null = null;
  inflightIn: object | null = null;

  constructor(job: JobFor<N>, node: N, list: InflightList<Attempt<N>>) {
    this.job = job;
    this.#node = node;
    this.#list = list;
  }

  onValue(value: unknown): void {
    if (this.#list.remove(this)) this.job.onReply(value);
  }

  onFailure(error: unknown): void {
    if (this.#list.remove(this)) this.job.onError(error, this.#node);
  }
}
