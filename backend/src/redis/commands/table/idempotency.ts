// Redis reports which commands write, but not which may be repeated, so this list is kept by hand. A
// command is on it when running it twice in a row leaves the same data as running it once. Its answer
// may differ (the second DEL returns 0); docs/guarantees.md says so. Not on it are commands whose second run
// deletes what others wrote meanwhile, however much (FLUSHALL), and those whose second run fails because the
// first did not (FUNCTION DELETE): the caller would be told that nothing was done.
const IDEMPOTENT = new Set(
  (
    'mset setex psetex setbit setrange hset hmset hdel sadd srem zrem zremrangebyscore ' +
    'zremrangebylex del unlink expire pexpire expireat pexpireat persist hexpire hpexpire ' +
    'hexpireat hpexpireat hpersist lset pfadd pfmerge geoadd xdel xdelex xack xackdel xtrim'
  ).split(' '),
);

// These may be repeated, unless one of these arguments makes the second run depend on the first.
const UNLESS: Readonly<Record<string, ReadonlySet<string>>> = {
  // With NX and the IF… conditions the second answer is "not set"; with GET it is the new value.
  set: new Set(['nx', 'get', 'ifeq', 'ifne', 'ifdeq', 'ifdne']),
  zadd: new Set(['incr']),
};

// FUNCTION LOAD fails for a library that is there, as after the first run, unless it may replace it.
const LOAD_LIBRARY = 'function|load';

// These store what they compute from other keys. They may be repeated, unless the target is one of
// those keys: ZUNIONSTORE total 2 total today adds today's scores again.
const STORING = new Set(
  (
    'sinterstore sunionstore sdiffstore zinterstore zunionstore zdiffstore zrangestore ' +
    'geosearchstore bitop'
  ).split(' '),
);

/** Returns whether a command may be repeated; `depends` when its arguments decide. `name` in lower case. */
export function isAlwaysIdempotent(name: string): boolean | 'depends' {
  if (Object.hasOwn(UNLESS, name) || STORING.has(name) || name === LOAD_LIBRARY) {
    return 'depends';
  }
  return IDEMPOTENT.has(name);
}

/** Returns whether a command that `depends` on its arguments may be repeated with these. */
export function isIdempotentWith(name: string, args: readonly unknown[]): boolean {
  const words = args.flat().map(toText);
  if (STORING.has(name)) {
    const [target, ...sources] = name === 'bitop' ? words.slice(1) : words;
    return target !== undefined && !sources.includes(target);
  }
  if (name === LOAD_LIBRARY) return words[1]?.toLowerCase() === 'replace';
  const spoilers = UNLESS[name];
  if (spoilers === undefined) return false;
  // The first words are the key and perhaps a value, which may look like an option.
  const first = name === 'zadd' ? 1 : 2;
  return !words.slice(first).some((word) => spoilers.has(word.toLowerCase()));
}

function toText(arg: unknown): string {
  if (typeof arg === 'string') return arg;
  return arg instanceof Uint8Array ? Buffer.from(arg).toString() : String(arg);
}
