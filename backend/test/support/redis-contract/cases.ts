/** A call of `RedisService`, by the name of its method. */
export type ContractCall = readonly [method: string, ...args: unknown[]];

/** What a call comes to: its reply as it is, or what {@link fails}, {@link anyOrder} or {@link oneOf} says. */
export type Outcome = unknown;

/** A promise about commands, and the calls that prove it, one after the other. */
export interface ContractCase {
  readonly title: string;
  readonly steps: readonly (readonly [ContractCall, Outcome])[];
}

class Expected {
  constructor(
    readonly kind: 'fails' | 'any-order' | 'one-of',
    readonly value: unknown,
  ) {}
}

/** The call is refused with these words of Redis. */
export const fails = (message: string): Outcome => new Expected('fails', message);
/** The reply has these elements, in whatever order. */
export const anyOrder = (...elements: unknown[]): Outcome => new Expected('any-order', elements);
/** The reply is one of these. */
export const oneOf = (...replies: unknown[]): Outcome => new Expected('one-of', replies);

const WRONGTYPE = fails('WRONGTYPE Operation against a key holding the wrong kind of value');
const NOT_INTEGER = fails('ERR value is not an integer or out of range');
const NOT_FLOAT = fails('ERR value is not a valid float');
const SYNTAX = fails('ERR syntax error');
const NO_KEY = fails('ERR no such key');
const arity = (name: string): Outcome =>
  fails(`ERR wrong number of arguments for '${name}' command`);
const bytes = (...codes: number[]): Buffer => Buffer.from(codes);

type Row = readonly [title: string, ...steps: (readonly [ContractCall, Outcome])[]];
const group = (of: string, rows: readonly Row[]): ContractCase[] =>
  rows.map(([title, ...steps]) => ({ title: `${of}: ${title}`, steps }));

const STRINGS = group('strings', [
  ['are nothing before they are set', [['get', 'k'], null]],
  ['are what was set', [['set', 'k', 'v'], 'OK'], [['get', 'k'], 'v']],
  ['may be empty', [['set', 'k', ''], 'OK'], [['get', 'k'], ''], [['exists', 'k'], 1]],
  [
    'keep signs of all languages',
    [['set', 'ключ', 'größe 🙂'], 'OK'],
    [['get', 'ключ'], 'größe 🙂'],
  ],
  [
    'keep bytes as they are',
    [['set', 'k', bytes(0, 255, 128, 10)], 'OK'],
    [['getBuffer', 'k'], bytes(0, 255, 128, 10)],
  ],
  [
    'have keys that are bytes',
    [['set', bytes(1, 200), 'v'], 'OK'],
    [['getBuffer', bytes(1, 200)], Buffer.from('v')],
  ],
  ['are texts, also when a number was set', [['set', 'k', 12], 'OK'], [['get', 'k'], '12']],
  ['are replaced', [['set', 'k', 'a'], 'OK'], [['set', 'k', 'b'], 'OK'], [['get', 'k'], 'b']],
  [
    'replace what is of another type',
    [['rpush', 'k', 'a'], 1],
    [['set', 'k', 'b'], 'OK'],
    [['type', 'k'], 'string'],
  ],
  [
    'are set with NX only where nothing is',
    [['set', 'k', 'a', 'NX'], 'OK'],
    [['set', 'k', 'b', 'NX'], null],
    [['get', 'k'], 'a'],
  ],
  [
    'are set with XX only where something is',
    [['set', 'k', 'a', 'XX'], null],
    [['set', 'k', 'a'], 'OK'],
    [['set', 'k', 'b', 'xx'], 'OK'],
    [['get', 'k'], 'b'],
  ],
  ['are returned by SET GET', [['set', 'k', 'a', 'GET'], null], [['set', 'k', 'b', 'GET'], 'a']],
  [
    'are not set by SET GET over another type',
    [['sadd', 'k', 'a'], 1],
    [['set', 'k', 'b', 'GET'], WRONGTYPE],
    [['type', 'k'], 'set'],
  ],
  [
    'are returned by SET NX GET',
    [['set', 'k', 'a', 'NX', 'GET'], null],
    [['set', 'k', 'b', 'NX', 'GET'], 'a'],
    [['get', 'k'], 'a'],
  ],
  ['are not set with NX and XX at once', [['set', 'k', 'a', 'NX', 'XX'], SYNTAX]],
  ['are not set with two ends', [['set', 'k', 'a', 'EX', 10, 'PX', 10], SYNTAX]],
  ['are not set with KEEPTTL and an end', [['set', 'k', 'a', 'EX', 10, 'KEEPTTL'], SYNTAX]],
  ['are not set with an option that is none', [['set', 'k', 'a', 'NOPE'], SYNTAX]],
  [
    'are not set for no time',
    [['set', 'k', 'a', 'EX', 0], fails("ERR invalid expire time in 'set' command")],
  ],
  ['are not set for a time that is no number', [['set', 'k', 'a', 'EX', '1.5'], NOT_INTEGER]],
  [
    'are set by SETNX where nothing is',
    [['setnx', 'k', 'a'], 1],
    [['setnx', 'k', 'b'], 0],
    [['get', 'k'], 'a'],
  ],
  ['are set for a time by SETEX', [['setex', 'k', 100, 'a'], 'OK'], [['ttl', 'k'], 100]],
  ['are set for a time by PSETEX', [['psetex', 'k', 100_000, 'a'], 'OK'], [['ttl', 'k'], 100]],
  [
    'are not set by SETEX for no time',
    [['setex', 'k', 0, 'a'], fails("ERR invalid expire time in 'setex' command")],
  ],
  [
    'are not set by PSETEX for less',
    [['psetex', 'k', -1, 'a'], fails("ERR invalid expire time in 'psetex' command")],
  ],
  [
    'are exchanged by GETSET',
    [['getset', 'k', 'a'], null],
    [['getset', 'k', 'b'], 'a'],
    [['get', 'k'], 'b'],
  ],
  [
    'lose their end by GETSET',
    [['set', 'k', 'a', 'EX', 100], 'OK'],
    [['getset', 'k', 'b'], 'a'],
    [['ttl', 'k'], -1],
  ],
  [
    'are taken by GETDEL',
    [['set', 'k', 'a'], 'OK'],
    [['getdel', 'k'], 'a'],
    [['exists', 'k'], 0],
    [['getdel', 'k'], null],
  ],
  [
    'are left by GETDEL when they are none',
    [['rpush', 'k', 'a'], 1],
    [['getdel', 'k'], WRONGTYPE],
    [['exists', 'k'], 1],
  ],
  [
    'get an end by GETEX',
    [['set', 'k', 'a'], 'OK'],
    [['getex', 'k', 'EX', 100], 'a'],
    [['ttl', 'k'], 100],
  ],
  [
    'lose it by GETEX PERSIST',
    [['set', 'k', 'a', 'EX', 100], 'OK'],
    [['getex', 'k', 'PERSIST'], 'a'],
    [['ttl', 'k'], -1],
  ],
  [
    'keep it by GETEX alone',
    [['set', 'k', 'a', 'EX', 100], 'OK'],
    [['getex', 'k'], 'a'],
    [['ttl', 'k'], 100],
  ],
  [
    'come many at once',
    [['mset', 'a', '1', 'b', '2'], 'OK'],
    [
      ['mget', 'a', 'x', 'b'],
      ['1', null, '2'],
    ],
  ],
  [
    'are nothing in MGET when they are of another type',
    [['rpush', 'k', 'a'], 1],
    [['mget', 'k'], [null]],
  ],
  [
    'are set from an object',
    [['mset', { a: '1', b: '2' }], 'OK'],
    [
      ['mget', ['a', 'b']],
      ['1', '2'],
    ],
  ],
  ['are set from a Map', [['mset', new Map([['a', '1']])], 'OK'], [['get', 'a'], '1']],
  ['are not set from half a pair', [['mset', 'a', '1', 'b'], arity('mset')]],
  [
    'are set all or none by MSETNX',
    [['msetnx', 'a', '1', 'b', '2'], 1],
    [['msetnx', 'b', '3', 'c', '4'], 0],
    [
      ['mget', 'a', 'b', 'c'],
      ['1', '2', null],
    ],
  ],
  [
    'grow by APPEND',
    [['append', 'k', 'ab'], 2],
    [['append', 'k', 'cd'], 4],
    [['get', 'k'], 'abcd'],
  ],
  [
    'keep their end when they grow',
    [['set', 'k', 'a', 'EX', 100], 'OK'],
    [['append', 'k', 'b'], 2],
    [['ttl', 'k'], 100],
  ],
  [
    'have a length in bytes',
    [['set', 'k', 'ä🙂'], 'OK'],
    [['strlen', 'k'], 6],
    [['strlen', 'none'], 0],
  ],
  [
    'have parts',
    [['set', 'k', 'This is a string'], 'OK'],
    [['getrange', 'k', 0, 3], 'This'],
    [['getrange', 'k', -3, -1], 'ing'],
    [['getrange', 'k', 0, -1], 'This is a string'],
    [['getrange', 'k', 10, 100], 'string'],
    [['getrange', 'k', 5, 2], ''],
  ],
  [
    'are written over in parts',
    [['set', 'k', 'Hello World'], 'OK'],
    [['setrange', 'k', 6, 'Redis'], 11],
    [['get', 'k'], 'Hello Redis'],
  ],
  [
    'are filled with zeros before a part',
    [['setrange', 'k', 2, 'a'], 3],
    [['getBuffer', 'k'], bytes(0, 0, 97)],
  ],
  ['are not made of an empty part', [['setrange', 'k', 2, ''], 0], [['exists', 'k'], 0]],
  [
    'are refused for a part before their beginning',
    [['setrange', 'k', -1, 'a'], fails('ERR offset is out of range')],
  ],
  [
    'refuse commands of other types',
    [['set', 'k', 'a'], 'OK'],
    [['lpush', 'k', 'x'], WRONGTYPE],
    [['hget', 'k', 'f'], WRONGTYPE],
    [['sadd', 'k', 'm'], WRONGTYPE],
    [['zadd', 'k', 1, 'm'], WRONGTYPE],
  ],
  [
    'are what other types are not',
    [['rpush', 'k', 'a'], 1],
    [['get', 'k'], WRONGTYPE],
    [['append', 'k', 'b'], WRONGTYPE],
    [['strlen', 'k'], WRONGTYPE],
    [['incr', 'k'], WRONGTYPE],
  ],
  ['need all arguments', [['call', 'GET'], arity('get')], [['call', 'SET', 'k'], arity('set')]],
  [
    'are commanded in capitals, too',
    [['call', 'SET', 'k', 'v'], 'OK'],
    [['call', 'gEt', 'k'], 'v'],
    [['callBuffer', 'GET', 'k'], Buffer.from('v')],
  ],
]);

