import { RedisCommandSet, RedisEngine } from '../../redis/engine/index.js';
import { onAbort, type Clock } from '../../redis/base/timing/index.js';
import type { ReachOptions } from '../reach/index.js';

/** A connection through the library, as an application has one. */
export interface Link {
  readonly engine: RedisEngine;
  readonly commands: RedisCommandSet;
}

/** How it is opened. */
export interface LinkPlan {
  readonly clock: Clock;
  /** How long a primary that takes writes is waited for, in ms. */
  readonly readyWithinMs: number;
  /** Closes it at once, and has a switchover undone as far as it can be. */
  readonly endsWith?: AbortSignal;
}

/**
 * Connects as an application does, and closes everything in the end.
 *
 * @throws the error of the library where no primary takes writes in time
 */
export async function withLink<T>(
  options: ReachOptions,
  { clock, readyWithinMs, endsWith }: LinkPlan,
  use: (link: Link) => Promise<T>,
): Promise<T> {
  const engine = new RedisEngine(options, clock);
  engine.start();
  const stop = onAbort(endsWith ?? null, () => void engine.close());
  try {
    await engine.connected.loans.whenWritable(readyWithinMs);
    return await use({ engine, commands: new RedisCommandSet(engine, null) });
  } finally {
    stop();
    await engine.close();
  }
}
