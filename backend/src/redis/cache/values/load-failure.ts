import {
  codeOf,
  isWord,
  LoaderFailedError,
  LoaderTimeoutError,
  RedisHaError,
} from '../../base/errors/index.js';

/** Whether an error is a failed load, so that a stale value may be served. Programming errors are not. */
export function isLoadFailure(error: unknown): error is LoaderFailedError | LoaderTimeoutError {
  return error instanceof LoaderFailedError || error instanceof LoaderTimeoutError;
}

/**
 * A short reason for events: a code or the name of a class. Messages of other errors
 * may hold keys and secrets.
 */
export function reasonOf(error: unknown): string {
  if (error instanceof LoaderFailedError && error.cause !== undefined) return reasonOf(error.cause);
  if (RedisHaError.is(error)) return error.code;
  if (typeof error !== 'object' || error === null) return `(${typeof error})`;
  const { name } = error as { readonly name?: unknown };
  const kind = isWord(name) ? name : 'Error';
  const code = codeOf(error);
  return code === null ? kind : `${kind} ${code}`;
}