const COUNTERS = group('counters', [
  ['begin at nothing', [['incr', 'n'], 1], [['incr', 'n'], 2], [['get', 'n'], '2']],
  ['go down', [['decr', 'n'], -1], [['decrby', 'n', 10], -11]],
  ['go in steps', [['incrby', 'n', 5], 5], [['incrby', 'n', -7], -2], [['incrby', 'n', '3'], 1]],
  ['keep their end', [['set', 'n', '1', 'EX', 100], 'OK'], [['incr', 'n'], 2], [['ttl', 'n'], 100]],
  ['are no texts', [['set', 'n', 'abc'], 'OK'], [['incr', 'n'], NOT_INTEGER]],
  ['are no fractions', [['set', 'n', '1.5'], 'OK'], [['incr', 'n'], NOT_INTEGER]],
  ['have no spaces', [['set', 'n', ' 1'], 'OK'], [['incr', 'n'], NOT_INTEGER]],
  ['have no zeros in front', [['set', 'n', '01'], 'OK'], [['incr', 'n'], NOT_INTEGER]],
  ['have no plus', [['set', 'n', '+1'], 'OK'], [['incr', 'n'], NOT_INTEGER]],
  ['are not empty', [['set', 'n', ''], 'OK'], [['incr', 'n'], NOT_INTEGER]],
  ['do not go in steps of a fraction', [['incrby', 'n', 1.5], NOT_INTEGER], [['exists', 'n'], 0]],
  [
    'have 64 bits',
    [['set', 'n', '9223372036854775806'], 'OK'],
    [['incr', 'n'], 2 ** 63],
    [['incr', 'n'], fails('ERR increment or decrement would overflow')],
    [['get', 'n'], '9223372036854775807'],
  ],
  [
    'do not hold more than 64 bits',
    [['set', 'n', '9223372036854775808'], 'OK'],
    [['incr', 'n'], NOT_INTEGER],
  ],
  [
    'do not go down by the lowest number',
    [['decrby', 'n', '-9223372036854775808'], fails('ERR decrement would overflow')],
  ],
  [
    'have fractions by INCRBYFLOAT',
    [['set', 'n', '10.50'], 'OK'],
    [['incrbyfloat', 'n', 0.1], '10.6'],
    [['incrbyfloat', 'n', -5], '5.6'],
  ],
  [
    'add fractions as they are written',
    [['incrbyfloat', 'n', 0.1], '0.1'],
    [['incrbyfloat', 'n', 0.2], '0.3'],
  ],
  ['take exponents', [['set', 'n', '5.0e3'], 'OK'], [['incrbyfloat', 'n', '2.0e2'], '5200']],
  ['go to zero', [['set', 'n', '-0.5'], 'OK'], [['incrbyfloat', 'n', 0.5], '0']],
  [
    'have no fractions that are none',
    [['set', 'n', 'x'], 'OK'],
    [['incrbyfloat', 'n', 1], NOT_FLOAT],
    [['incrbyfloat', 'm', 'x'], NOT_FLOAT],
  ],
  [
    'are texts for their readers',
    [['incrby', 'n', 41], 41],
    [['append', 'n', '0'], 3],
    [['incr', 'n'], 411],
  ],
]);

