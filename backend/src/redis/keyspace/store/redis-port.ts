import type { Stop } from '../../base/timing/index.js';

/** What this room needs of a Redis: the engine implements it, and tests have their own. */
export interface RedisPort {
  /** Runs a command; replies are Buffers. Rejects by `timeoutMs` at the latest. */
  run(
    name: string,
    args: readonly (string | Buffer | number)[],
    options: RunOptions,
  ): Promise<unknown>;
  /** True when a read may be answered by a replica, so that it may lag behind. */
  readonly readsFromReplicas: boolean;
  /** Calls back when the primary may have lost acknowledged writes: it moved, or was restarted. */
  onDataAtRisk(listener: () => void): Stop;
  /** Calls back when Redis may be back: a node was connected, answers again or takes writes. */
  onRecovery(listener: () => void): Stop;
  /** Listens to a channel. `onLost` is called when listening stops, `onGap` when it has started again. */
  listen(
    channel: string,
    onMessage: (message: string) => void,
    onGap: () => void,
    onLost: () => void,
  ): Promise<Stop>;
}

/** How one command is run. */
export interface RunOptions {
  readonly timeoutMs: number;
  /** Running it twice is harmless. */
  readonly isIdempotent?: boolean;
  /** Never ask a replica. */
  readonly onPrimary?: boolean;
}
