import type { Reply } from '../lua/replies.js';
import {
  atLeast,
  exactly,
  type MemoryCommand,
  type MemoryCommands,
  OptionWords,
  pairsOf,
} from './command-words.js';
import { countOfKeys, waiting, waitOf } from './list-commands.js';
import type { MemoryKeys } from './memory-keys.js';
import { float, index, positive, scoreText } from './numbers.js';
import { pickOf } from './random-picks.js';
import { ReplyError, replyError } from './reply-error.js';
import { scanMembers } from './scan-steps.js';
import { selectOf, type RangeKind } from './score-ranges.js';
import { type Scored, SortedSet } from './sorted-set.js';
import { RANGE_COMMANDS } from './range-commands.js';

/** Commands on sorted sets. */
export const SORTED_SET_COMMANDS: MemoryCommands = {
  ...RANGE_COMMANDS,
  zadd: atLeast(3, zadd),
  zincrby: exactly(3, (keys, [key = '', by = '', member = '']) => {
    const amount = float(by);
    const set = keys.ensure(key, keys.sortedSet(key), new SortedSet());
    return scoreText(increase(keys, key, { set, member, amount }));
  }),
  zrem: atLeast(2, (keys, [key = '', ...members]) => remove(keys, key, members)),
  zscore: exactly(2, (keys, [key = '', member = '']) => shown(keys.sortedSet(key), member)),
  zmscore: atLeast(2, (keys, [key = '', ...members]) => {
    const set = keys.sortedSet(key);
    return members.map((member) => shown(set, member));
  }),
  zcard: exactly(1, (keys, [key = '']) => keys.sortedSet(key)?.size ?? 0),
  zcount: exactly(3, (keys, args) => found(keys, args, 'score').length),
  zlexcount: exactly(3, (keys, args) => found(keys, args, 'lex').length),
  zrank: exactly(2, (keys, [key = '', member = '']) => rankOf(keys, key, member, false)),
  zrevrank: exactly(2, (keys, [key = '', member = '']) => rankOf(keys, key, member, true)),
  zremrangebyrank: exactly(3, (keys, args) => removeFound(keys, args, 'rank')),
  zremrangebyscore: exactly(3, (keys, args) => removeFound(keys, args, 'score')),
  zremrangebylex: exactly(3, (keys, args) => removeFound(keys, args, 'lex')),
  zpopmin: atLeast(1, (keys, [key = '', count]) => popped(keys, key, { count, isMax: false }), 2),
  zpopmax: atLeast(1, (keys, [key = '', count]) => popped(keys, key, { count, isMax: true }), 2),
  bzpopmin: blockingPop(false),
  bzpopmax: blockingPop(true),
  zmpop: atLeast(3, popOfMany),
  bzmpop: waiting(4, (keys, [time = '', ...args]) => ({
    keys: args.slice(1, 1 + countOfKeys(args[0] ?? '')),
    waitMs: waitOf(time),
    attempt: () => popOfMany(keys, args),
  })),
  zrandmember: atLeast(
    1,
    (keys, [key = '', count, withScores]) => {
      const all = keys.sortedSet(key)?.inOrder ?? [];
      if (count === undefined) return pickOf(all, 1)[0]?.[0] ?? null;
      const picked = pickOf(all, index(count));
      if (withScores === undefined) return picked.map(([member]) => member);
      if (withScores.toLowerCase() !== 'withscores') throw replyError('syntax');
      return flat(picked);
    },
    3,
  ),
  zscan: atLeast(2, (keys, args) => {
    const all = keys.sortedSet(args[0] ?? '')?.inOrder ?? [];
    return scanMembers(
      args,
      all.map(([member, score]) => [member, scoreText(score)]),
    );
  }),
};

interface AddFlags {
  readonly nx: boolean;
  readonly xx: boolean;
  readonly gt: boolean;
  readonly lt: boolean;
  readonly ch: boolean;
  readonly incr: boolean;
}

const NO_FLAGS: AddFlags = { nx: false, xx: false, gt: false, lt: false, ch: false, incr: false };

function zadd(keys: MemoryKeys, [key = '', ...args]: readonly string[]): Reply {
  const words = new OptionWords(args);
  const flags = addFlags(words);
  const rest = words.rest();
  if (rest.length === 0 || rest.length % 2 !== 0) throw replyError('syntax');
  refuseTogether(flags, rest.length / 2);
  const pairs = pairsOf(rest).map(([score, member]) => [member, float(score)] as const);
  const present = keys.sortedSet(key);
  if (present === null && flags.xx) return flags.incr ? null : 0;
  const set = present ?? new SortedSet();
  const [first] = pairs;
  if (flags.incr && first !== undefined) return addOne(keys, key, { set, scored: first, flags });
  const outcomes = pairs.map(([member, score]) => {
    const before = set.scoreOf(member);
    if (!mayPut(flags, before, score)) return null;
    set.put(member, score);
    return before === null ? 'new' : before === score ? null : 'changed';
  });
  keepSet(keys, key, set);
  return outcomes.filter((one) => one === 'new' || (flags.ch && one === 'changed')).length;
}

