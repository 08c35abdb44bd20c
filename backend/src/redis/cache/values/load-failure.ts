import { kindOf, LoaderFailedError, LoaderTimeoutError } from '../../base/errors/index.js';

/** Whether an error is a failed load, so that a stale value may be served. Programming errors are not. */
export function isLoadFailure(error: unknown): error is LoaderFailedError | LoaderTimeoutError {
  return error instanceof LoaderFailedError || error instanceof LoaderTimeoutError;
}

/** A short reason for events, in no words of the loader: they may hold keys and secrets. */
export function reasonOf(error: unknown): string {
  if (error instanceof LoaderFailedError && error.cause !== undefined) return reasonOf(error.cause);
  return kindOf(error);
}
