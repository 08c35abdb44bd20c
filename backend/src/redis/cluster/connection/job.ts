import type { InflightItem, InflightList } from './inflight.js';
import type { ReplySink, Wire } from './wire.js';

/** Something to send over a shared connection to a node `N`. Exactly one of the last three is called, once. */
export interface JobFor<N> {
  /** False once nobody waits for its reply: then it is not written. */
  readonly isWanted: boolean;
  /** Writes its command or commands, with nothing else between them. The sink receives the outcome. */
  write(wire: Wire, sink: ReplySink): void;
  onReply(value: unknown): void;
  /** Redis or the driver answered with an error. */
  onError(error: unknown, node: N): void;
  /** The connection was lost; `sent` says whether the job had been written. */
  onLost(reason: string, sent: boolean): void;
}

/** A job on its way over one connection. */
export class Attempt<N extends { noteAnswer(): void }> implements ReplySink, InflightItem {
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
    if (!this.#list.remove(this)) return;
    this.job.onReply(value);
    this.#node.noteAnswer();
  }

  onFailure(error: unknown): void {
    if (this.#list.remove(this)) this.job.onError(error, this.#node);
  }
}
