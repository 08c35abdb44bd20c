import type { ReadPolicy } from '../../config/index.js';

/** What a caller may say about one call. */
export interface CallOptions {
  /** Deadline of this call in milliseconds, instead of the configured one. */
  readonly timeoutMs?: number;
  /** Gives the call up when it fires. */
  readonly signal?: AbortSignal;
  /** Read policy of this call, instead of the configured one. */
  readonly readPolicy?: ReadPolicy;
  /** Says that repeating this write is harmless, or that it is not, instead of what the command suggests. */
  readonly idempotent?: boolean;
}
