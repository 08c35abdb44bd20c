import { formatAddress } from '../base/address/index.js';
import { kindOf } from '../base/errors/index.js';
import type { RedisHaEventOf, RedisHaEventType } from '../base/events/index.js';
import { grouped, type Telling } from './gathered-lines.js';
import { LOST_BECAUSE } from './told-reasons.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** An event that may come very often: its first line is logged at once, and the others together. */
export interface ToldOften<T extends RedisHaEventType> {
  readonly level: 'error' | 'warn' | 'debug';
  readonly telling: Telling;
  /** The name under which it is counted, and why it happened; `null` when it is worth no line. */
  readonly read: (event: RedisHaEventOf<T>) => readonly [name: string, reason: string] | null;
}

/** What is logged so, by the type of the event. */
export const TOLD_OFTEN: { readonly [T in RedisHaEventType]?: ToldOften<T> } = {
  'command.uncertain': {
    level: 'warn',
    telling: {
      everyMs: SECOND_MS,
      first: (command, reason) => `A ${command} may or may not have been executed: ${reason}`,
      more: (total, commands, reasons) =>
        `${grouped(total)} more ${total === 1 ? 'command' : 'commands'} (${commands}) may or may not have been executed: ${reasons}`,
    },
    read: ({ command, reason }) => [command, reason],
  },
  'value.rejected': {
    level: 'error',
    // Sessions are read again and again.
    telling: {
      everyMs: MINUTE_MS,
      first: (keyspace, reason) => `A session in ${keyspace} cannot be read: ${reason}`,
      more: (total, keyspaces, reasons) =>
        `${grouped(total)} more reads of such sessions (${keyspaces}) in the last minute: ${reasons}`,
    },
    read: (event) => {
      const why = whyUnreadable(event);
      return why === null ? null : [event.keyspace, why];
    },
  },
  'value.write-failed': {
    level: 'warn',
    telling: {
      everyMs: MINUTE_MS,
      first: (keyspace, reason) => `A value in ${keyspace} is not kept: ${reason}`,
      more: (total, keyspaces, reasons) =>
        `${grouped(total)} more values (${keyspaces}) were not kept in the last minute: ${reasons}`,
    },
    read: ({ keyspace, reason }) => [keyspace, reason],
  },
  'listener.failed': {
    level: 'error',
    telling: {
      everyMs: SECOND_MS,
      first: (event, reason) => `A listener of ${event} failed: ${reason}`,
      more: (total, events, reasons) =>
        `Listeners failed ${grouped(total)} more times (${events}): ${reasons}`,
    },
    read: ({ event, error }) => [event, `${kindOf(error)}${whereOf(error)}`],
  },
  'counts.lost': {
    level: 'error',
    // An application may have a counter for each of its pages.
    telling: {
      everyMs: SECOND_MS,
      first: (counted, reason) => `${counted} ${reason}`,
      more: (total, _, reasons) =>
        `Counts of ${grouped(total)} more ${total === 1 ? 'counter' : 'counters'} ${reasons}`,
    },
    read: ({ key, by, reason }) => [`${grouped(by)} of the counter ${key}`, LOST_BECAUSE[reason]],
  },
  'connection.opened': {
    level: 'debug',
    telling: {
      everyMs: SECOND_MS,
      first: (node, role) => `Connected to ${node}: ${role}`,
      more: (_, nodes) => `Connected also: ${nodes}`,
    },
    read: ({ node, role }) => [formatAddress(node), role],
  },
  'connection.lost': lost('The connection to', 'connections', ({ node, reason }) => [
    formatAddress(node),
    reason,
  ]),
  'sentinel.lost': lost('Sentinel', 'Sentinels', ({ sentinel, reason }) => [
    formatAddress(sentinel),
    reason,
  ]),
};

/** What has no line of its own, by its type. */
export const OTHER_EVENTS: Telling = {
  everyMs: SECOND_MS,
  first: (type) => type,
  more: (_, types) => `More events: ${types}`,
};

/** Requests that are answered with 503, by the codes of their errors. */
export const FAILED_REQUESTS: Telling = {
  everyMs: 1_000,
  first: (code, reason) => `A request was answered with 503 (${code}): ${reason}`,
  more: (total, codes, reasons) =>
    `${grouped(total)} more ${total === 1 ? 'request was' : 'requests were'} answered with 503 (${codes}): ${reasons}`,
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

// A line of the program, and none of the message, which is the application's: of `JSON.parse` it holds what was received.
const FRAME = /^ {4}at (?:.* \()?([^()\n]+:\d+:\d+)\)?$/m;

function whereOf(error: unknown): string {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return '';
  const frames = error.stack.slice(error.stack.lastIndexOf(error.message) + error.message.length);
  const where = FRAME.exec(frames)?.[1];
  return where === undefined ? '' : ` at ${where}`;
}

function lost<T extends 'connection.lost' | 'sentinel.lost'>(
  one: string,
  several: string,
  read: ToldOften<T>['read'],
): ToldOften<T> {
  return {
    level: 'debug',
    telling: {
      everyMs: SECOND_MS,
      first: (where, reason) => `${one} ${where} is lost: ${reason}`,
      more: (total, where, reasons) =>
        `${grouped(total)} more ${several} are lost (${where}): ${reasons}`,
    },
    read,
  };
}
