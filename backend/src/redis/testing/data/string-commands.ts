import { OK } from '../lua/replies.js';
import {
  atLeast,
  exactly,
  type MemoryCommand,
  type MemoryCommands,
  OptionWords,
  pairsOf,
  word,
} from './command-words.js';
import { expiryIn, expiryWith, isExpiryUnit } from './expiry.js';
import type { MemoryKeys } from './memory-keys.js';
import { decimalSum, index, integer, sumOf } from './numbers.js';
import { ReplyError, replyError } from './reply-error.js';

/** Commands on strings and counters. */
export const STRING_COMMANDS: MemoryCommands = {
  get: exactly(1, (keys, args) => keys.string(word(args, 0))),
  set: atLeast(2, set),
  setnx: exactly(2, (keys, args) => setAllIfNone(keys, args)),
  setex: exactly(3, (keys, [key = '', time = '', value = '']) => {
    keys.put(key, value, expiryIn(keys.now, time, { unit: 'ex', command: 'setex' }));
    return OK;
  }),
  psetex: exactly(3, (keys, [key = '', time = '', value = '']) => {
    keys.put(key, value, expiryIn(keys.now, time, { unit: 'px', command: 'psetex' }));
    return OK;
  }),
  getset: exactly(2, (keys, [key = '', value = '']) => {
    const before = keys.string(key);
    keys.put(key, value);
    return before;
  }),
  getdel: exactly(1, (keys, [key = '']) => {
    const before = keys.string(key);
    keys.remove(key);
    return before;
  }),
  getex: atLeast(1, getex),
  mget: atLeast(1, (keys, names) =>
    names.map((key) => {
      const held = keys.find(key);
      return typeof held === 'string' ? held : null;
    }),
  ),
  mset: atLeast(2, (keys, args) => {
    requirePairs(args, 'mset');
    for (const [key, value] of pairsOf(args)) keys.put(key, value);
    return OK;
  }),
  msetnx: atLeast(2, (keys, args) => {
    requirePairs(args, 'msetnx');
    return setAllIfNone(keys, args);
  }),
  append: exactly(2, (keys, [key = '', more = '']) => {
    const text = `${keys.string(key) ?? ''}${more}`;
    keys.put(key, text, keys.expiryOf(key) ?? Infinity);
    return text.length;
  }),
  strlen: exactly(1, (keys, [key = '']) => keys.string(key)?.length ?? 0),
  getrange: exactly(3, (keys, [key = '', from = '', to = '']) => {
    const [start, end] = [index(from), index(to)];
    return slice(keys.string(key) ?? '', start, end);
  }),
  setrange: exactly(3, setrange),
  incr: exactly(1, (keys, [key = '']) => increment(keys, key, 1n)),
  decr: exactly(1, (keys, [key = '']) => increment(keys, key, -1n)),
  incrby: exactly(2, (keys, [key = '', by = '']) => increment(keys, key, integer(by))),
  decrby: exactly(2, (keys, [key = '', by = '']) => {
    const amount = integer(by);
    if (amount === -(2n ** 63n)) throw new ReplyError('ERR decrement would overflow');
    return increment(keys, key, -amount);
  }),
  incrbyfloat: exactly(2, (keys, [key = '', by = '']) => {
    const sum = decimalSum(keys.string(key) ?? '0', by);
    keys.put(key, sum, keys.expiryOf(key) ?? Infinity);
    return sum;
  }),
};

interface SetOptions {
  readonly condition: 'nx' | 'xx' | null;
  readonly isGet: boolean;
  readonly isKept: boolean;
  readonly expiresAt: number | null;
}

const PLAIN: SetOptions = { condition: null, isGet: false, isKept: false, expiresAt: null };

function set(keys: MemoryKeys, args: readonly string[]): ReturnType<MemoryCommand['run']> {
  const [key, value] = [word(args, 0), word(args, 1)];
  const { condition, isGet, isKept, expiresAt } = setOptions(keys.now, args.slice(2));
  const before = isGet ? keys.string(key) : null;
  const isThere = keys.find(key) !== undefined;
  if (condition !== null && isThere !== (condition === 'xx')) return before;
  const kept = isKept ? keys.expiryOf(key) : null;
  keys.put(key, value, expiresAt ?? kept ?? Infinity);
  return isGet ? before : OK;
}

function setOptions(now: number, args: readonly string[]): SetOptions {
  const words = new OptionWords(args);
  let options = PLAIN;
  while (words.left > 0) options = { ...options, ...setOption(now, words, options) };
  return options;
}

function setOption(now: number, words: OptionWords, known: SetOptions): Partial<SetOptions> {
  const option = words.option();
  if (option === 'get') return { isGet: true };
  if (option === 'nx' || option === 'xx') {
    if (known.condition !== null && known.condition !== option) throw replyError('syntax');
    return { condition: option };
  }
  if (known.expiresAt !== null) throw replyError('syntax');
  if (option === 'keepttl') return { isKept: true };
  if (!isExpiryUnit(option) || known.isKept) throw replyError('syntax');
  return { expiresAt: expiryIn(now, words.value(), { unit: option, command: 'set' }) };
}

function getex(keys: MemoryKeys, [key = '', ...args]: readonly string[]): string | null {
  const words = new OptionWords(args);
  let expiresAt: number | null = null;
  while (words.left > 0) {
    if (expiresAt !== null) throw replyError('syntax');
    expiresAt = expiryWith(keys.now, words, 'getex');
  }
  const value = keys.string(key);
  if (value !== null && expiresAt !== null) keys.expireAt(key, expiresAt);
  return value;
}

function setAllIfNone(keys: MemoryKeys, args: readonly string[]): number {
  const pairs = pairsOf(args);
  if (pairs.some(([key]) => keys.find(key) !== undefined)) return 0;
  for (const [key, value] of pairs) keys.put(key, value);
  return 1;
}

function requirePairs(args: readonly string[], command: string): void {
  if (args.length % 2 === 0) return;
  throw new ReplyError(`ERR wrong number of arguments for '${command}' command`);
}

function setrange(keys: MemoryKeys, [key = '', at = '', part = '']: readonly string[]): number {
  const offset = index(at);
  if (offset < 0) throw new ReplyError('ERR offset is out of range');
  const before = keys.string(key) ?? '';
  if (part === '') return before.length;
  const text = `${before.padEnd(offset, '\0').slice(0, offset)}${part}${before.slice(offset + part.length)}`;
  keys.put(key, text, keys.expiryOf(key) ?? Infinity);
  return text.length;
}

function increment(keys: MemoryKeys, key: string, by: bigint): number {
  const sum = sumOf(integer(keys.string(key) ?? '0'), by);
  keys.put(key, String(sum), keys.expiryOf(key) ?? Infinity);
  return Number(sum);
}

function slice(text: string, from: number, to: number): string {
  if (from < 0 && to < 0 && from > to) return '';
  const place = (at: number): number => Math.max(0, at < 0 ? text.length + at : at);
  return text.slice(place(from), place(to) + 1);
}
