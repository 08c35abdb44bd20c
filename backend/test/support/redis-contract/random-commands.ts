import type { ContractCall } from './cases.js';
import type { Step } from '../random-histories.js';

const KEYS = ['a', 'b', 'c', 'd'];
const MEMBERS = ['x', 'y', 'z', '1', '2', '10', '-3', ''];
const NUMBERS = [0, 1, 2, 5, -1, -2, 100];
const FLOATS = [0, 1.5, -2.25, 3, 'inf', '-inf', 'no'];

/** What one call is made of, out of a number. */
class Choice {
  #left: number;

  constructor(choice: number) {
    this.#left = choice;
  }

  of<T>(all: readonly T[]): T {
    const found = all[this.#left % all.length]!;
    this.#left = Math.floor(this.#left / all.length);
    return found;
  }

  get key(): string {
    return this.of(KEYS);
  }

  get member(): string {
    return this.of(MEMBERS);
  }

  get number(): number {
    return this.of(NUMBERS);
  }

  get float(): number | string {
    return this.of(FLOATS);
  }
}

type Make = (choice: Choice) => readonly unknown[];

const oneKey: Make = (c) => [c.key];
const twoKeys: Make = (c) => [c.key, c.key];
const keyAndMember: Make = (c) => [c.key, c.member];
const keyAndMembers: Make = (c) => [c.key, c.member, c.member];
const keyAndRange: Make = (c) => [c.key, c.number, c.number];
const keyAndNumber: Make = (c) => [c.key, c.number];
const moving: Make = (c) => [c.key, c.key, c.of(['LEFT', 'RIGHT']), c.of(['left', 'right'])];
const many: Make = (c) => [2, c.key, c.key];

/**
 * Calls whose replies do not depend on chance, on the order in which a server happens to keep things, or on the
 * moment.
 */
const CALLS: Readonly<Record<string, Make>> = {
  get: oneKey,
  set: (c) => [
    c.key,
    c.member,
    ...c.of([[], [], ['NX'], ['XX'], ['GET'], ['EX', 1_000], ['KEEPTTL'], ['EX', 0]]),
  ],
  setnx: keyAndMember,
  getset: keyAndMember,
  getdel: oneKey,
  getex: (c) => [c.key, ...c.of([[], ['PERSIST'], ['EX', 1_000]])],
  mset: (c) => [c.key, c.member, c.key, c.member],
  msetnx: (c) => [c.key, c.member, c.key, c.member],
  mget: twoKeys,
  append: keyAndMember,
  strlen: oneKey,
  getrange: keyAndRange,
  setrange: (c) => [c.key, c.of([0, 1, 3, -1]), c.member],
  incr: oneKey,
  decrby: keyAndNumber,
  incrby: keyAndNumber,
  incrbyfloat: (c) => [c.key, c.of([0, 0.1, 1.5, -2.25, 'x'])],
  del: twoKeys,
  exists: twoKeys,
  type: oneKey,
  rename: twoKeys,
  renamenx: twoKeys,
  copy: (c) => [c.key, c.key, ...c.of([[], ['REPLACE']])],
  persist: oneKey,
  expire: (c) => [
    c.key,
    c.of([1_000, 2_000, -1, 'x']),
    ...c.of([[], ['NX'], ['XX'], ['GT'], ['LT']]),
  ],
  expireat: (c) => [c.key, c.of([4_000_000_000, 4_000_000_100, 5])],
  expiretime: oneKey,
  dbsize: () => [],
  hset: (c) => [c.key, c.member, c.member, c.member, c.member],
  hsetnx: (c) => [c.key, c.member, c.member],
  hget: keyAndMember,
  hmget: keyAndMembers,
  hgetall: oneKey,
  hdel: keyAndMembers,
  hlen: oneKey,
  hexists: keyAndMember,
  hkeys: oneKey,
  hvals: oneKey,
  hincrby: (c) => [c.key, c.member, c.number],
  hincrbyfloat: (c) => [c.key, c.member, c.of([0.5, -0.25, 'x'])],
  hstrlen: keyAndMember,
  lpush: keyAndMembers,
  rpush: keyAndMembers,
  lpushx: keyAndMember,
  rpushx: keyAndMember,
  lpop: (c) => [c.key, ...c.of([[], [2], [0], [-1]])],
  rpop: (c) => [c.key, ...c.of([[], [2]])],
  llen: oneKey,
  lrange: keyAndRange,
  lindex: keyAndNumber,
  lset: (c) => [c.key, c.number, c.member],
  lrem: (c) => [c.key, c.number, c.member],
  ltrim: keyAndRange,
  linsert: (c) => [c.key, c.of(['BEFORE', 'AFTER', 'NEXT']), c.member, c.member],
  lpos: (c) => [
    c.key,
    c.member,
    ...c.of([[], ['RANK', -1], ['COUNT', 0], ['RANK', 2, 'COUNT', 1], ['RANK', 0]]),
  ],
  lmove: moving,
  rpoplpush: twoKeys,
  lmpop: (c) => [...many(c), c.of(['LEFT', 'RIGHT']), ...c.of([[], ['COUNT', 2]])],
  blpop: (c) => [c.key, c.key, 0.001],
  sadd: keyAndMembers,
  srem: keyAndMembers,
  sismember: keyAndMember,
  smismember: keyAndMembers,
  scard: oneKey,
  smove: (c) => [c.key, c.key, c.member],
  smembers: oneKey,
  sinter: twoKeys,
  sunion: twoKeys,
  sdiff: twoKeys,
  sinterstore: (c) => [c.key, c.key, c.key],
  sunionstore: (c) => [c.key, c.key, c.key],
  sdiffstore: (c) => [c.key, c.key, c.key],
  sintercard: many,
  zadd: (c) => [
    c.key,
    ...c.of([[], [], ['NX'], ['XX'], ['GT', 'CH'], ['LT'], ['INCR'], ['NX', 'GT']]),
    c.float,
    c.member,
  ],
  zincrby: (c) => [c.key, c.of([1, -2.5, 'x']), c.member],
  zrem: keyAndMembers,
  zscore: keyAndMember,
  zmscore: keyAndMembers,
  zcard: oneKey,
  zrank: keyAndMember,
  zrevrank: keyAndMember,
  zcount: (c) => [c.key, c.of(['-inf', 0, '(1.5', 'x']), c.of(['+inf', 3, '(3'])],
  zrange: (c) => [c.key, c.number, c.number, ...c.of([[], ['WITHSCORES'], ['REV']])],
  zrangebyscore: (c) => [
    c.key,
    c.of(['-inf', 0, '(1.5']),
    c.of(['+inf', 3, '(3']),
    ...c.of([[], ['LIMIT', 0, 1], ['WITHSCORES']]),
  ],
  zrevrangebyscore: (c) => [
    c.key,
    c.of(['+inf', 3, '(3']),
    c.of(['-inf', 0, '(1.5']),
    ...c.of([[], ['LIMIT', 1, -1]]),
  ],
  zpopmin: (c) => [c.key, ...c.of([[], [2], [0], [-1]])],
  zpopmax: (c) => [c.key, ...c.of([[], [2]])],
  zremrangebyrank: keyAndRange,
  zremrangebyscore: (c) => [c.key, c.of(['-inf', 0, '(1.5']), c.of(['+inf', 3])],
  zunionstore: (c) => [
    c.key,
    2,
    c.key,
    c.key,
    ...c.of([[], ['WEIGHTS', 2, -1], ['AGGREGATE', 'MIN']]),
  ],
  zinterstore: (c) => [c.key, 2, c.key, c.key, ...c.of([[], ['AGGREGATE', 'MAX']])],
  zdiffstore: (c) => [c.key, 2, c.key, c.key],
  zinter: many,
  zunion: (c) => [...many(c), 'WITHSCORES'],
  zdiff: many,
  zmpop: (c) => [...many(c), c.of(['MIN', 'MAX'])],
};

/** The names of all calls. */
export const RANDOM_CALLS = Object.keys(CALLS);

// In what order these are answered is for the server to choose.
const UNORDERED = new Set(['smembers', 'sinter', 'sunion', 'sdiff']);

/** The call that a step of a history stands for. */
export function callOfStep([method, choice]: Step<string>): ContractCall {
  return [method, ...CALLS[method]!(new Choice(choice))];
}

/** A reply, so that two of them can be compared. */
export function comparable(method: string, value: unknown): unknown {
  // One was told "in 1,000 seconds" a moment before the other, and a second may have begun between them.
  if (method === 'expiretime' && isOfNow(value))
    return Math.round((value - Date.now() / 1_000) / 1_000);
  return UNORDERED.has(method) && Array.isArray(value) ? [...value].sort() : value;
}

/** Whether it is the end of something that has some thousand seconds from now, and not one of the far ones above. */
function isOfNow(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && Math.abs(value - Date.now() / 1_000) < 10_000;
}
