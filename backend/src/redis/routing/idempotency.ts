// Redis tells which commands write, not which may be repeated: this list is the one thing about
// commands that is kept by hand. A command is on it when running it twice in a row leaves the same
// data as running it once. Its answer may differ (DEL counts 0 the second time); that is written
// down in docs/guarantees.md.
const IDEMPOTENT = new Set(
  (
    'mset setex psetex setbit setrange hset hmset hdel sadd srem zrem zremrangebyscore ' +
    'zremrangebylex del unlink expire pexpire expireat pexpireat persist hexpire hpexpire ' +
    'hexpireat hpexpireat hpersist lset pfadd pfmerge geoadd sinterstore sunionstore sdiffstore ' +
    'zinterstore zunionstore zdiffstore zrangestore geosearchstore bitop xdel xack xtrim ' +
    'flushdb flushall function|load function|delete'
  ).split(' '),
);

// These are, unless an argument makes the second run see what the first one did.
const UNLESS: Readonly<Record<string, ReadonlySet<string>>> = {
  // NX and the IF… conditions answer "not set" the second time; GET answers the new value.
  set: new Set(['nx', 'get', 'ifeq', 'ifne', 'ifdeq', 'ifdne']),
  zadd: new Set(['incr']),
};

/** True, false, or `depends` when the arguments decide. `name` in lower case. */
export function isAlwaysIdempotent(name: string): boolean | 'depends' {
  if (name in UNLESS) return 'depends';
  return IDEMPOTENT.has(name);
}

/** Whether the arguments leave a command of {@link isAlwaysIdempotent} `depends` repeatable. */
export function isIdempotentWith(name: string, args: readonly unknown[]): boolean {
  const spoilers = UNLESS[name];
  if (spoilers === undefined) return false;
  // The first two are the key and a value or time, whatever they spell.
  const first = name === 'zadd' ? 1 : 2;
  return !args
    .flat()
    .slice(first)
    .some((arg) => typeof arg === 'string' && spoilers.has(arg.toLowerCase()));
}
