import { type Reply, OK } from '../../../src/redis/testing/lua/replies.js';
import { type Contents, SortedSet } from './stored.js';

/** What a command works on: the keys, and the calendar of Redis in milliseconds. */
export interface CommandScope {
  readonly contents: Contents;
  now(): number;
}

/** A command of Redis. */
export interface RedisCommand {
  readonly run: (scope: CommandScope, args: readonly string[]) => Reply;
  /** It changes something. */
  readonly isWrite?: boolean;
  /** A Redis that is full refuses it. */
  readonly needsMemory?: boolean;
}

/** An answer that is an error. */
export class Refused extends Error {}

const write = (run: RedisCommand['run'], needsMemory = false): RedisCommand => ({
  run,
  isWrite: true,
  needsMemory,
});
const read = (run: RedisCommand['run']): RedisCommand => ({ run });

/** The commands that the library sends, and its scripts call. */
export const COMMANDS: Readonly<Record<string, RedisCommand>> = {
  get: read((scope, [key]) => stringAt(scope, key!)),
  mget: read(({ contents }, keys) =>
    keys.map((key) => {
      const value = contents.find(key)?.value;
      return typeof value === 'string' ? value : null;
    }),
  ),
  getrange: read((scope, [key, from, to]) => {
    const value = stringAt(scope, key!) ?? '';
    const end = Number(to);
    return value.slice(Number(from), end < 0 ? value.length + end + 1 : end + 1);
  }),
  exists: read(({ contents }, keys) => keys.filter((key) => contents.find(key)).length),
  set: write(set, true),
  del: write(({ contents }, keys) => keys.filter((key) => contents.remove(key)).length),
  incrby: write((scope, [key, by]) => {
    const stored = scope.contents.find(key!);
    const sum = wholeNumber(stringAt(scope, key!) ?? '0') + Number(by);
    scope.contents.put(key!, String(sum), stored?.expiresAt);
    return sum;
  }, true),
  pexpire: write((scope, [key, ms]) => expire(scope, key!, scope.now() + Number(ms))),
  pexpireat: write((scope, [key, at]) => expire(scope, key!, Number(at))),
  persist: write((scope, [key]) => {
    const isVolatile = (scope.contents.find(key!)?.expiresAt ?? Infinity) !== Infinity;
    return isVolatile ? expire(scope, key!, Infinity) : 0;
  }),
  pttl: read(({ contents, now }, [key]) => {
    const stored = contents.find(key!);
    if (stored === undefined) return -2;
    return stored.expiresAt === Infinity ? -1 : stored.expiresAt - now();
  }),
  hget: read((scope, [key, field]) => hashAt(scope, key!)?.get(field!) ?? null),
  hmget: read((scope, [key, ...fields]) => {
    const hash = hashAt(scope, key!);
    return fields.map((field) => hash?.get(field) ?? null);
  }),
  hset: write((scope, [key, field, value]) => {
    const hash = hashAt(scope, key!) ?? created(scope, key!, new Map<string, string>());
    const isNew = !hash.has(field!);
    hash.set(field!, value!);
    return isNew ? 1 : 0;
  }, true),
  zadd: write((scope, [key, ...pairs]) => {
    const set = setAt(scope, key!) ?? created(scope, key!, new SortedSet());
    let added = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      if (set.add(pairs[i + 1]!, scoreOf(pairs[i]!))) added++;
    }
    return added;
  }, true),
  zrem: write((scope, [key, ...members]) => {
    const set = setAt(scope, key!);
    return removed(scope, key!, set === null ? [] : members);
  }),
  zcard: read((scope, [key]) => setAt(scope, key!)?.size ?? 0),
  zcount: read((scope, [key, from, to]) => between(scope, key!, from!, to!).length),
  zrangebyscore: read((scope, [key, from, to]) =>
    between(scope, key!, from!, to!).map(([member]) => member),
  ),
  zrange: read((scope, [key, from, to, withScores]) => {
    const found = byRank(scope, key!, from!, to!);
    if (withScores === undefined) return found.map(([member]) => member);
    return found.flatMap(([member, score]) => [member, scoreText(score)]);
  }),
  zremrangebyrank: write((scope, [key, from, to]) =>
    removed(
      scope,
      key!,
      byRank(scope, key!, from!, to!).map(([member]) => member),
    ),
  ),
  // All at once, as Redis answers for a small set.
  zscan: read((scope, [key]) => {
    const all = setAt(scope, key!)?.inOrder ?? [];
    return ['0', all.flatMap(([member, score]) => [member, scoreText(score)])];
  }),
  ping: read(() => 'PONG'),
};