function addFlags(words: OptionWords): AddFlags {
  const flags = { ...NO_FLAGS };
  const names = Object.keys(NO_FLAGS) as (keyof AddFlags)[];
  for (;;) {
    const flag = names.find((name) => words.accepts(name));
    if (flag === undefined) return flags;
    flags[flag] = true;
  }
}

function refuseTogether({ nx, xx, gt, lt, incr }: AddFlags, pairs: number): void {
  if (nx && xx) {
    throw new ReplyError('ERR XX and NX options at the same time are not compatible');
  }
  if ((gt && (nx || lt)) || (lt && nx)) {
    throw new ReplyError('ERR GT, LT, and/or NX options at the same time are not compatible');
  }
  if (incr && pairs > 1) {
    throw new ReplyError('ERR INCR option supports a single increment-element pair');
  }
}

function addOne(
  keys: MemoryKeys,
  key: string,
  {
    set,
    scored: [member, amount],
    flags,
  }: { readonly set: SortedSet; readonly scored: Scored; readonly flags: AddFlags },
): Reply {
  const before = set.scoreOf(member);
  if (!mayPut(flags, before, (before ?? 0) + amount)) return null;
  const score = increase(keys, key, { set, member, amount });
  return scoreText(score);
}

function mayPut({ nx, xx, gt, lt }: AddFlags, before: number | null, score: number): boolean {
  if (before === null) return !xx;
  if (nx) return false;
  return !(gt && score <= before) && !(lt && score >= before);
}

function increase(
  keys: MemoryKeys,
  key: string,
  {
    set,
    member,
    amount,
  }: { readonly set: SortedSet; readonly member: string; readonly amount: number },
): number {
  const score = (set.scoreOf(member) ?? 0) + amount;
  if (Number.isNaN(score)) {
    keepSet(keys, key, set);
    throw new ReplyError('ERR resulting score is not a number (NaN)');
  }
  set.put(member, score);
  keepSet(keys, key, set);
  return score;
}

function keepSet(keys: MemoryKeys, key: string, set: SortedSet): void {
  if (keys.find(key) === undefined && set.size > 0) keys.put(key, set);
  else keys.changed(key);
}

function shown(set: SortedSet | null, member: string): string | null {
  const score = set?.scoreOf(member) ?? null;
  return score === null ? null : scoreText(score);
}

/** Members and scores, one after the other. */
function flat(members: readonly Scored[]): string[] {
  return members.flatMap(([member, score]) => [member, scoreText(score)]);
}

function found(
  keys: MemoryKeys,
  [key = '', from = '', to = '']: readonly string[],
  kind: RangeKind,
): readonly Scored[] {
  const select = selectOf({ kind, from, to });
  return select(keys.sortedSet(key));
}

function removeFound(keys: MemoryKeys, args: readonly string[], kind: RangeKind): number {
  const members = found(keys, args, kind).map(([member]) => member);
  return remove(keys, args[0] ?? '', members);
}

function remove(keys: MemoryKeys, key: string, members: readonly string[]): number {
  const set = keys.sortedSet(key);
  const removed = members.filter((member) => set?.remove(member) === true).length;
  if (removed > 0) keys.changed(key);
  return removed;
}

function rankOf(keys: MemoryKeys, key: string, member: string, isReversed: boolean): number | null {
  const set = keys.sortedSet(key);
  const at = set?.inOrder.findIndex(([name]) => name === member) ?? -1;
  if (set === null || at < 0) return null;
  return isReversed ? set.size - 1 - at : at;
}

function pop(
  keys: MemoryKeys,
  key: string,
  { count, isMax }: { readonly count: number; readonly isMax: boolean },
): readonly Scored[] {
  const all = keys.sortedSet(key)?.inOrder ?? [];
  const taken = (isMax ? all.toReversed() : all).slice(0, count);
  remove(
    keys,
    key,
    taken.map(([member]) => member),
  );
  return taken;
}

function popped(
  keys: MemoryKeys,
  key: string,
  { count, isMax }: { readonly count: string | undefined; readonly isMax: boolean },
): Reply {
  return flat(pop(keys, key, { count: count === undefined ? 1 : positive(count), isMax }));
}

function blockingPop(isMax: boolean): MemoryCommand {
  return waiting(2, (keys, args) => {
    const names = args.slice(0, -1);
    return {
      keys: names,
      waitMs: waitOf(args.at(-1) ?? ''),
      attempt: () => {
        const key = names.find((name) => keys.sortedSet(name) !== null);
        return key === undefined ? null : [key, ...flat(pop(keys, key, { count: 1, isMax }))];
      },
    };
  });
}

function popOfMany(keys: MemoryKeys, args: readonly string[]): Reply {
  const words = new OptionWords(args);
  const count = countOfKeys(words.value());
  const names = Array.from({ length: count }, () => words.value());
  const side = words.option();
  if (side !== 'min' && side !== 'max') throw replyError('syntax');
  let wanted = 1;
  if (words.left > 0) {
    if (!words.accepts('count')) throw replyError('syntax');
    wanted = index(words.value());
    if (wanted < 1) throw new ReplyError('ERR count should be greater than 0');
  }
  const key = names.find((name) => keys.sortedSet(name) !== null);
  if (key === undefined) return null;
  const taken = pop(keys, key, { count: wanted, isMax: side === 'max' });
  return [key, taken.map(([member, score]) => [member, scoreText(score)])];
}
