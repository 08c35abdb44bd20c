import { OK } from '../lua/replies.js';
import { atLeast, exactly, type MemoryCommands, pairsOf } from './command-words.js';
import type { MemoryKeys } from './memory-keys.js';
import { decimalSum, float, index, integer, sumOf } from './numbers.js';
import { pickOf } from './random-picks.js';
import { ReplyError, replyError } from './reply-error.js';
import { scanMembers } from './scan-steps.js';

const NONE: ReadonlyMap<string, string> = new Map<string, string>();

/** Commands on hashes. */
export const HASH_COMMANDS: MemoryCommands = {
  hset: atLeast(3, (keys, args) => setFields(keys, args, 'hset')),
  hmset: atLeast(3, (keys, args) => {
    setFields(keys, args, 'hmset');
    return OK;
  }),
  hsetnx: exactly(3, (keys, [key = '', field = '', value = '']) => {
    if (hashOf(keys, key).has(field)) return 0;
    return setFields(keys, [key, field, value], 'hsetnx');
  }),
  hget: exactly(2, (keys, [key = '', field = '']) => hashOf(keys, key).get(field) ?? null),
  hmget: atLeast(2, (keys, [key = '', ...fields]) => {
    const hash = hashOf(keys, key);
    return fields.map((field) => hash.get(field) ?? null);
  }),
  hgetall: exactly(1, (keys, [key = '']) => [...hashOf(keys, key)].flat()),
  hdel: atLeast(2, (keys, [key = '', ...fields]) => {
    const hash = keys.hash(key);
    const removed = fields.filter((field) => hash?.delete(field) === true).length;
    if (removed > 0) keys.changed(key);
    return removed;
  }),
  hlen: exactly(1, (keys, [key = '']) => hashOf(keys, key).size),
  hexists: exactly(2, (keys, [key = '', field = '']) => (hashOf(keys, key).has(field) ? 1 : 0)),
  hkeys: exactly(1, (keys, [key = '']) => [...hashOf(keys, key).keys()]),
  hvals: exactly(1, (keys, [key = '']) => [...hashOf(keys, key).values()]),
  hstrlen: exactly(2, (keys, [key = '', field = '']) => hashOf(keys, key).get(field)?.length ?? 0),
  hincrby: exactly(3, (keys, [key = '', field = '', by = '']) => {
    const amount = integer(by);
    const before = integer(hashOf(keys, key).get(field) ?? '0', 'hashNotAnInteger');
    const sum = sumOf(before, amount);
    setFields(keys, [key, field, String(sum)], 'hincrby');
    return Number(sum);
  }),
  hincrbyfloat: exactly(3, (keys, [key = '', field = '', by = '']) => {
    float(by);
    const before = hashOf(keys, key).get(field) ?? '0';
    float(before, 'hashNotAFloat');
    const sum = decimalSum(before, by);
    setFields(keys, [key, field, sum], 'hincrbyfloat');
    return sum;
  }),
  hrandfield: atLeast(
    1,
    (keys, [key = '', count, withValues]) => {
      const all = [...hashOf(keys, key)];
      if (count === undefined) return pickOf(all, 1)[0]?.[0] ?? null;
      const picked = pickOf(all, index(count));
      if (withValues === undefined) return picked.map(([field]) => field);
      if (withValues.toLowerCase() !== 'withvalues') throw replyError('syntax');
      return picked.flat();
    },
    3,
  ),
  hscan: atLeast(2, (keys, args) => scanMembers(args, [...hashOf(keys, args[0] ?? '')])),
};

function hashOf(keys: MemoryKeys, key: string): ReadonlyMap<string, string> {
  return keys.hash(key) ?? NONE;
}

function setFields(
  keys: MemoryKeys,
  [key = '', ...words]: readonly string[],
  command: string,
): number {
  if (words.length % 2 !== 0) {
    throw new ReplyError(`ERR wrong number of arguments for '${command}' command`);
  }
  const hash = keys.ensure(key, keys.hash(key), new Map<string, string>());
  const before = hash.size;
  for (const [field, value] of pairsOf(words)) hash.set(field, value);
  keys.changed(key);
  return hash.size - before;
}
