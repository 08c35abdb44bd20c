import type { Reply } from '../lua/replies.js';

/** An error that Redis answers with, in its words. */
export class ReplyError extends Error {
  // By this name the library knows what a server said.
  override readonly name = 'ReplyError';
}

/** The errors that several commands answer with. */
export const ERRORS = {
  syntax: 'ERR syntax error',
  notAnInteger: 'ERR value is not an integer or out of range',
  notAFloat: 'ERR value is not a valid float',
  hashNotAnInteger: 'ERR hash value is not an integer',
  hashNotAFloat: 'ERR hash value is not a float',
  noSuchKey: 'ERR no such key',
  overflow: 'ERR increment or decrement would overflow',
  infinite: 'ERR increment would produce NaN or Infinity',
  notPositive: 'ERR value is out of range, must be positive',
  wrongType: 'WRONGTYPE Operation against a key holding the wrong kind of value',
} as const;

/** The error for a command that cannot be run. */
export function replyError(which: keyof typeof ERRORS): ReplyError {
  return new ReplyError(ERRORS[which]);
}

/** Returns the reply of a command, also when it is an error. */
export function replyOrError(run: () => Reply): Reply {
  try {
    return run();
  } catch (error) {
    if (error instanceof ReplyError) return { err: error.message };
    throw error;
  }
}
