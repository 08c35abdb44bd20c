import { CommandRejectedError, replyPrefix } from '../../base/errors/index.js';

/** The first words of refusals that concern every write, whatever it is about. */
const OF_EVERYBODY: ReadonlySet<string> = new Set([
  'OOM',
  'MISCONF',
  'READONLY',
  'NOREPLICAS',
  'LOADING',
  'BUSY',
  'MASTERDOWN',
  'TRYAGAIN',
  'CLUSTERDOWN',
  'NOAUTH',
  'WRONGPASS',
  'DENIED',
]);
// An ACL may forbid a key, or the commands and scripts by which everything is written.
const OF_COMMANDS = /permissions? to run|can't run this command|unknown command/i;
const TOO_LARGE = /exceeds maximum allowed size/i;

/** The refusal of a Redis that is full: it still takes what frees memory. */
export const FULL = 'OOM';

/**
 * Returns why Redis takes no writes at all, as the first word of its answer; `null` when an error does not say
 * that: it may be about one key only.
 */
export function refusalOfAllWrites(error: unknown): string | null {
  if (!(error instanceof CommandRejectedError)) return null;
  const reply = replyPrefix(error);
  if (OF_EVERYBODY.has(reply)) return reply;
  return OF_COMMANDS.test(error.message) ? reply : null;
}

/** Whether Redis would refuse this record again, whatever else changes: only what is certain may be given up. */
export function isAboutTheRecord(error: unknown): boolean {
  if (!(error instanceof CommandRejectedError)) return false;
  return replyPrefix(error) === 'WRONGTYPE' || TOO_LARGE.test(error.message);
}