const KEYS = group('keys', [
  [
    'are deleted',
    [['mset', 'a', '1', 'b', '2'], 'OK'],
    [['del', 'a', 'b', 'c'], 2],
    [['exists', 'a'], 0],
  ],
  ['are unlinked', [['mset', 'a', '1'], 'OK'], [['unlink', 'a', 'a'], 1]],
  [
    'are counted as often as they are named',
    [['set', 'a', '1'], 'OK'],
    [['exists', 'a', 'a', 'b'], 2],
    [['touch', 'a', 'b'], 1],
  ],
  [
    'have a type',
    [['set', 's', '1'], 'OK'],
    [['hset', 'h', 'f', 'v'], 1],
    [['rpush', 'l', 'a'], 1],
    [['sadd', 'm', 'a'], 1],
    [['zadd', 'z', 1, 'a'], 1],
    [['type', 's'], 'string'],
    [['type', 'h'], 'hash'],
    [['type', 'l'], 'list'],
    [['type', 'm'], 'set'],
    [['type', 'z'], 'zset'],
    [['type', 'none'], 'none'],
  ],
  [
    'are found by patterns',
    [['mset', 'user:1', 'a', 'user:2', 'b', 'job:1', 'c'], 'OK'],
    [['keys', 'user:*'], anyOrder('user:1', 'user:2')],
    [['keys', '*:1'], anyOrder('user:1', 'job:1')],
    [['keys', 'user:?'], anyOrder('user:1', 'user:2')],
    [['keys', 'x*'], []],
  ],
  [
    'are found by classes of signs',
    [['mset', 'a1', '', 'b1', '', 'c1', ''], 'OK'],
    [['keys', '[ab]1'], anyOrder('a1', 'b1')],
    [['keys', '[^a]1'], anyOrder('b1', 'c1')],
    [['keys', '[a-b]1'], anyOrder('a1', 'b1')],
  ],
  [
    'are found by signs that stand for themselves',
    [['mset', 'a*', '', 'ab', '', 'a.b', ''], 'OK'],
    [['keys', 'a\\*'], ['a*']],
    [['keys', 'a.b'], ['a.b']],
  ],
  [
    'are renamed',
    [['set', 'a', '1', 'EX', 100], 'OK'],
    [['rename', 'a', 'b'], 'OK'],
    [['exists', 'a'], 0],
    [['get', 'b'], '1'],
    [['ttl', 'b'], 100],
  ],
  [
    'are renamed over others',
    [['mset', 'a', '1', 'b', '2'], 'OK'],
    [['rename', 'a', 'b'], 'OK'],
    [['get', 'b'], '1'],
  ],
  [
    'are renamed only where they are',
    [['rename', 'none', 'b'], NO_KEY],
    [['renamenx', 'none', 'b'], NO_KEY],
  ],
  [
    'are renamed by RENAMENX where nothing is',
    [['mset', 'a', '1', 'b', '2'], 'OK'],
    [['renamenx', 'a', 'b'], 0],
    [['renamenx', 'a', 'c'], 1],
  ],
  [
    'are copied',
    [['set', 'a', '1', 'EX', 100], 'OK'],
    [['copy', 'a', 'b'], 1],
    [['copy', 'a', 'b'], 0],
    [['get', 'b'], '1'],
    [['ttl', 'b'], 100],
  ],
  [
    'are copied over others with REPLACE',
    [['mset', 'a', '1', 'b', '2'], 'OK'],
    [['copy', 'a', 'b', 'REPLACE'], 1],
    [['get', 'b'], '1'],
    [['copy', 'none', 'b', 'REPLACE'], 0],
  ],
  [
    'are copied with all that they hold',
    [['rpush', 'a', '1'], 1],
    [['copy', 'a', 'b'], 1],
    [['rpush', 'b', '2'], 2],
    [['lrange', 'a', 0, -1], ['1']],
  ],
  ['are counted', [['dbsize'], 0], [['mset', 'a', '1', 'b', '2'], 'OK'], [['dbsize'], 2]],
  [
    'are all removed by FLUSHDB',
    [['mset', 'a', '1', 'b', '2'], 'OK'],
    [['flushdb'], 'OK'],
    [['dbsize'], 0],
  ],
  [
    'are all removed by FLUSHALL',
    [['set', 'a', '1'], 'OK'],
    [['flushall', 'ASYNC'], 'OK'],
    [['dbsize'], 0],
  ],
  [
    'come by chance',
    [['randomkey'], null],
    [['mset', 'a', '1', 'b', '2'], 'OK'],
    [['randomkey'], oneOf('a', 'b')],
  ],
  [
    'are gone when their last member is',
    [['sadd', 'k', 'a'], 1],
    [['srem', 'k', 'a'], 1],
    [['exists', 'k'], 0],
    [['type', 'k'], 'none'],
  ],
  [
    'are scanned in one step when they are few',
    [['mset', 'a', '1', 'b', '2'], 'OK'],
    [
      ['scan', 0, 'COUNT', 100],
      ['0', anyOrder('a', 'b')],
    ],
  ],
  [
    'are scanned by a pattern',
    [['mset', 'a1', '', 'b1', ''], 'OK'],
    [
      ['scan', 0, 'MATCH', 'a*', 'COUNT', 100],
      ['0', ['a1']],
    ],
  ],
  [
    'are scanned by a type',
    [['set', 's', ''], 'OK'],
    [['rpush', 'l', 'a'], 1],
    [
      ['scan', 0, 'TYPE', 'list', 'COUNT', 100],
      ['0', ['l']],
    ],
  ],
  [
    'are not scanned from a cursor that is none',
    [['scan', 'x'], fails('ERR invalid cursor')],
    [['scan', 0, 'COUNT', 0], SYNTAX],
    [['scan', 0, 'NOPE', 1], SYNTAX],
  ],
]);

const EXPIRY = group('expiry', [
  [
    'is nothing for a key that never ends',
    [['set', 'k', 'v'], 'OK'],
    [['ttl', 'k'], -1],
    [['pttl', 'k'], -1],
    [['expiretime', 'k'], -1],
    [['pexpiretime', 'k'], -1],
  ],
  [
    'is less for a key that is none',
    [['ttl', 'k'], -2],
    [['pttl', 'k'], -2],
    [['expiretime', 'k'], -2],
    [['pexpiretime', 'k'], -2],
  ],
  [
    'is set in seconds',
    [['set', 'k', 'v'], 'OK'],
    [['expire', 'k', 100], 1],
    [['ttl', 'k'], 100],
    [['expire', 'none', 100], 0],
  ],
  [
    'is set in milliseconds',
    [['set', 'k', 'v'], 'OK'],
    [['pexpire', 'k', 100_000], 1],
    [['ttl', 'k'], 100],
  ],
  [
    'is set on the calendar',
    [['set', 'k', 'v'], 'OK'],
    [['expireat', 'k', 4_102_444_800], 1],
    [['expiretime', 'k'], 4_102_444_800],
    [['pexpiretime', 'k'], 4_102_444_800_000],
  ],
  [
    'is set on the calendar to the millisecond',
    [['set', 'k', 'v'], 'OK'],
    [['pexpireat', 'k', 4_102_444_800_123], 1],
    [['pexpiretime', 'k'], 4_102_444_800_123],
    [['expiretime', 'k'], 4_102_444_800],
  ],
  [
    'is set together with a value',
    [['set', 'k', 'v', 'EXAT', 4_102_444_800], 'OK'],
    [['expiretime', 'k'], 4_102_444_800],
    [['set', 'k', 'v', 'PXAT', 4_102_444_800_000], 'OK'],
    [['expiretime', 'k'], 4_102_444_800],
  ],
  [
    'is at once for what is past',
    [['set', 'k', 'v'], 'OK'],
    [['expire', 'k', -1], 1],
    [['exists', 'k'], 0],
  ],
  [
    'is at once for a moment of the past',
    [['set', 'k', 'v'], 'OK'],
    [['expireat', 'k', 1], 1],
    [['get', 'k'], null],
  ],
  [
    'is taken away by PERSIST',
    [['set', 'k', 'v', 'EX', 100], 'OK'],
    [['persist', 'k'], 1],
    [['ttl', 'k'], -1],
    [['persist', 'k'], 0],
    [['persist', 'none'], 0],
  ],
  [
    'is taken away by SET',
    [['set', 'k', 'v', 'EX', 100], 'OK'],
    [['set', 'k', 'w'], 'OK'],
    [['ttl', 'k'], -1],
  ],
  [
    'is kept by SET KEEPTTL',
    [['set', 'k', 'v', 'EX', 100], 'OK'],
    [['set', 'k', 'w', 'KEEPTTL'], 'OK'],
    [['ttl', 'k'], 100],
    [['get', 'k'], 'w'],
  ],
  [
    'is kept when members change',
    [['hset', 'k', 'f', 'v'], 1],
    [['expire', 'k', 100], 1],
    [['hset', 'k', 'g', 'w'], 1],
    [['ttl', 'k'], 100],
  ],
  [
    'is set with NX where there is none',
    [['set', 'k', 'v'], 'OK'],
    [['expire', 'k', 100, 'NX'], 1],
    [['expire', 'k', 200, 'NX'], 0],
    [['ttl', 'k'], 100],
  ],
  [
    'is set with XX where there is one',
    [['set', 'k', 'v'], 'OK'],
    [['expire', 'k', 100, 'XX'], 0],
    [['expire', 'k', 100], 1],
    [['expire', 'k', 200, 'XX'], 1],
    [['ttl', 'k'], 200],
  ],
  [
    'is only made longer with GT',
    [['set', 'k', 'v', 'EX', 100], 'OK'],
    [['expire', 'k', 50, 'GT'], 0],
    [['expire', 'k', 200, 'GT'], 1],
    [['persist', 'k'], 1],
    [['expire', 'k', 300, 'GT'], 0],
  ],
  [
    'is only made shorter with LT',
    [['set', 'k', 'v', 'EX', 100], 'OK'],
    [['expire', 'k', 200, 'LT'], 0],
    [['expire', 'k', 50, 'LT'], 1],
    [['persist', 'k'], 1],
    [['expire', 'k', 300, 'LT'], 1],
  ],
  [
    'takes no options that exclude each other',
    [['set', 'k', 'v'], 'OK'],
    [
      ['expire', 'k', 1, 'NX', 'GT'],
      fails('ERR NX and XX, GT or LT options at the same time are not compatible'),
    ],
    [
      ['expire', 'k', 1, 'GT', 'LT'],
      fails('ERR GT and LT options at the same time are not compatible'),
    ],
  ],
  [
    'takes whole numbers only',
    [['set', 'k', 'v'], 'OK'],
    [['expire', 'k', '1.5'], NOT_INTEGER],
    [['pexpire', 'k', 'x'], NOT_INTEGER],
  ],
  [
    'is not beyond what 64 bits hold',
    [['set', 'k', 'v'], 'OK'],
    [['expire', 'k', '9223372036854775807'], fails("ERR invalid expire time in 'expire' command")],
  ],
]);

