import type { Reply } from '../lua/replies.js';
import { OK } from '../lua/replies.js';
import {
  atLeast,
  exactly,
  type MemoryCommand,
  type MemoryCommands,
  OptionWords,
  type Waiting,
} from './command-words.js';
import type { MemoryKeys } from './memory-keys.js';
import { float, index, positive } from './numbers.js';
import { ReplyError, replyError } from './reply-error.js';

type Side = 'left' | 'right';
const NONE: readonly string[] = [];

/** Commands on lists. */
export const LIST_COMMANDS: MemoryCommands = {
  lpush: atLeast(2, (keys, [key = '', ...values]) => push(keys, key, values, 'left')),
  rpush: atLeast(2, (keys, [key = '', ...values]) => push(keys, key, values, 'right')),
  lpushx: atLeast(2, (keys, [key = '', ...values]) =>
    keys.list(key) === null ? 0 : push(keys, key, values, 'left'),
  ),
  rpushx: atLeast(2, (keys, [key = '', ...values]) =>
    keys.list(key) === null ? 0 : push(keys, key, values, 'right'),
  ),
  lpop: atLeast(1, (keys, args) => popped(keys, args, 'left'), 2),
  rpop: atLeast(1, (keys, args) => popped(keys, args, 'right'), 2),
  llen: exactly(1, (keys, [key = '']) => listOf(keys, key).length),
  lrange: exactly(3, (keys, [key = '', from = '', to = '']) => {
    const [start, end] = [index(from), index(to)];
    return part(listOf(keys, key), start, end);
  }),
  lindex: exactly(2, (keys, [key = '', at = '']) => listOf(keys, key).at(index(at)) ?? null),
  lset: exactly(3, (keys, [key = '', at = '', value = '']) => {
    const list = keys.list(key);
    if (list === null) throw replyError('noSuchKey');
    const asked = index(at);
    const place = asked < 0 ? list.length + asked : asked;
    if (list[place] === undefined) throw new ReplyError('ERR index out of range');
    list[place] = value;
    keys.changed(key);
    return OK;
  }),
  lrem: exactly(3, lrem),
  ltrim: exactly(3, (keys, [key = '', from = '', to = '']) => {
    const [start, end] = [index(from), index(to)];
    const list = keys.list(key);
    if (list === null) return OK;
    list.splice(0, list.length, ...part(list, start, end));
    keys.changed(key);
    return OK;
  }),
  linsert: exactly(4, linsert),
  lpos: atLeast(2, lpos),
  lmove: exactly(4, (keys, [from = '', to = '', wherefrom = '', whereto = '']) =>
    move(keys, [from, to], [sideOf(wherefrom), sideOf(whereto)]),
  ),
  rpoplpush: exactly(2, (keys, [from = '', to = '']) => move(keys, [from, to], ['right', 'left'])),
  lmpop: atLeast(3, (keys, args) => popOfMany(keys, args)),
  blpop: waiting(2, (keys, args) => blockingPop(keys, args, 'left')),
  brpop: waiting(2, (keys, args) => blockingPop(keys, args, 'right')),
  blmove: waiting(5, (keys, [from = '', to = '', wherefrom = '', whereto = '', time = '']) => {
    const sides: readonly [Side, Side] = [sideOf(wherefrom), sideOf(whereto)];
    return { keys: [from], waitMs: waitOf(time), attempt: () => move(keys, [from, to], sides) };
  }),
  brpoplpush: waiting(3, (keys, [from = '', to = '', time = '']) => ({
    keys: [from],
    waitMs: waitOf(time),
    attempt: () => move(keys, [from, to], ['right', 'left']),
  })),
  blmpop: waiting(4, (keys, [time = '', ...args]) => ({
    keys: args.slice(1, 1 + positive(args[0] ?? '')),
    waitMs: waitOf(time),
    attempt: () => popOfMany(keys, args),
  })),
};

/** A command that may wait. Where it may not, in a transaction, it answers as one whose time is over. */
export function waiting(min: number, wait: NonNullable<MemoryCommand['wait']>): MemoryCommand {
  return { min, max: Infinity, wait, run: (keys, args) => wait(keys, args).attempt() };
}

/** Reads how long a command waits, in seconds, as ms. */
export function waitOf(time: string): number {
  let seconds: number;
  try {
    seconds = float(time);
  } catch {
    throw new ReplyError('ERR timeout is not a float or out of range');
  }
  if (seconds < 0) throw new ReplyError('ERR timeout is negative');
  return Math.ceil(seconds * 1_000);
}

function listOf(keys: MemoryKeys, key: string): readonly string[] {
  return keys.list(key) ?? NONE;
}

function push(keys: MemoryKeys, key: string, values: readonly string[], side: Side): number {
  const list = keys.ensure<string[]>(key, keys.list(key), []);
  if (side === 'right') list.push(...values);
  else for (const value of values) list.unshift(value);
  keys.changed(key);
  return list.length;
}

function pop(keys: MemoryKeys, key: string, side: Side): string | null {
  const list = keys.list(key);
  const value = side === 'left' ? list?.shift() : list?.pop();
  if (value === undefined) return null;
  keys.changed(key);
  return value;
}

