import {
  deadline,
  flag,
  objectWith,
  option,
  OptionSet,
  type RowsOf,
} from '../../base/options/index.js';
import { readPolicy, type ReadPolicy } from '../../config/index.js';

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

const ROWS = {
  timeoutMs: option(deadline, null),
  signal: option(objectWith<AbortSignal>('an AbortSignal', 'addEventListener'), null),
  readPolicy: option(readPolicy, null),
  idempotent: option(flag, null),
} satisfies RowsOf<CallOptions>;

/** The options of a call, each of which stands for what is configured. */
export const CALL_OPTIONS = new OptionSet(ROWS, {
  path: '',
  example: 'redis.with({ timeoutMs: 100 })',
  foreign: { commandTimeout: 'timeoutMs', abortSignal: 'signal' },
});
