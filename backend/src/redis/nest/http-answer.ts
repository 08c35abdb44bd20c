import type { RedisHaError } from '../base/errors/index.js';

/** What a client is told over HTTP about an error of this library. Nothing of the error itself but its code. */
export interface HttpAnswer {
  readonly statusCode: 401 | 500 | 503;
  readonly code: string;
  readonly message: string;
  /** Seconds after which trying again may help; `null` where a repetition helps nobody or may do harm. */
  readonly retryAfterS: number | null;
}

const RETRY_AFTER_S = 1;

// Not marked as retryable, since the library must not repeat them. To clients they are an outage that passes.
const PASSING: ReadonlySet<string> = new Set(['CLOSED', 'COMMAND_ABORTED', 'JOURNAL_FILE_FAILED']);

// What Redis refuses for now. It refuses everything else again, however often it is asked.
const REFUSED_FOR_NOW: ReadonlySet<unknown> = new Set([
  'OOM',
  'LOADING',
  'NOREPLICAS',
  'MASTERDOWN',
  'BUSY',
  'TRYAGAIN',
  'MISCONF',
]);

/** Returns what a client is told over HTTP about an error of this library: for an exception filter of your own. */
export function httpAnswerOf(error: RedisHaError): HttpAnswer {
  const { code } = error;
  if (code === 'SESSION_INVALID') {
    return { statusCode: 401, code, message: 'Log in', retryAfterS: null };
  }
  if (code === 'COMMAND_UNCERTAIN') {
    // Without a time: a client that obeys it might do twice what was done already.
    const message = 'Nobody knows whether this was done; look before you repeat it';
    return { statusCode: 503, code, message, retryAfterS: null };
  }
  if (code === 'NOT_REPLICATED') {
    const message = 'This was done, and may be lost; look before you repeat it';
    return { statusCode: 503, code, message, retryAfterS: null };
  }
  if (isOutage(error)) {
    const message = 'This is not possible right now. Try again';
    return { statusCode: 503, code, message, retryAfterS: RETRY_AFTER_S };
  }
  const message = 'Something went wrong; the log has it';
  return { statusCode: 500, code, message, retryAfterS: null };
}

function isOutage({ code, retryable, details }: RedisHaError): boolean {
  if (code === 'COMMAND_REJECTED') return REFUSED_FOR_NOW.has(details['reply']);
  return retryable || PASSING.has(code);
}
