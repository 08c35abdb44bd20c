import type { ReplySink, Wire } from './wire/wire.js';

/**
 * Something to send over a shared connection to a node `N`. Whoever hands it over can rely on this:
 * exactly one of the last three is called, once, whatever happens.
 */
export interface JobFor<N> {
  /** False once nobody waits for its reply: then it is not written. */
  readonly isWanted: boolean;
  /** Returns about how many bytes it occupies. */
  weigh(): number;
  /** Writes its command or commands to the node, with nothing else between them. The sink receives the outcome. */
  write(wire: Wire, sink: ReplySink, node: N): void;
  onReply(value: unknown): void;
  /** Redis or the driver answered with an error. */
  onError(error: unknown, node: N): void;
  /** There will be no answer; `sent` says whether the job had been written. */
  onLost(reason: string, sent: boolean): void;
}
