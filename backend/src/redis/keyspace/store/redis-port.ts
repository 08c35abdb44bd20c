import type { ScriptRun } from '../../commands/index.js';
import type { Stop } from '../../base/timing/index.js';

/** What keyspaces need of a Redis. The engine provides it; tests provide their own. */
export interface RedisPort {
  /** Runs a command; replies are Buffers. Rejects by `timeoutMs` at the latest. */
  run(
    name: string,
    args: readonly (string | Buffer | number)[],
    options: RunOptions,
  ): Promise<unknown>;
  /** True when a read may be answered by a replica, so that it may lag behind. */
  readonly readsFromReplicas: boolean;
  /**
   * Calls back when the primary may have lost acknowledged writes: it moved, or was restarted. Says until when it was surely
   * there, by `clock.now()`.
   */
  onDataAtRisk(listener: (soundUntil: number) => void): Stop;
  /**
   * Calls back when all keys may have been removed at once (`FLUSHALL`, `FLUSHDB`), as long as a channel is listened to.
   * Not there where nobody but the process itself can do that.
   */
  onFlush?(listener: () => void): Stop;
  /** Calls back when Redis may be back: a node was connected, answers again or takes writes. */
  onRecovery(listener: () => void): Stop;
  /**
   * Subscribes to a channel. `onHearing` is called when it is heard, for the first time and whenever it is back, and `onLost`
   * when it is lost, in the order in which that happens: it may be lost before the promise is settled. Where Redis refuses
   * to let it be back, `onLost` is called each time, with what it answered.
   */
  listen(
    channel: string,
    onMessage: (message: string) => void,
    onHearing: () => void,
    onLost: (refusal?: Error) => void,
  ): Promise<Stop>;
}

/** How one command is run. */
export interface RunOptions {
  readonly timeoutMs: number;
  /** Running it twice is harmless. */
  readonly isIdempotent?: boolean;
  /** Asks the primary, never a replica. */
  readonly onPrimary?: boolean;
  /** The script that it is a part of, if somebody watches. */
  readonly script?: ScriptRun | undefined;
}
