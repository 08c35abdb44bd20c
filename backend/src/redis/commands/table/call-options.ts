import {
  choice,
  deadline,
  flag,
  objectWith,
  option,
  OptionSet,
  positive,
  type RowsOf,
} from '../../base/options/index.js';
import type { CommandOperation } from '../../base/operations/index.js';
import { readPolicy, type ReadPolicy } from '../../config/index.js';

/** What the caller says of a command that this version does not know, or of a script. */
export type DeclaredAs = 'read' | 'write';

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
  /** What a command does that this version does not know, and what a script or function does. */
  readonly as?: DeclaredAs;
  /** How many replicas must have confirmed this write before the call resolves. */
  readonly replicas?: number;
}

/** A script is one call, however many commands it takes. */
export interface ScriptRun {
  /** What it is shown as, if somebody watches. */
  operation: CommandOperation | null;
}

/** The options of one call, and what the library itself says of it. */
export interface TracedOptions extends CallOptions {
  /** What is told of the way of this call, if somebody watches. */
  readonly operation?: CommandOperation;
  /** Whether a keyspace needs it, and not the application itself. */
  readonly isOfKeyspace?: boolean;
  /** The script that it is a part of. */
  readonly script?: ScriptRun;
  /** That whoever sends it counts it: it is one of several commands for one call. */
  readonly isCountedByCaller?: boolean;
}

const ROWS = {
  timeoutMs: option(deadline, null),
  signal: option(objectWith<AbortSignal>('an AbortSignal', 'addEventListener'), null),
  readPolicy: option(readPolicy, null),
  idempotent: option(flag, null),
  as: option(choice('read', 'write'), null),
  replicas: option(positive, null),
} satisfies RowsOf<CallOptions>;

/** The options of a call, each of which stands for what is configured. */
export const CALL_OPTIONS = new OptionSet(ROWS, {
  path: '',
  example: 'redis.with({ timeoutMs: 100 })',
  foreign: {
    commandTimeout: 'timeoutMs',
    abortSignal: 'signal',
    readOnly: "Write as: 'read'",
    wait: 'replicas',
  },
});