const HASHES = group('hashes', [
  [
    'have fields',
    [['hset', 'h', 'a', '1', 'b', '2'], 2],
    [['hget', 'h', 'a'], '1'],
    [['hget', 'h', 'x'], null],
    [['hget', 'none', 'a'], null],
  ],
  [
    'count only fields that are new',
    [['hset', 'h', 'a', '1'], 1],
    [['hset', 'h', 'a', '2', 'b', '3'], 1],
    [['hget', 'h', 'a'], '2'],
  ],
  [
    'are set from an object',
    [['hset', 'h', { a: 1, b: 'two' }], 2],
    [['hgetall', 'h'], { a: '1', b: 'two' }],
  ],
  ['are set from a Map', [['hset', 'h', new Map([['a', '1']])], 1], [['hget', 'h', 'a'], '1']],
  [
    'are objects when they are read',
    [['hgetall', 'none'], {}],
    [['hset', 'h', 'a', '1'], 1],
    [['hgetall', 'h'], { a: '1' }],
  ],
  [
    'are objects of Buffers for Buffer methods',
    [['hset', 'h', 'a', bytes(255)], 1],
    [['hgetallBuffer', 'h'], { a: bytes(255) }],
    [['hgetBuffer', 'h', 'a'], bytes(255)],
  ],
  [
    'are set by HMSET',
    [['hmset', 'h', 'a', '1', 'b', '2'], 'OK'],
    [
      ['hmget', 'h', 'a', 'x', 'b'],
      ['1', null, '2'],
    ],
  ],
  [
    'are set by HMSET from an object',
    [['hmset', 'h', { a: '1' }], 'OK'],
    [['hget', 'h', 'a'], '1'],
  ],
  [
    'are not set from half a pair',
    [['hset', 'h', 'a', '1', 'b'], arity('hset')],
    [['hmset', 'h', 'a', '1', 'b'], arity('hmset')],
  ],
  [
    'set a field once by HSETNX',
    [['hsetnx', 'h', 'a', '1'], 1],
    [['hsetnx', 'h', 'a', '2'], 0],
    [['hget', 'h', 'a'], '1'],
  ],
  [
    'lose fields',
    [['hset', 'h', 'a', '1', 'b', '2'], 2],
    [['hdel', 'h', 'a', 'x'], 1],
    [['hexists', 'h', 'a'], 0],
    [['hexists', 'h', 'b'], 1],
    [['hdel', 'none', 'a'], 0],
  ],
  [
    'are gone with their last field',
    [['hset', 'h', 'a', '1'], 1],
    [['hdel', 'h', 'a'], 1],
    [['exists', 'h'], 0],
  ],
  [
    'have a number of fields',
    [['hlen', 'h'], 0],
    [['hset', 'h', 'a', '1', 'b', '2'], 2],
    [['hlen', 'h'], 2],
  ],
  [
    'have names and values',
    [['hset', 'h', 'a', '1', 'b', '2'], 2],
    [
      ['hkeys', 'h'],
      ['a', 'b'],
    ],
    [
      ['hvals', 'h'],
      ['1', '2'],
    ],
    [['hkeys', 'none'], []],
  ],
  [
    'have values with a length',
    [['hset', 'h', 'a', 'äb'], 1],
    [['hstrlen', 'h', 'a'], 3],
    [['hstrlen', 'h', 'x'], 0],
  ],
  [
    'count in fields',
    [['hincrby', 'h', 'a', 2], 2],
    [['hincrby', 'h', 'a', -3], -1],
    [['hget', 'h', 'a'], '-1'],
  ],
  [
    'do not count in texts',
    [['hset', 'h', 'a', 'x'], 1],
    [['hincrby', 'h', 'a', 1], fails('ERR hash value is not an integer')],
    [['hincrby', 'h', 'b', 'x'], NOT_INTEGER],
  ],
  [
    'count fractions',
    [['hincrbyfloat', 'h', 'a', 0.5], '0.5'],
    [['hincrbyfloat', 'h', 'a', 0.25], '0.75'],
  ],
  [
    'do not count fractions in texts',
    [['hset', 'h', 'a', 'x'], 1],
    [['hincrbyfloat', 'h', 'a', 1], fails('ERR hash value is not a float')],
  ],
  [
    'give fields by chance',
    [['hrandfield', 'none'], null],
    [['hset', 'h', 'a', '1'], 1],
    [['hrandfield', 'h'], 'a'],
    [['hrandfield', 'h', 5], ['a']],
    [
      ['hrandfield', 'h', -2],
      ['a', 'a'],
    ],
    [
      ['hrandfield', 'h', 1, 'WITHVALUES'],
      ['a', '1'],
    ],
  ],
  [
    'are scanned',
    [['hset', 'h', 'a1', '1', 'b1', '2'], 2],
    [
      ['hscan', 'h', 0],
      ['0', ['a1', '1', 'b1', '2']],
    ],
    [
      ['hscan', 'h', 0, 'MATCH', 'a*'],
      ['0', ['a1', '1']],
    ],
    [
      ['hscan', 'none', 0],
      ['0', []],
    ],
  ],
  [
    'refuse commands of other types',
    [['hset', 'h', 'a', '1'], 1],
    [['get', 'h'], WRONGTYPE],
    [['lpush', 'h', 'x'], WRONGTYPE],
    [['smembers', 'h'], WRONGTYPE],
    [['zscore', 'h', 'm'], WRONGTYPE],
  ],
  [
    'are what other types are not',
    [['set', 'k', 'v'], 'OK'],
    [['hset', 'k', 'a', '1'], WRONGTYPE],
    [['hgetall', 'k'], WRONGTYPE],
    [['hincrby', 'k', 'a', 1], WRONGTYPE],
    [['hlen', 'k'], WRONGTYPE],
  ],
]);

