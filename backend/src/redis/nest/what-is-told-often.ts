import { grouped, type Telling } from './gathered-lines.js';
import type { RedisHaEventOf } from '../base/events/index.js';

/** Commands of which nobody knows whether they were executed, by their names. */
export const UNCERTAIN: Telling = {
  everyMs: 1_000,
  first: (command, reason) => `A ${command} may or may not have been executed: ${reason}`,
  more: (total, commands, reasons) => {
    const what = total === 1 ? 'command' : 'commands';
    return `${grouped(total)} more ${what} (${commands}) may or may not have been executed: ${reasons}`;
  },
};

/** Requests that are answered with 503, by the codes of their errors. */
export const FAILED_REQUESTS: Telling = {
  everyMs: 1_000,
  first: (code, reason) => `A request was answered with 503 (${code}): ${reason}`,
  more: (total, codes, reasons) =>
    `${grouped(total)} more ${total === 1 ? 'request was' : 'requests were'} answered with 503 (${codes}): ${reasons}`,
};

/** Sessions that a key is missing for, or that are refused, by their keyspaces. They are read again and again. */
export const UNREADABLE: Telling = {
  everyMs: 60_000,
  first: (keyspace, reason) => `A session in ${keyspace} cannot be read: ${reason}`,
  more: (total, keyspaces, reasons) =>
    `${grouped(total)} more reads of such sessions (${keyspaces}) in the last minute: ${reasons}`,
};

/** Returns why a session cannot be read, and what to do; `null` when it is nothing that keys have to do with. */
export function whyUnreadable({
  fault,
  keyId,
}: Pick<RedisHaEventOf<'value.rejected'>, 'fault' | 'keyId'>): string | null {
  if (fault === 'no-key') {
    return (
      `it was encrypted with the key ${keyId ?? 'unknown'}, which is not in sessions.keys. Start with that key too, ` +
      'behind the first one, until its sessions have ended. Without it their users must log in again'
    );
  }
  if (fault !== 'not-encrypted') return null;
  return (
    "it is not encrypted, and sessions.plainData is 'refuse'. Either some process still writes without keys, " +
    'or somebody else writes to Redis or to the archive'
  );
}
