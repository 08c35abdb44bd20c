// Redis tells which commands write, not which may be repeated: this list is the one thing about
// commands that is kept by hand. A command is on it when running it twice in a row leaves the same
// data as running it once. Its answer may differ (DEL counts 0 the second time); that is written
// down in docs/commands.md.
const IDEMPOTENT = new Set(
  (
    'mset setex psetex setbit setrange hset hmset hdel sadd srem zrem zremrangebyscore ' +
    'zremrangebylex del unlink expire pexpire expireat pexpireat persist hexpire hpexpire ' +
    'hexpireat hpexpireat hpersist lset pfadd pfmerge geoadd xdel xack xtrim ' +
    'flushdb flushall function|load function|delete'
  ).split(' '),
);

// These are, unless an argument makes the second run see what the first one did.
const UNLESS: Readonly<Record<string, ReadonlySet<string>>> = {
  // NX and the IF… conditions answer "not set" the second time; GET answers the new value.
  set: new Set(['nx', 'get', 'ifeq', 'ifne', 'ifdeq', 'ifdne']),
  zadd: new Set(['incr']),
};

// These store what they compute from other keys. Twice is once, unless the target is one of them:
// ZUNIONSTORE total 2 total today adds today's scores again.
const STORING = new Set(
  (
    'sinterstore sunionstore sdiffstore zinterstore zunionstore zdiffstore zrangestore ' +
    'geosearchstore bitop'
  ).split(' '),
);

/** True, false, or `depends` when the arguments decide. `name` in lower case. */
export function isAlwaysIdempotent(name: string): boolean | 'depends' {
  if (Object.hasOwn(UNLESS, name) || STORING.has(name)) return 'depends';
  return IDEMPOTENT.has(name);
}

/** Whether the arguments leave a command of {@link isAlwaysIdempotent} `depends` repeatable. */
export function isIdempotentWith(name: string, args: readonly unknown[]): boolean {
  const words = args.flat().map(toText);
  if (STORING.has(name)) {
    const [target, ...sources] = name === 'bitop' ? words.slice(1) : words;
    return target !== undefined && !sources.includes(target);
  }
  const spoilers = UNLESS[name];
  if (spoilers === undefined) return false;
  // The first are the key and a value, whatever they spell.
  const first = name === 'zadd' ? 1 : 2;
  return !words.slice(first).some((word) => spoilers.has(word.toLowerCase()));
}

function toText(arg: unknown): string {
  if (typeof arg === 'string') return arg;
  return arg instanceof Uint8Array ? Buffer.from(arg).toString() : String(arg);
}
