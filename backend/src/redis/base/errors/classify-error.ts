import { types } from 'node:util';
import { ConnectionLostError } from './error-catalogue.js';
import { RedisHaError } from './redis-ha-error.js';

/**
 * What a failed attempt means for the command:
 * - `not-sent`: it never reached a socket
 * - `unknown`: it was written and the answer was lost
 * - `not-primary`: the node refused it because it is a replica
 * - `not-ready`: the node refused it, but may accept it soon
 * - `unblocked`: Redis ended a blocking command early, because the node changed its role
 * - `rejected`: the node refused it, and would refuse it again
 */
export type FailureKind =
  'not-sent' | 'unknown' | 'not-primary' | 'not-ready' | 'unblocked' | 'rejected';

const ROLE_REFUSALS = new Set(['READONLY', 'NOREPLICAS', 'LOADING', 'MASTERDOWN']);

/*
 * The refusals that pass, by their first word, and how the server itself words them. A script, a function
 * or a module may answer with the same first word: for a script that guards a lock, BUSY is a natural one.
 */
const SERVER_WORDING: Readonly<Record<string, RegExp>> = {
  READONLY: /^READONLY You can't write against a read only replica\./,
  LOADING: /^LOADING \w+ is loading the dataset in memory/,
  MASTERDOWN: /^MASTERDOWN Link with MASTER is down and /,
  NOREPLICAS: /^NOREPLICAS Not enough good replicas to write\./,
  BUSY: /^BUSY \w+ is busy running a (script|module command)\./,
  MISCONF: /^MISCONF (\w+ is configured to save RDB snapshots|Errors writing to the AOF file)/,
};

const EXEC_REFUSED = /^EXECABORT Transaction discarded because of: (.+)$/s;

/**
 * Returns what an error of the driver means. Only this file reads messages of the driver or of Redis.
 *
 * @param isOpaque - whether the command may answer with errors in words of the user's own
 */
export function classifyFailure(error: unknown, isOpaque = false): FailureKind {
  if (!isError(error)) return 'unknown';
  if (error.message.startsWith("Stream isn't writeable")) return 'not-sent';
  if (!isReply(error)) return 'unknown';
  const prefix = replyPrefix(error);
  // Scripts and functions never wait in the server.
  if (prefix === 'UNBLOCKED' && !isOpaque) return 'unblocked';
  if (prefix === 'EXECABORT') return classifyAbortedTransaction(error, isOpaque);
  return classifyRefusal(error.message, isOpaque);
}

function classifyRefusal(message: string, isOpaque: boolean): FailureKind {
  const prefix = firstWord(message);
  const wording = SERVER_WORDING[prefix];
  if (wording === undefined || (isOpaque && !wording.test(message))) return 'rejected';
  return prefix === 'READONLY' ? 'not-primary' : 'not-ready';
}

/** Returns whether a node refused the command as it may do right after a switch. It was not executed. */
export function isRoleRefusal(error: unknown): boolean {
  return isError(error) && ROLE_REFUSALS.has(replyPrefix(error));
}

/** Returns the first word of an error reply, such as `WRONGTYPE`. */
export function replyPrefix(error: Error): string {
  return firstWord(error.message);
}

function firstWord(message: string): string {
  return /^[A-Z][A-Z0-9_]*/.exec(message)?.[0] ?? 'ERR';
}

/** Returns the message of an error of Redis or the driver, without the arguments that some contain. */
export function safeMessage(error: unknown): string {
  if (!isError(error)) return 'unknown error';
  return error.message
    .replace(/,? with args beginning with:.*$/s, '')
    .replace(/^NOGROUP .*$/s, 'NOGROUP No such key or consumer group')
    .replace(/^(ERR Error in ACL SETUSER modifier) '.*$/s, '$1')
    .replace(/(unknown (sub)?command '?)[^\s',]{40,}.*$/s, '$1…');
}

/** Removes the command's arguments from a driver error, so that it contains no keys, values or passwords. */
export function withoutArguments(error: unknown): Error {
  if (!isError(error)) return new ConnectionLostError(String(error));
  if ('command' in error) Reflect.deleteProperty(error, 'command');
  if ('previousErrors' in error) Reflect.deleteProperty(error, 'previousErrors');
  error.message = safeMessage(error);
  return error;
}

/** Returns the first refusal because of which a transaction was discarded; `null` when the error is of no transaction. */
export function firstOfTransaction(error: unknown): string | null {
  const previous: unknown = (error as { previousErrors?: unknown } | null)?.previousErrors;
  return Array.isArray(previous) && previous.length > 0 ? safeMessage(previous[0]) : null;
}

// Not `instanceof`: an error may come from another realm, as Node's own do under Jest.
function isError(error: unknown): error is Error {
  return types.isNativeError(error) || error instanceof Error;
}

function isReply(error: Error): boolean {
  return error.name === 'ReplyError' || error.constructor.name === 'ErrorReply';
}

// A transaction is refused as a whole when one of its commands was refused while it was queued, or when EXEC is
// refused itself: then the message says why, and no command was.
function classifyAbortedTransaction(error: Error, isOpaque: boolean): FailureKind {
  const cause = EXEC_REFUSED.exec(error.message)?.[1];
  if (cause !== undefined) return classifyRefusal(cause, isOpaque);
  const previous: unknown = (error as { previousErrors?: unknown }).previousErrors;
  if (!Array.isArray(previous)) return 'rejected';
  const kinds = previous.map((one) => classifyFailure(one));
  if (kinds.includes('rejected')) return 'rejected';
  return kinds.find((kind) => kind === 'not-primary') ?? kinds[0] ?? 'rejected';
}

const WORD = /^\w{1,64}$/;

// One word is a name or a code rather than data.
function isWord(text: unknown): text is string {
  return typeof text === 'string' && WORD.test(text);
}

/** The class of an error of anybody, such as `TypeError`; `null` when it has none that may be told to others. */
export function classOf(error: unknown): string | null {
  try {
    const { name } = error as { readonly name?: unknown };
    return isError(error) && isWord(name) ? name : null;
  } catch {
    return null;
  }
}

/** What kind of error it is, in no words of its own: its message may hold keys and secrets. */
export function kindOf(error: unknown): string {
  if (RedisHaError.is(error)) return error.code;
  if (typeof error !== 'object' || error === null) return `(${typeof error})`;
  const kind = classOf(error) ?? 'Error';
  const code = codeOf(error);
  return code === null ? kind : `${kind} ${code}`;
}

/**
 * The code of an error of anybody, such as `ENOSPC` or `JOURNAL_FULL`; `null` when it has none. It may
 * be told to others, which its message may not: that may hold keys and secrets.
 */
export function codeOf(error: unknown): string | null {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return isWord(code) ? code : null;
}
