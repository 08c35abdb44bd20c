import type { ReadPolicy } from '../../config/index.js';

/** Options of one call. */
export interface CallOptions {
  /** Deadline of this call in milliseconds, instead of the configured one. */
  readonly timeoutMs?: number;
  /** Aborts the call when it fires. */
  readonly signal?: AbortSignal;
  /** Read policy of this call, instead of the configured one. */
  readonly readPolicy?: ReadPolicy;
  /** Whether repeating this write is harmless, instead of what is known about the command. */
  readonly idempotent?: boolean;
}
