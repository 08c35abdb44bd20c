import { OK } from '../lua/replies.js';
import {
  atLeast,
  exactly,
  flagsIn,
  type MemoryCommand,
  type MemoryCommands,
  OptionWords,
} from './command-words.js';
import { endOf, type ExpiryUnit } from './expiry.js';
import { matches } from './glob.js';
import { copyOf, type MemoryKeys, typeOf } from './memory-keys.js';
import { index, integer } from './numbers.js';
import { ReplyError, replyError } from './reply-error.js';

/** Commands on keys, whatever they hold. */
export const KEY_COMMANDS: MemoryCommands = {
  del: atLeast(1, (keys, names) => names.filter((key) => keys.remove(key)).length),
  unlink: atLeast(1, (keys, names) => names.filter((key) => keys.remove(key)).length),
  exists: atLeast(1, (keys, names) => names.filter((key) => keys.find(key) !== undefined).length),
  touch: atLeast(1, (keys, names) => names.filter((key) => keys.find(key) !== undefined).length),
  type: exactly(1, (keys, [key = '']) => ({ ok: typeOf(keys.find(key)) })),
  expire: expireCommand('ex', 'expire'),
  pexpire: expireCommand('px', 'pexpire'),
  expireat: expireCommand('exat', 'expireat'),
  pexpireat: expireCommand('pxat', 'pexpireat'),
  ttl: exactly(1, (keys, [key = '']) => leftOf(keys, key, (ms) => Math.floor((ms + 500) / 1_000))),
  pttl: exactly(1, (keys, [key = '']) => leftOf(keys, key, Math.floor)),
  expiretime: exactly(1, (keys, [key = '']) => endOfKey(keys, key, 1_000)),
  pexpiretime: exactly(1, (keys, [key = '']) => endOfKey(keys, key, 1)),
  persist: exactly(1, (keys, [key = '']) => {
    const end = keys.expiryOf(key);
    if (end === null || end === Infinity) return 0;
    keys.expireAt(key, Infinity);
    return 1;
  }),
  rename: exactly(2, (keys, [from = '', to = '']) => {
    rename(keys, from, to);
    return OK;
  }),
  renamenx: exactly(2, (keys, [from = '', to = '']) => {
    if (keys.find(from) !== undefined && keys.find(to) !== undefined) return 0;
    rename(keys, from, to);
    return 1;
  }),
  copy: atLeast(2, copy),
  keys: exactly(1, (keys, [pattern = '']) => keys.names.filter((key) => matches(pattern, key))),
  randomkey: exactly(0, ({ names }) => names[Math.floor(Math.random() * names.length)] ?? null),
  dbsize: exactly(0, ({ names }) => names.length),
  flushdb: atLeast(0, flush, 1),
  flushall: atLeast(0, flush, 1),
};

function expireCommand(unit: ExpiryUnit, command: string): MemoryCommand {
  return atLeast(2, (keys, [key = '', time = '', ...words]) => {
    const flags = flagsIn(words, ['nx', 'xx', 'gt', 'lt']);
    if (flags.has('nx') && flags.size > 1) {
      throw new ReplyError('ERR NX and XX, GT or LT options at the same time are not compatible');
    }
    if (flags.has('gt') && flags.has('lt')) {
      throw new ReplyError('ERR GT and LT options at the same time are not compatible');
    }
    const end = endOf(keys.now, integer(time), { unit, command });
    const present = keys.expiryOf(key);
    if (present === null || !isWanted(flags, present, end)) return 0;
    keys.expireAt(key, end);
    return 1;
  });
}

function isWanted(flags: ReadonlySet<string>, present: number, end: number): boolean {
  if (flags.has('nx') && present !== Infinity) return false;
  if (flags.has('xx') && present === Infinity) return false;
  if (flags.has('gt') && end <= present) return false;
  return !flags.has('lt') || end < present;
}

function leftOf(keys: MemoryKeys, key: string, shown: (ms: number) => number): number {
  const end = keys.expiryOf(key);
  if (end === null) return -2;
  return end === Infinity ? -1 : shown(end - keys.now);
}

function endOfKey(keys: MemoryKeys, key: string, unitMs: number): number {
  const end = keys.expiryOf(key);
  if (end === null) return -2;
  return end === Infinity ? -1 : Math.floor((end + unitMs / 2) / unitMs);
}

function rename(keys: MemoryKeys, from: string, to: string): void {
  const held = keys.find(from);
  if (held === undefined) throw replyError('noSuchKey');
  const end = keys.expiryOf(from) ?? Infinity;
  keys.remove(from);
  keys.put(to, held, end);
}

function copy(keys: MemoryKeys, args: readonly string[]): number {
  const words = new OptionWords(args);
  const [from, to] = [words.value(), words.value()];
  const isToReplace = replacesIn(words);
  if (from === to) throw new ReplyError('ERR source and destination objects are the same');
  const held = keys.find(from);
  if (held === undefined || (!isToReplace && keys.find(to) !== undefined)) return 0;
  keys.put(to, copyOf(held), keys.expiryOf(from) ?? Infinity);
  return 1;
}

function replacesIn(words: OptionWords): boolean {
  let isToReplace = false;
  while (words.left > 0) {
    if (words.accepts('replace')) isToReplace = true;
    else if (!words.accepts('db') || index(words.value()) !== 0) throw replyError('syntax');
  }
  return isToReplace;
}

function flush(keys: MemoryKeys, [how]: readonly string[]): typeof OK {
  if (how !== undefined && !/^(a?sync)$/i.test(how)) throw replyError('syntax');
  for (const key of keys.names) keys.remove(key);
  return OK;
}