const LISTS = group('lists', [
  [
    'grow at their left',
    [['lpush', 'l', 'a', 'b'], 2],
    [
      ['lrange', 'l', 0, -1],
      ['b', 'a'],
    ],
  ],
  [
    'grow at their right',
    [['rpush', 'l', 'a', 'b'], 2],
    [['rpush', 'l', 'c'], 3],
    [
      ['lrange', 'l', 0, -1],
      ['a', 'b', 'c'],
    ],
  ],
  [
    'grow only where they are',
    [['lpushx', 'l', 'a'], 0],
    [['rpushx', 'l', 'a'], 0],
    [['exists', 'l'], 0],
    [['rpush', 'l', 'a'], 1],
    [['lpushx', 'l', 'b'], 2],
    [['rpushx', 'l', 'c'], 3],
  ],
  [
    'lose their ends',
    [['rpush', 'l', 'a', 'b', 'c'], 3],
    [['lpop', 'l'], 'a'],
    [['rpop', 'l'], 'c'],
    [['lpop', 'none'], null],
  ],
  [
    'lose several at once',
    [['rpush', 'l', 'a', 'b', 'c'], 3],
    [
      ['lpop', 'l', 2],
      ['a', 'b'],
    ],
    [['rpop', 'l', 5], ['c']],
    [['lpop', 'l', 1], null],
    [['lpop', 'none', 0], null],
  ],
  [
    'lose none for a count of 0',
    [['rpush', 'l', 'a'], 1],
    [['lpop', 'l', 0], []],
    [['llen', 'l'], 1],
  ],
  [
    'lose no negative number',
    [['rpush', 'l', 'a'], 1],
    [['lpop', 'l', -1], fails('ERR value is out of range, must be positive')],
  ],
  [
    'give Buffers for Buffer methods',
    [['rpush', 'l', bytes(255), 'b'], 2],
    [
      ['lrangeBuffer', 'l', 0, -1],
      [bytes(255), Buffer.from('b')],
    ],
    [['lpopBuffer', 'l'], bytes(255)],
  ],
  ['have a length', [['llen', 'l'], 0], [['rpush', 'l', 'a', 'b'], 2], [['llen', 'l'], 2]],
  [
    'have parts',
    [['rpush', 'l', 'a', 'b', 'c', 'd'], 4],
    [
      ['lrange', 'l', 1, 2],
      ['b', 'c'],
    ],
    [
      ['lrange', 'l', -2, -1],
      ['c', 'd'],
    ],
    [
      ['lrange', 'l', 0, 100],
      ['a', 'b', 'c', 'd'],
    ],
    [['lrange', 'l', 5, 10], []],
    [['lrange', 'l', 2, 1], []],
    [['lrange', 'l', -100, 0], ['a']],
  ],
  [
    'have places',
    [['rpush', 'l', 'a', 'b'], 2],
    [['lindex', 'l', 0], 'a'],
    [['lindex', 'l', -1], 'b'],
    [['lindex', 'l', 2], null],
    [['lindex', 'none', 0], null],
  ],
  [
    'change in a place',
    [['rpush', 'l', 'a', 'b'], 2],
    [['lset', 'l', -1, 'x'], 'OK'],
    [
      ['lrange', 'l', 0, -1],
      ['a', 'x'],
    ],
    [['lset', 'l', 2, 'y'], fails('ERR index out of range')],
    [['lset', 'none', 0, 'y'], NO_KEY],
  ],
  [
    'lose elements that are equal',
    [['rpush', 'l', 'a', 'b', 'a', 'c', 'a'], 5],
    [['lrem', 'l', 1, 'a'], 1],
    [
      ['lrange', 'l', 0, -1],
      ['b', 'a', 'c', 'a'],
    ],
    [['lrem', 'l', -1, 'a'], 1],
    [
      ['lrange', 'l', 0, -1],
      ['b', 'a', 'c'],
    ],
    [['lrem', 'l', 0, 'a'], 1],
    [['lrem', 'l', 0, 'x'], 0],
  ],
  [
    'are trimmed',
    [['rpush', 'l', 'a', 'b', 'c', 'd'], 4],
    [['ltrim', 'l', 1, -2], 'OK'],
    [
      ['lrange', 'l', 0, -1],
      ['b', 'c'],
    ],
    [['ltrim', 'l', 5, 10], 'OK'],
    [['exists', 'l'], 0],
    [['ltrim', 'none', 0, 1], 'OK'],
  ],
  [
    'take elements between others',
    [['rpush', 'l', 'a', 'c'], 2],
    [['linsert', 'l', 'BEFORE', 'c', 'b'], 3],
    [['linsert', 'l', 'AFTER', 'c', 'd'], 4],
    [
      ['lrange', 'l', 0, -1],
      ['a', 'b', 'c', 'd'],
    ],
    [['linsert', 'l', 'AFTER', 'x', 'y'], -1],
    [['linsert', 'none', 'AFTER', 'x', 'y'], 0],
  ],
  [
    'know where elements are',
    [['rpush', 'l', 'a', 'b', 'c', 'b', 'b'], 5],
    [['lpos', 'l', 'b'], 1],
    [['lpos', 'l', 'x'], null],
    [['lpos', 'l', 'b', 'RANK', 2], 3],
    [['lpos', 'l', 'b', 'RANK', -1], 4],
    [
      ['lpos', 'l', 'b', 'COUNT', 2],
      [1, 3],
    ],
    [
      ['lpos', 'l', 'b', 'COUNT', 0],
      [1, 3, 4],
    ],
    [
      ['lpos', 'l', 'b', 'RANK', -1, 'COUNT', 2],
      [4, 3],
    ],
    [['lpos', 'l', 'b', 'COUNT', 0, 'MAXLEN', 2], [1]],
    [['lpos', 'l', 'x', 'COUNT', 0], []],
  ],
  [
    'move elements',
    [['rpush', 'a', '1', '2', '3'], 3],
    [['lmove', 'a', 'b', 'LEFT', 'RIGHT'], '1'],
    [['lmove', 'a', 'b', 'RIGHT', 'LEFT'], '3'],
    [
      ['lrange', 'b', 0, -1],
      ['3', '1'],
    ],
    [['lmove', 'none', 'b', 'LEFT', 'LEFT'], null],
  ],
  [
    'move elements within themselves',
    [['rpush', 'a', '1', '2', '3'], 3],
    [['rpoplpush', 'a', 'a'], '3'],
    [
      ['lrange', 'a', 0, -1],
      ['3', '1', '2'],
    ],
  ],
  [
    'move nothing onto another type',
    [['rpush', 'a', '1'], 1],
    [['set', 's', 'v'], 'OK'],
    [['lmove', 'a', 's', 'LEFT', 'LEFT'], WRONGTYPE],
    [['llen', 'a'], 1],
  ],
  [
    'pop from the first that has something',
    [['rpush', 'b', '1', '2', '3'], 3],
    [
      ['lmpop', 2, 'a', 'b', 'LEFT', 'COUNT', 2],
      ['b', ['1', '2']],
    ],
    [
      ['lmpop', 1, 'b', 'RIGHT'],
      ['b', ['3']],
    ],
    [['lmpop', 1, 'b', 'LEFT'], null],
  ],
  [
    'answer at once where something is to be had',
    [['rpush', 'b', '1', '2'], 2],
    [
      ['blpop', 'a', 'b', 0],
      ['b', '1'],
    ],
    [
      ['brpop', 'b', 1],
      ['b', '2'],
    ],
  ],
  [
    'move at once where something is to be had',
    [['rpush', 'a', '1', '2'], 2],
    [['blmove', 'a', 'b', 'LEFT', 'LEFT', 0], '1'],
    [['brpoplpush', 'a', 'b', 0], '2'],
    [
      ['lrange', 'b', 0, -1],
      ['2', '1'],
    ],
  ],
  [
    'pop many at once where something is to be had',
    [['rpush', 'a', '1', '2'], 2],
    [
      ['blmpop', 0, 1, 'a', 'LEFT', 'COUNT', 5],
      ['a', ['1', '2']],
    ],
  ],
  [
    'are waited for no negative time',
    [['blpop', 'a', -1], fails('ERR timeout is negative')],
    [['blpop', 'a', 'x'], fails('ERR timeout is not a float or out of range')],
  ],
  [
    'refuse commands of other types',
    [['rpush', 'l', 'a'], 1],
    [['get', 'l'], WRONGTYPE],
    [['hset', 'l', 'a', '1'], WRONGTYPE],
    [['scard', 'l'], WRONGTYPE],
  ],
  [
    'are what other types are not',
    [['set', 'k', 'v'], 'OK'],
    [['rpush', 'k', 'a'], WRONGTYPE],
    [['lrange', 'k', 0, -1], WRONGTYPE],
    [['llen', 'k'], WRONGTYPE],
    [['blpop', 'k', 1], WRONGTYPE],
  ],
  [
    'take whole numbers only',
    [['rpush', 'l', 'a'], 1],
    [['lrange', 'l', 'x', 1], NOT_INTEGER],
    [['lindex', 'l', '1.5'], NOT_INTEGER],
  ],
]);

