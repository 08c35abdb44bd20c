import type { Reply } from '../lua/replies.js';
import { atLeast, exactly, type MemoryCommands, OptionWords } from './command-words.js';
import { countOfKeys } from './list-commands.js';
import type { MemoryKeys } from './memory-keys.js';
import { index, positive } from './numbers.js';
import { pickOf } from './random-picks.js';
import { ReplyError, replyError } from './reply-error.js';
import { scanMembers } from './scan-steps.js';

type Combine = (first: ReadonlySet<string>, others: readonly ReadonlySet<string>[]) => Set<string>;
const NONE: ReadonlySet<string> = new Set<string>();

const intersection: Combine = (first, others) =>
  new Set([...first].filter((member) => others.every((other) => other.has(member))));
const union: Combine = (first, others) =>
  new Set([...first, ...others.flatMap((other) => [...other])]);
const difference: Combine = (first, others) =>
  new Set([...first].filter((member) => !others.some((other) => other.has(member))));

/** Commands on sets. */
export const SET_COMMANDS: MemoryCommands = {
  sadd: atLeast(2, (keys, [key = '', ...members]) => {
    const set = keys.ensure(key, keys.set(key), new Set<string>());
    const before = set.size;
    for (const member of members) set.add(member);
    if (set.size > before) keys.changed(key);
    return set.size - before;
  }),
  srem: atLeast(2, (keys, [key = '', ...members]) => remove(keys, key, members)),
  smembers: exactly(1, (keys, [key = '']) => [...setOf(keys, key)]),
  sismember: exactly(2, (keys, [key = '', member = '']) => (setOf(keys, key).has(member) ? 1 : 0)),
  smismember: atLeast(2, (keys, [key = '', ...members]) => {
    const set = setOf(keys, key);
    return members.map((member) => (set.has(member) ? 1 : 0));
  }),
  scard: exactly(1, (keys, [key = '']) => setOf(keys, key).size),
  spop: atLeast(1, (keys, [key = '', count]) => spop(keys, key, count), 2),
  srandmember: atLeast(
    1,
    (keys, [key = '', count]) => {
      const all = [...setOf(keys, key)];
      return count === undefined ? (pickOf(all, 1)[0] ?? null) : pickOf(all, index(count));
    },
    2,
  ),
  smove: exactly(3, (keys, [from = '', to = '', member = '']) => {
    const source = keys.set(from);
    if (source === null) return 0;
    const target = keys.set(to);
    if (!source.has(member)) return 0;
    if (from === to) return 1;
    remove(keys, from, [member]);
    keys.ensure(to, target, new Set<string>()).add(member);
    keys.changed(to);
    return 1;
  }),
  sinter: atLeast(1, (keys, names) => [...combined(keys, names, intersection)]),
  sunion: atLeast(1, (keys, names) => [...combined(keys, names, union)]),
  sdiff: atLeast(1, (keys, names) => [...combined(keys, names, difference)]),
  sinterstore: atLeast(2, (keys, args) => store(keys, args, intersection)),
  sunionstore: atLeast(2, (keys, args) => store(keys, args, union)),
  sdiffstore: atLeast(2, (keys, args) => store(keys, args, difference)),
  sintercard: atLeast(2, sintercard),
  sscan: atLeast(2, (keys, args) =>
    scanMembers(
      args,
      [...setOf(keys, args[0] ?? '')].map((member) => [member]),
    ),
  ),
};

function setOf(keys: MemoryKeys, key: string): ReadonlySet<string> {
  return keys.set(key) ?? NONE;
}

function combined(keys: MemoryKeys, names: readonly string[], combine: Combine): Set<string> {
  const [first = NONE, ...others] = names.map((key) => setOf(keys, key));
  return combine(first, others);
}

function store(keys: MemoryKeys, [to = '', ...names]: readonly string[], combine: Combine): number {
  return keys.store(to, combined(keys, names, combine));
}

function remove(keys: MemoryKeys, key: string, members: readonly string[]): number {
  const set = keys.set(key);
  const removed = members.filter((member) => set?.delete(member) === true).length;
  if (removed > 0) keys.changed(key);
  return removed;
}

function spop(keys: MemoryKeys, key: string, count: string | undefined): Reply {
  const wanted = count === undefined ? 1 : positive(count);
  const picked = pickOf([...setOf(keys, key)], wanted);
  remove(keys, key, picked);
  return count === undefined ? (picked[0] ?? null) : picked;
}

function sintercard(keys: MemoryKeys, args: readonly string[]): number {
  const words = new OptionWords(args);
  const count = countOfKeys(words.value());
  if (count > words.left) {
    throw new ReplyError("ERR Number of keys can't be greater than number of args");
  }
  const names = Array.from({ length: count }, () => words.value());
  let limit = 0;
  if (words.left > 0) {
    if (!words.accepts('limit')) throw replyError('syntax');
    limit = index(words.value());
    if (limit < 0) throw new ReplyError("ERR LIMIT can't be negative");
  }
  if (words.left > 0) throw replyError('syntax');
  const { size } = combined(keys, names, intersection);
  return limit === 0 ? size : Math.min(size, limit);
}