function set({ contents, now }: CommandScope, [key, value, ...options]: readonly string[]): Reply {
  let expiresAt = Infinity;
  for (let i = 0; i < options.length; i++) {
    const option = options[i]!.toLowerCase();
    if (option === 'nx' && contents.find(key!) !== undefined) return null;
    if (option !== 'px') continue;
    const ms = Number(options[++i]);
    if (!Number.isSafeInteger(ms)) throw new Refused('ERR value is not an integer or out of range');
    if (ms <= 0) throw new Refused("ERR invalid expire time in 'set' command");
    expiresAt = now() + ms;
  }
  contents.put(key!, value!, expiresAt);
  return OK;
}

function stringAt({ contents }: CommandScope, key: string): string | null {
  const value = contents.find(key)?.value;
  if (value === undefined || typeof value === 'string') return value ?? null;
  throw wrongType();
}

function hashAt({ contents }: CommandScope, key: string): Map<string, string> | null {
  const value = contents.find(key)?.value;
  if (value === undefined || value instanceof Map) return value ?? null;
  throw wrongType();
}

function setAt({ contents }: CommandScope, key: string): SortedSet | null {
  const value = contents.find(key)?.value;
  if (value === undefined || value instanceof SortedSet) return value ?? null;
  throw wrongType();
}

function wrongType(): Refused {
  return new Refused('WRONGTYPE Operation against a key holding the wrong kind of value');
}

function created<T extends SortedSet | Map<string, string>>(
  { contents }: CommandScope,
  key: string,
  value: T,
): T {
  contents.put(key, value);
  return value;
}

function expire({ contents }: CommandScope, key: string, expiresAt: number): number {
  const stored = contents.find(key);
  if (stored === undefined) return 0;
  contents.put(key, stored.value, expiresAt);
  return 1;
}

function removed(scope: CommandScope, key: string, members: readonly string[]): number {
  const set = setAt(scope, key);
  const count = members.filter((member) => set?.remove(member) === true).length;
  if (set?.size === 0) scope.contents.remove(key);
  return count;
}

function between(
  scope: CommandScope,
  key: string,
  from: string,
  to: string,
): (readonly [string, number])[] {
  const [isAfter, isBefore] = [boundOf(from), boundOf(to)];
  const all = setAt(scope, key)?.inOrder ?? [];
  return all.filter(([, score]) => isAfter(score, 1) && isBefore(score, -1));
}

function boundOf(text: string): (score: number, sign: 1 | -1) => boolean {
  const isOpen = text.startsWith('(');
  const bound = scoreOf(isOpen ? text.slice(1) : text);
  return (score, sign) => {
    const distance = score === bound ? 0 : (score - bound) * sign;
    return isOpen ? distance > 0 : distance >= 0;
  };
}

function byRank(
  scope: CommandScope,
  key: string,
  from: string,
  to: string,
): readonly (readonly [string, number])[] {
  const all = setAt(scope, key)?.inOrder ?? [];
  const place = (text: string): number => (Number(text) < 0 ? all.length : 0) + Number(text);
  return all.slice(Math.max(0, place(from)), place(to) + 1);
}

function scoreOf(text: string): number {
  if (text === '+inf' || text === 'inf') return Infinity;
  if (text === '-inf') return -Infinity;
  const score = Number(text);
  if (Number.isNaN(score)) throw new Refused('ERR value is not a valid float');
  return score;
}

function scoreText(score: number): string {
  return score === Infinity ? 'inf' : score === -Infinity ? '-inf' : String(score);
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) {
    throw new Refused('ERR value is not an integer or out of range');
  }
  return number;
}