const SETS = group('sets', [
  [
    'have each member once',
    [['sadd', 's', 'a', 'b', 'a'], 2],
    [['sadd', 's', 'a', 'c'], 1],
    [['smembers', 's'], anyOrder('a', 'b', 'c')],
  ],
  ['take lists of members', [['sadd', 's', ['a', 'b']], 2], [['scard', 's'], 2]],
  [
    'lose members',
    [['sadd', 's', 'a', 'b'], 2],
    [['srem', 's', 'a', 'x'], 1],
    [['smembers', 's'], ['b']],
    [['srem', 'none', 'a'], 0],
  ],
  [
    'know their members',
    [['sadd', 's', 'a'], 1],
    [['sismember', 's', 'a'], 1],
    [['sismember', 's', 'x'], 0],
    [
      ['smismember', 's', 'a', 'x'],
      [1, 0],
    ],
    [['smismember', 'none', 'a'], [0]],
  ],
  ['are counted', [['scard', 's'], 0], [['sadd', 's', 'a', 'b'], 2], [['scard', 's'], 2]],
  [
    'give up members by chance',
    [['spop', 's'], null],
    [['sadd', 's', 'a', 'b'], 2],
    [['spop', 's'], oneOf('a', 'b')],
    [['scard', 's'], 1],
  ],
  [
    'give up several by chance',
    [['sadd', 's', 'a', 'b'], 2],
    [['spop', 's', 5], anyOrder('a', 'b')],
    [['exists', 's'], 0],
    [['spop', 's', 2], []],
  ],
  [
    'give up no negative number',
    [['sadd', 's', 'a'], 1],
    [['spop', 's', -1], fails('ERR value is out of range, must be positive')],
  ],
  [
    'show members by chance',
    [['srandmember', 's'], null],
    [['sadd', 's', 'a'], 1],
    [['srandmember', 's'], 'a'],
    [['srandmember', 's', 3], ['a']],
    [
      ['srandmember', 's', -3],
      ['a', 'a', 'a'],
    ],
    [['srandmember', 's', 0], []],
  ],
  [
    'move members',
    [['sadd', 'a', '1'], 1],
    [['smove', 'a', 'b', '1'], 1],
    [['exists', 'a'], 0],
    [['smembers', 'b'], ['1']],
    [['smove', 'b', 'a', 'x'], 0],
    [['smove', 'none', 'b', '1'], 0],
  ],
  [
    'have an intersection',
    [['sadd', 'a', '1', '2', '3'], 3],
    [['sadd', 'b', '2', '3', '4'], 3],
    [['sinter', 'a', 'b'], anyOrder('2', '3')],
    [['sinter', 'a', 'none'], []],
  ],
  [
    'have a union',
    [['sadd', 'a', '1', '2'], 2],
    [['sadd', 'b', '2', '3'], 2],
    [['sunion', 'a', 'b', 'none'], anyOrder('1', '2', '3')],
  ],
  [
    'have a difference',
    [['sadd', 'a', '1', '2'], 2],
    [['sadd', 'b', '2', '3'], 2],
    [['sdiff', 'a', 'b'], ['1']],
    [['sdiff', 'none', 'a'], []],
  ],
  [
    'keep what they have in common',
    [['sadd', 'a', '1', '2'], 2],
    [['sadd', 'b', '2', '3'], 2],
    [['sinterstore', 'c', 'a', 'b'], 1],
    [['smembers', 'c'], ['2']],
    [['sunionstore', 'c', 'a', 'b'], 3],
    [['sdiffstore', 'c', 'a', 'b'], 1],
    [['smembers', 'c'], ['1']],
  ],
  [
    'keep nothing where nothing is in common',
    [['sadd', 'a', '1'], 1],
    [['set', 'c', 'v'], 'OK'],
    [['sinterstore', 'c', 'a', 'none'], 0],
    [['exists', 'c'], 0],
  ],
  [
    'count what they have in common',
    [['sadd', 'a', '1', '2', '3'], 3],
    [['sadd', 'b', '1', '2', '3'], 3],
    [['sintercard', 2, 'a', 'b'], 3],
    [['sintercard', 2, 'a', 'b', 'LIMIT', 2], 2],
  ],
  [
    'count nothing without keys',
    [['sintercard', 0, 'a'], fails('ERR numkeys should be greater than 0')],
    [['sintercard', 3, 'a'], fails("ERR Number of keys can't be greater than number of args")],
  ],
  [
    'are scanned',
    [['sadd', 's', 'a1', 'b1'], 2],
    [
      ['sscan', 's', 0],
      ['0', anyOrder('a1', 'b1')],
    ],
    [
      ['sscan', 's', 0, 'MATCH', 'a*'],
      ['0', ['a1']],
    ],
  ],
  [
    'give Buffers for Buffer methods',
    [['sadd', 's', bytes(255)], 1],
    [['smembersBuffer', 's'], [bytes(255)]],
  ],
  [
    'are what other types are not',
    [['set', 'k', 'v'], 'OK'],
    [['sadd', 'k', 'a'], WRONGTYPE],
    [['smembers', 'k'], WRONGTYPE],
    [['sinter', 'k', 'none'], WRONGTYPE],
    [['sismember', 'k', 'a'], WRONGTYPE],
  ],
]);