function popped(keys: MemoryKeys, [key = '', count]: readonly string[], side: Side): Reply {
  if (count === undefined) return pop(keys, key, side);
  const wanted = positive(count);
  if (keys.list(key) === null) return null;
  return popSome(keys, key, { side, count: wanted });
}

function popSome(
  keys: MemoryKeys,
  key: string,
  { side, count }: { readonly side: Side; readonly count: number },
): string[] {
  const values: string[] = [];
  while (values.length < count) {
    const value = pop(keys, key, side);
    if (value === null) break;
    values.push(value);
  }
  return values;
}

function popOfMany(keys: MemoryKeys, args: readonly string[]): Reply {
  const words = new OptionWords(args);
  const count = countOfKeys(words.value());
  const names = Array.from({ length: count }, () => words.value());
  const side = sideOf(words.value());
  let wanted = 1;
  if (words.left > 0) {
    if (!words.accepts('count')) throw replyError('syntax');
    wanted = index(words.value());
    if (wanted < 1) throw new ReplyError('ERR count should be greater than 0');
  }
  const key = names.find((name) => keys.list(name) !== null);
  return key === undefined ? null : [key, popSome(keys, key, { side, count: wanted })];
}

/** Reads how many keys follow. */
export function countOfKeys(text: string): number {
  const count = /^\d+$/.test(text) ? index(text) : 0;
  if (count < 1) throw new ReplyError('ERR numkeys should be greater than 0');
  return count;
}

function blockingPop(keys: MemoryKeys, args: readonly string[], side: Side): Waiting {
  const names = args.slice(0, -1);
  return {
    keys: names,
    waitMs: waitOf(args.at(-1) ?? ''),
    attempt: () => {
      const key = names.find((name) => keys.list(name) !== null);
      return key === undefined ? null : [key, pop(keys, key, side)];
    },
  };
}

function move(
  keys: MemoryKeys,
  [from, to]: readonly [string, string],
  [wherefrom, whereto]: readonly [Side, Side],
): string | null {
  if (keys.list(from) === null) return null;
  keys.list(to);
  const value = pop(keys, from, wherefrom);
  if (value !== null) push(keys, to, [value], whereto);
  return value;
}

function sideOf(text: string): Side {
  const side = text.toLowerCase();
  if (side !== 'left' && side !== 'right') throw replyError('syntax');
  return side;
}

/** Elements from one place to another, both included; negative places count from the end. */
export function part<T>(all: readonly T[], from: number, to: number): T[] {
  const place = (at: number): number => (at < 0 ? all.length + at : at);
  return all.slice(Math.max(0, place(from)), Math.max(0, place(to) + 1));
}

function lrem(keys: MemoryKeys, [key = '', count = '', value = '']: readonly string[]): number {
  const wanted = index(count);
  const list = keys.list(key);
  if (list === null) return 0;
  const limit = wanted === 0 ? Infinity : Math.abs(wanted);
  const places = [...list.keys()].filter((at) => list[at] === value);
  const gone = new Set((wanted < 0 ? places.reverse() : places).slice(0, limit));
  if (gone.size === 0) return 0;
  list.splice(0, list.length, ...list.filter((_, at) => !gone.has(at)));
  keys.changed(key);
  return gone.size;
}

function linsert(
  keys: MemoryKeys,
  [key = '', where = '', pivot = '', value = '']: readonly string[],
): number {
  const side = where.toLowerCase();
  if (side !== 'before' && side !== 'after') throw replyError('syntax');
  const list = keys.list(key);
  if (list === null) return 0;
  const at = list.indexOf(pivot);
  if (at < 0) return -1;
  list.splice(side === 'before' ? at : at + 1, 0, value);
  keys.changed(key);
  return list.length;
}

function lpos(keys: MemoryKeys, [key = '', value = '', ...args]: readonly string[]): Reply {
  const { rank, count, maxLength } = positionOptions(args);
  const list = listOf(keys, key);
  const places = [...list.keys()];
  const looked = (rank < 0 ? places.reverse() : places).slice(0, maxLength);
  const found = looked.filter((at) => list[at] === value).slice(Math.abs(rank) - 1);
  return count === null ? (found[0] ?? null) : found.slice(0, count === 0 ? Infinity : count);
}

function positionOptions(args: readonly string[]): {
  readonly rank: number;
  readonly count: number | null;
  readonly maxLength: number;
} {
  const words = new OptionWords(args);
  let [rank, count, maxLength] = [1, null as number | null, 0];
  while (words.left > 0) {
    const option = words.option();
    if (option === 'rank') rank = index(words.value());
    else if (option === 'count') count = notNegative('COUNT', words.value());
    else if (option === 'maxlen') maxLength = notNegative('MAXLEN', words.value());
    else throw replyError('syntax');
  }
  if (rank === 0) {
    throw new ReplyError(
      "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
        'or use negative to start from the end of the list',
    );
  }
  return { rank, count, maxLength: maxLength === 0 ? Infinity : maxLength };
}

function notNegative(option: string, text: string): number {
  const number = index(text);
  if (number < 0) throw new ReplyError(`ERR ${option} can't be negative`);
  return number;
}
