import type { OptionWords } from './command-words.js';
import { integer } from './numbers.js';
import { ReplyError, replyError } from './reply-error.js';

/** How a command says when something ends: in seconds or milliseconds, from now on or on the calendar. */
export type ExpiryUnit = 'ex' | 'px' | 'exat' | 'pxat';

const MAX_MS = 2n ** 63n - 1n;
const FOR_EVER = Infinity;

/** Whether an option is one of those. */
export function isExpiryUnit(option: string): option is ExpiryUnit {
  return ['ex', 'px', 'exat', 'pxat'].includes(option);
}

/** Returns when something ends. Its time must be above 0. */
export function expiryIn(
  now: number,
  time: string,
  { unit, command }: { readonly unit: ExpiryUnit; readonly command: string },
): number {
  const amount = integer(time);
  if (amount <= 0n) throw invalidTime(command);
  return endOf(now, amount, { unit, command });
}

/** Returns when something ends, which may be over already. */
export function endOf(
  now: number,
  amount: bigint,
  { unit, command }: { readonly unit: ExpiryUnit; readonly command: string },
): number {
  const ms = unit.startsWith('e') ? amount * 1_000n : amount;
  const end = unit.endsWith('at') ? ms : ms + BigInt(Math.floor(now));
  if (end > MAX_MS || end < -MAX_MS || ms > MAX_MS) throw invalidTime(command);
  return Number(end);
}

/** Reads one option of GETEX. */
export function expiryWith(now: number, words: OptionWords, command: string): number {
  const option = words.option();
  if (option === 'persist') return FOR_EVER;
  if (!isExpiryUnit(option)) throw replyError('syntax');
  return expiryIn(now, words.value(), { unit: option, command });
}

function invalidTime(command: string): ReplyError {
  return new ReplyError(`ERR invalid expire time in '${command}' command`);
}