const SORTED_SETS = group('sorted sets', [
  [
    'are ordered by score',
    [['zadd', 'z', 2, 'b', 1, 'a'], 2],
    [
      ['zrange', 'z', 0, -1],
      ['a', 'b'],
    ],
  ],
  [
    'are ordered by name where scores are equal',
    [['zadd', 'z', 1, 'b', 1, 'a', 1, 'B'], 3],
    [
      ['zrange', 'z', 0, -1],
      ['B', 'a', 'b'],
    ],
  ],
  [
    'count only members that are new',
    [['zadd', 'z', 1, 'a'], 1],
    [['zadd', 'z', 2, 'a', 3, 'b'], 1],
    [['zscore', 'z', 'a'], '2'],
  ],
  [
    'count changes with CH',
    [['zadd', 'z', 1, 'a', 1, 'c'], 2],
    [['zadd', 'z', 'CH', 2, 'a', 3, 'b', 1, 'c'], 2],
  ],
  [
    'take only new members with NX',
    [['zadd', 'z', 1, 'a'], 1],
    [['zadd', 'z', 'NX', 2, 'a', 2, 'b'], 1],
    [['zscore', 'z', 'a'], '1'],
  ],
  [
    'change only members with XX',
    [['zadd', 'z', 'XX', 1, 'a'], 0],
    [['exists', 'z'], 0],
    [['zadd', 'z', 1, 'a'], 1],
    [['zadd', 'z', 'XX', 2, 'a', 2, 'b'], 0],
    [
      ['zrange', 'z', 0, -1, 'WITHSCORES'],
      ['a', '2'],
    ],
  ],
  [
    'only raise scores with GT',
    [['zadd', 'z', 5, 'a'], 1],
    [['zadd', 'z', 'GT', 'CH', 3, 'a'], 0],
    [['zadd', 'z', 'GT', 'CH', 7, 'a'], 1],
    [['zadd', 'z', 'GT', 1, 'b'], 1],
  ],
  [
    'only lower scores with LT',
    [['zadd', 'z', 5, 'a'], 1],
    [['zadd', 'z', 'LT', 'CH', 7, 'a'], 0],
    [['zadd', 'z', 'LT', 'CH', 3, 'a'], 1],
  ],
  [
    'count with INCR',
    [['zadd', 'z', 'INCR', 2, 'a'], '2'],
    [['zadd', 'z', 'INCR', 3, 'a'], '5'],
    [['zadd', 'z', 'NX', 'INCR', 3, 'a'], null],
  ],
  [
    'take no options that exclude each other',
    [
      ['zadd', 'z', 'NX', 'XX', 1, 'a'],
      fails('ERR XX and NX options at the same time are not compatible'),
    ],
    [
      ['zadd', 'z', 'GT', 'LT', 1, 'a'],
      fails('ERR GT, LT, and/or NX options at the same time are not compatible'),
    ],
    [
      ['zadd', 'z', 'INCR', 1, 'a', 2, 'b'],
      fails('ERR INCR option supports a single increment-element pair'),
    ],
  ],
  [
    'take numbers as scores',
    [['zadd', 'z', 'x', 'a'], NOT_FLOAT],
    [['zadd', 'z', 1, 'a', 'x', 'b'], NOT_FLOAT],
    [['exists', 'z'], 0],
    [['zadd', 'z', 1, 'a', 2], SYNTAX],
  ],
  [
    'have scores without an end',
    [['zadd', 'z', '+inf', 'a', '-inf', 'b', 1.5, 'c'], 3],
    [
      ['zrange', 'z', 0, -1, 'WITHSCORES'],
      ['b', '-inf', 'c', '1.5', 'a', 'inf'],
    ],
  ],
  [
    'count in scores',
    [['zincrby', 'z', 2, 'a'], '2'],
    [['zincrby', 'z', 0.5, 'a'], '2.5'],
    [['zincrby', 'z', 'x', 'a'], NOT_FLOAT],
  ],
  [
    'do not count to what is no number',
    [['zadd', 'z', '+inf', 'a'], 1],
    [['zincrby', 'z', '-inf', 'a'], fails('ERR resulting score is not a number (NaN)')],
  ],
  [
    'lose members',
    [['zadd', 'z', 1, 'a', 2, 'b'], 2],
    [['zrem', 'z', 'a', 'x'], 1],
    [['zcard', 'z'], 1],
    [['zrem', 'z', 'b'], 1],
    [['exists', 'z'], 0],
  ],
  [
    'know scores',
    [['zadd', 'z', 1, 'a'], 1],
    [['zscore', 'z', 'a'], '1'],
    [['zscore', 'z', 'x'], null],
    [['zscore', 'none', 'a'], null],
    [
      ['zmscore', 'z', 'a', 'x'],
      ['1', null],
    ],
  ],
  [
    'are counted',
    [['zcard', 'z'], 0],
    [['zadd', 'z', 1, 'a', 2, 'b', 3, 'c'], 3],
    [['zcount', 'z', 2, 3], 2],
    [['zcount', 'z', '(1', '+inf'], 2],
    [['zcount', 'z', '-inf', '(3'], 2],
    [['zcount', 'z', 'x', 3], fails('ERR min or max is not a float')],
  ],
  [
    'know ranks',
    [['zadd', 'z', 1, 'a', 2, 'b', 3, 'c'], 3],
    [['zrank', 'z', 'c'], 2],
    [['zrevrank', 'z', 'c'], 0],
    [['zrank', 'z', 'x'], null],
    [['zrank', 'none', 'x'], null],
  ],
  [
    'have ranges of ranks',
    [['zadd', 'z', 1, 'a', 2, 'b', 3, 'c'], 3],
    [
      ['zrange', 'z', 0, 1],
      ['a', 'b'],
    ],
    [
      ['zrange', 'z', -2, -1, 'WITHSCORES'],
      ['b', '2', 'c', '3'],
    ],
    [
      ['zrevrange', 'z', 0, 1],
      ['c', 'b'],
    ],
    [
      ['zrevrange', 'z', 0, 0, 'WITHSCORES'],
      ['c', '3'],
    ],
    [['zrange', 'z', 5, 9], []],
    [
      ['zrange', 'z', 0, -1, 'REV'],
      ['c', 'b', 'a'],
    ],
  ],
  [
    'have ranges of scores',
    [['zadd', 'z', 1, 'a', 2, 'b', 3, 'c'], 3],
    [
      ['zrangebyscore', 'z', 2, 3],
      ['b', 'c'],
    ],
    [['zrangebyscore', 'z', '(1', '(3'], ['b']],
    [
      ['zrangebyscore', 'z', '-inf', '+inf', 'WITHSCORES', 'LIMIT', 1, 1],
      ['b', '2'],
    ],
    [
      ['zrevrangebyscore', 'z', '+inf', 2],
      ['c', 'b'],
    ],
    [
      ['zrange', 'z', 1, 2, 'BYSCORE'],
      ['a', 'b'],
    ],
    [['zrange', 'z', 3, 2, 'BYSCORE', 'REV', 'LIMIT', 0, 1], ['c']],
    [['zrangebyscore', 'z', 'x', 3], fails('ERR min or max is not a float')],
  ],
  [
    'have ranges of names',
    [['zadd', 'z', 0, 'a', 0, 'b', 0, 'c'], 3],
    [
      ['zrangebylex', 'z', '-', '+'],
      ['a', 'b', 'c'],
    ],
    [
      ['zrangebylex', 'z', '[b', '+'],
      ['b', 'c'],
    ],
    [
      ['zrangebylex', 'z', '-', '(c'],
      ['a', 'b'],
    ],
    [['zrangebylex', 'z', '(a', '(c'], ['b']],
    [
      ['zrevrangebylex', 'z', '+', '[b'],
      ['c', 'b'],
    ],
    [
      ['zrange', 'z', '[a', '[b', 'BYLEX'],
      ['a', 'b'],
    ],
    [['zlexcount', 'z', '[b', '+'], 2],
    [['zrangebylex', 'z', 'a', '+'], fails('ERR min or max not valid string range item')],
  ],
  [
    'take a limit for scores and names only',
    [['zadd', 'z', 1, 'a'], 1],
    [
      ['zrange', 'z', 0, 1, 'LIMIT', 0, 1],
      fails(
        'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
      ),
    ],
    [
      ['zrange', 'z', '-', '+', 'BYLEX', 'WITHSCORES'],
      fails('ERR syntax error, WITHSCORES not supported in combination with BYLEX'),
    ],
    [['zrange', 'z', 0, 1, 'NOPE'], SYNTAX],
  ],
  [
    'keep ranges',
    [['zadd', 'z', 1, 'a', 2, 'b', 3, 'c'], 3],
    [['zrangestore', 'y', 'z', 1, -1], 2],
    [
      ['zrange', 'y', 0, -1, 'WITHSCORES'],
      ['b', '2', 'c', '3'],
    ],
    [['zrangestore', 'y', 'z', 9, 10], 0],
    [['exists', 'y'], 0],
  ],
  [
    'lose ranges',
    [['zadd', 'z', 1, 'a', 2, 'b', 3, 'c', 4, 'd'], 4],
    [['zremrangebyrank', 'z', 0, 0], 1],
    [['zremrangebyscore', 'z', '(3', '+inf'], 1],
    [
      ['zrange', 'z', 0, -1],
      ['b', 'c'],
    ],
    [['zadd', 'y', 0, 'a', 0, 'b'], 2],
    [['zremrangebylex', 'y', '-', '[a'], 1],
  ],
  [
    'give up the lowest and the highest',
    [['zadd', 'z', 1, 'a', 2, 'b', 3, 'c'], 3],
    [
      ['zpopmin', 'z'],
      ['a', '1'],
    ],
    [
      ['zpopmax', 'z', 5],
      ['c', '3', 'b', '2'],
    ],
    [['zpopmin', 'z'], []],
  ],
  [
    'are popped from the first that has something',
    [['zadd', 'b', 1, 'a', 2, 'b'], 2],
    [
      ['zmpop', 2, 'a', 'b', 'MIN', 'COUNT', 1],
      ['b', [['a', '1']]],
    ],
    [
      ['zmpop', 1, 'b', 'MAX'],
      ['b', [['b', '2']]],
    ],
    [['zmpop', 1, 'b', 'MIN'], null],
  ],
  [
    'answer at once where something is to be had',
    [['zadd', 'z', 1, 'a', 2, 'b', 3, 'c'], 3],
    [
      ['bzpopmin', 'none', 'z', 0],
      ['z', 'a', '1'],
    ],
    [
      ['bzpopmax', 'z', 1],
      ['z', 'c', '3'],
    ],
    [
      ['bzmpop', 0, 1, 'z', 'MIN'],
      ['z', [['b', '2']]],
    ],
  ],
  [
    'show members by chance',
    [['zrandmember', 'none'], null],
    [['zadd', 'z', 1.5, 'a'], 1],
    [['zrandmember', 'z'], 'a'],
    [
      ['zrandmember', 'z', 2, 'WITHSCORES'],
      ['a', '1.5'],
    ],
    [
      ['zrandmember', 'z', -2],
      ['a', 'a'],
    ],
  ],
  [
    'have a union',
    [['zadd', 'a', 1, 'x', 2, 'y'], 2],
    [['zadd', 'b', 3, 'y', 4, 'z'], 2],
    [['zunionstore', 'c', 2, 'a', 'b'], 3],
    [
      ['zrange', 'c', 0, -1, 'WITHSCORES'],
      ['x', '1', 'z', '4', 'y', '5'],
    ],
    [
      ['zunion', 2, 'a', 'b', 'WEIGHTS', 2, 1, 'AGGREGATE', 'MAX', 'WITHSCORES'],
      ['x', '2', 'y', '4', 'z', '4'],
    ],
  ],
  [
    'have an intersection and a difference',
    [['zadd', 'a', 1, 'x', 2, 'y'], 2],
    [['zadd', 'b', 3, 'y'], 1],
    [
      ['zinter', 2, 'a', 'b', 'WITHSCORES'],
      ['y', '5'],
    ],
    [['zinterstore', 'c', 2, 'a', 'b', 'AGGREGATE', 'MIN'], 1],
    [['zscore', 'c', 'y'], '2'],
    [['zdiff', 2, 'a', 'b'], ['x']],
    [['zdiffstore', 'c', 2, 'a', 'b'], 1],
    [['zintercard', 2, 'a', 'b'], 1],
  ],
  [
    'are combined with plain sets',
    [['zadd', 'a', 2, 'x'], 1],
    [['sadd', 'b', 'x', 'y'], 2],
    [
      ['zunion', 2, 'a', 'b', 'WITHSCORES'],
      ['y', '1', 'x', '3'],
    ],
  ],
  [
    'are scanned',
    [['zadd', 'z', 1, 'a', 2.5, 'b'], 2],
    [
      ['zscan', 'z', 0],
      ['0', ['a', '1', 'b', '2.5']],
    ],
    [
      ['zscan', 'z', 0, 'MATCH', 'b'],
      ['0', ['b', '2.5']],
    ],
  ],
  [
    'are what other types are not',
    [['set', 'k', 'v'], 'OK'],
    [['zadd', 'k', 1, 'a'], WRONGTYPE],
    [['zrange', 'k', 0, -1], WRONGTYPE],
    [['zcard', 'k'], WRONGTYPE],
    [['zunionstore', 'c', 1, 'k'], WRONGTYPE],
  ],
]);

const SERVER = group('the server', [
  ['answers', [['ping'], 'PONG'], [['ping', 'hello'], 'hello'], [['echo', 'hi'], 'hi']],
  [
    'tells nobody of what nobody listens to',
    [['publish', 'news', 'x'], 0],
    [['pubsub', 'CHANNELS'], []],
    [
      ['pubsub', 'NUMSUB', 'news'],
      ['news', 0],
    ],
    [['pubsub', 'NUMPAT'], 0],
  ],
]);

/** What a Redis does, as an application meets it. */
export const CASES: readonly ContractCase[] = [
  ...STRINGS,
  ...COUNTERS,
  ...KEYS,
  ...EXPIRY,
  ...HASHES,
  ...LISTS,
  ...SETS,
  ...SORTED_SETS,
  ...SERVER,
];

/** Compares what a call came to with what it is to come to. */
export function expectOutcome(
  outcome: Outcome,
  found: { readonly value: unknown; readonly error: unknown },
): void {
  if (outcome instanceof Expected && outcome.kind === 'fails') {
    expect(found).toMatchObject({ error: { code: 'COMMAND_REJECTED', message: outcome.value } });
    return;
  }
  expect(found.error).toBeNull();
  expectReply(outcome, found.value);
}

function expectReply(outcome: Outcome, reply: unknown): void {
  if (!(outcome instanceof Expected)) {
    if (Array.isArray(outcome) && outcome.some((one) => one instanceof Expected)) {
      expect(reply).toHaveLength(outcome.length);
      for (const [i, one] of outcome.entries()) expectReply(one, (reply as unknown[])[i]);
      return;
    }
    expect(reply).toEqual(outcome);
    return;
  }
  const wanted = outcome.value as unknown[];
  if (outcome.kind === 'one-of') expect(wanted).toContainEqual(reply);
  else expect([...(reply as unknown[])].sort()).toEqual([...wanted].sort());
}
