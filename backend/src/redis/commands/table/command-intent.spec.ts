import { insteadOf, intentOf, isRepeatable, type CommandRoute } from './command-intent.js';
import { COMMAND_TABLE } from './command-table.js';
import { MODULE_TABLE } from './module-table.js';

describe('intentOf', () => {
  const routes: [CommandRoute, string, unknown[]][] = [
    ['read', 'get', ['k']],
    ['read', 'GET', ['k']],
    ['read', 'HGetAll', ['k']],
    ['read', 'object', ['encoding', 'k']],
    ['read', 'OBJECT', ['ENCODING', 'k']],
    ['read', 'object', [Buffer.from('encoding'), 'k']],
    ['read', 'object', [['encoding', 'k']]],
    ['read', 'eval_ro', ['return 1', 0]],
    ['read', 'xread', ['STREAMS', 's', '0']],
    ['read', 'xread', ['STREAMS', 'block', '0']],
    ['read', 'xread', ['COUNT', 10, 'STREAMS', 'block', 'count', 0, 0]],
    ['primary', 'xreadgroup', ['GROUP', 'block', 'c', 'STREAMS', 's', '>']],
    ['primary', 'xreadgroup', ['GROUP', 'g', 'BLOCK', 'NOACK', 'STREAMS', 's', '>']],
    ['blocking', 'xreadgroup', ['GROUP', 'streams', 'block', 'block', 5, 'STREAMS', 's', '>']],
    ['primary', 'scan', ['0']],
    ['primary', 'hscan', ['k', '0']],
    ['primary', 'set', ['k', 'v']],
    ['primary', 'eval', ['return 1', 0]],
    ['primary', 'publish', ['c', 'm']],
    ['primary', 'xgroup', ['CREATE', 's', 'g', '$']],
    ['primary', 'xreadgroup', ['GROUP', 'g', 'c', 'STREAMS', 's', '>']],
    ['primary', 'nosuchcommand', ['x']],
    ['primary', 'touch', ['k']],
    ['primary', 'object', ['idletime', 'k']],
    ['primary', 'OBJECT', ['FREQ', 'k']],
    ['primary', 'json.set', ['k', '$', '1']],
    ['primary', 'ft.create', ['index', 'SCHEMA', 't', 'TEXT']],
    ['primary', 'ft.aggregate', ['index', '*', 'WITHCURSOR']],
    ['primary', 'ft.cursor', ['READ', 'index', 1]],
    ['primary', 'bf.scandump', ['k', 0]],
    ['read', 'JSON.GET', ['k']],
    ['read', 'json.debug', ['MEMORY', 'k']],
    ['read', 'FT.SEARCH', ['index', '*']],
    ['read', 'ft.aggregate', ['index', '*']],
    ['read', 'ts.range', ['k', '-', '+']],
    ['read', 'bf.exists', ['k', 'x']],
    ['read', 'cf.exists', ['k', 'x']],
    ['read', 'cms.query', ['k', 'x']],
    ['read', 'topk.list', ['k']],
    ['read', 'tdigest.quantile', ['k', 0.5]],
    ['read', 'vsim', ['k', 'ELE', 'x']],
    ['primary', 'vadd', ['k', 'VALUES', 1, 1, 'x']],
    ['read', 'vrange', ['k', '-', '+']],
    ['read', 'ARGET', ['k', 1]],
    ['primary', 'arset', ['k', 1, 'v']],
    ['read', 'ft.hybrid', ['index']],
    ['primary', 'ft.config', ['SET', 'TIMEOUT', 1]],
    ['read', 'ts.read', ['block', '0']],
    ['blocking', 'ts.read', ['k', '0', 'BLOCK', '1', 5]],
    ['blocking', 'blmovem', ['a', 'b', 'LEFT', 'LEFT', 0]],
    ['refused', 'himport', ['PREPARE', 'fields', 'a']],
    ['blocking', 'blpop', ['k', 0]],
    ['blocking', 'BLMPOP', [0, 1, 'k', 'LEFT']],
    ['blocking', 'xread', ['BLOCK', 0, 'STREAMS', 's', '$']],
    ['blocking', 'xread', [['block', 100, 'STREAMS', 's', '$']]],
    ['blocking', 'xreadgroup', ['GROUP', 'g', 'c', 'BLOCK', '5', 'STREAMS', 's', '>']],
    ['refused', 'subscribe', ['c']],
    ['refused', 'multi', []],
    ['refused', 'WATCH', ['k']],
    ['refused', 'wait', [1, 100]],
    ['refused', 'select', [1]],
    ['refused', 'client', ['reply', 'off']],
    ['refused', 'CLIENT', ['TRACKING', 'on']],
    ['refused', 'client', [Buffer.from('REPLY'), 'OFF']],
    ['refused', 'client', [['REPLY', 'OFF']]],
    ['primary', 'client', ['list']],
  ];

  it.each(routes)('answers %s for %s %j', (route, name, args) => {
    expect(intentOf(name, args).route).toBe(route);
  });

  it('treats an unknown command as a write that must not be repeated', () => {
    for (const name of ['nosuchcommand', 'constructor', 'toString', '__proto__']) {
      const intent = intentOf(name, []);
      expect(intent).toMatchObject({ route: 'primary', changes: true });
      expect(isRepeatable(intent, [])).toBe(false);
    }
  });

  it('takes a read of a module for a read, whose lost answer leaves nothing in doubt', () => {
    for (const name of ['json.get', 'ft.search', 'ts.mrange', 'tdigest.info']) {
      const intent = intentOf(name, []);
      expect([name, intent.changes, isRepeatable(intent, [])]).toEqual([name, false, true]);
    }
    expect(intentOf('json.set', []).changes).toBe(true);
  });

  it('returns the same the second time', () => {
    expect(intentOf('get', ['a'])).toEqual(intentOf('get', ['b']));
    expect(intentOf('xread', ['BLOCK', 0, 'STREAMS', 's', '$']).route).toBe('blocking');
    expect(intentOf('xread', ['STREAMS', 's', '0']).route).toBe('read');
  });

  it('says what to use instead of what it refuses', () => {
    expect(insteadOf(intentOf('subscribe', []))).toContain('redis.subscribe');
    expect(insteadOf(intentOf('client', ['reply']))).toContain('createClient');
  });

  it('never lets a write be answered by a replica', () => {
    const writes = [...COMMAND_TABLE, ...MODULE_TABLE].filter(([, { flag }]) => flag === 'write');
    expect(writes.length).toBeGreaterThan(100);
    for (const [name] of writes) {
      const [command = '', ...rest] = name.split('|');
      expect([name, intentOf(command, rest).route]).not.toEqual([name, 'read']);
      expect([name, intentOf(command, rest).changes]).toEqual([name, true]);
    }
  });

  it.each([
    [true, 'get', ['k']],
    [true, 'HGET', ['k', 'f']],
    [true, 'incr', ['k']],
    [false, 'hgetall', ['k']],
    [false, 'keys', ['*']],
    [false, 'zunion', [1, 'k']],
    [false, 'eval_ro', ['return 1', 0]],
    [false, 'nosuchcommand', []],
  ])('says %j of whether %s is fast', (isFast, name, args) => {
    expect(intentOf(name, args).isFast).toBe(isFast);
  });

  it.each([
    [true, 'eval', ['return 1', 0]],
    [true, 'EVALSHA_RO', ['x', 0]],
    [true, 'fcall', ['f', 0]],
    [true, 'debug', ['error', 'BUSY']],
    [true, 'json.get', ['k']],
    [true, 'ft.cursor', ['read', 'i', 1]],
    [true, 'nosuchcommand', []],
    [true, 'nosuch', ['subcommand']],
    [false, 'get', ['k']],
    [false, 'object', ['encoding', 'k']],
    [false, 'script', ['load', 'return 1']],
    [false, 'vadd', ['k', 'VALUES', 1, 1, 'e']],
  ])('says %j of whether others word the errors of %s', (isOpaque, name, args) => {
    expect(intentOf(name, args).isOpaque).toBe(isOpaque);
  });
});

describe('isRepeatable', () => {
  const repeatable = (name: string, ...args: unknown[]): boolean =>
    isRepeatable(intentOf(name, args), args);

  it.each([
    ['get', 'k'],
    ['set', 'k', 'v'],
    ['set', 'k', 'v', 'EX', 10],
    ['set', 'k', 'v', 'XX', 'KEEPTTL'],
    // The value may spell anything.
    ['set', 'nx', 'nx'],
    ['set', 'k', 'GET'],
    ['mset', 'a', 1, 'b', 2],
    ['hset', 'k', 'f', 'v'],
    ['del', 'k'],
    ['sadd', 'k', 'm'],
    ['zadd', 'k', 1, 'm'],
    ['zadd', 'k', 'NX', 1, 'm'],
    ['expire', 'k', 10],
    ['pfadd', 'k', 'e'],
    ['sinterstore', 'target', 'a', 'b'],
    ['zunionstore', 'target', 2, 'a', 'b'],
    ['function', 'load', 'REPLACE', '#!lua name=l'],
    ['FUNCTION', Buffer.from('LOAD'), 'replace', '#!lua name=l'],
    ['scan', 0],
    ['ping'],
  ])('is true of %s %j %j %j', (name, ...args) => {
    expect(repeatable(name, ...args)).toBe(true);
  });

  it.each([
    ['incr', 'k'],
    ['incrby', 'k', 2],
    ['append', 'k', 'x'],
    ['lpush', 'k', 'x'],
    ['rpop', 'k'],
    ['spop', 'k'],
    ['xadd', 's', '*', 'f', 'v'],
    ['zincrby', 'k', 1, 'm'],
    ['zadd', 'k', 'INCR', 1, 'm'],
    ['zadd', 'k', Buffer.from('incr'), 1, 'm'],
    ['set', 'k', 'v', 'NX'],
    ['set', 'k', 'v', 'EX', 10, 'nx'],
    ['set', 'k', 'v', 'GET'],
    ['set', 'k', 'v', Buffer.from('NX')],
    ['set', ['k', 'v', 'NX']],
    ['setnx', 'k', 'v'],
    ['getdel', 'k'],
    ['getset', 'k', 'v'],
    ['hincrby', 'k', 'f', 1],
    ['hsetnx', 'k', 'f', 'v'],
    ['msetnx', 'a', 1],
    ['rename', 'a', 'b'],
    ['publish', 'c', 'm'],
    ['eval', 'return 1', 0],
    ['evalsha', 'x', 0],
    ['fcall', 'f', 0],
    ['zunionstore', 'total', 2, 'total', 'today'],
    // Seconds later it would delete what others wrote.
    ['flushall'],
    ['flushdb'],
    // The second run fails because the first did not.
    ['function', 'load', '#!lua name=replace'],
    ['function', 'delete', 'l'],
    ['shutdown'],
    ['nosuchcommand'],
  ])('is false of %s %j %j %j', (name, ...args) => {
    expect(repeatable(name, ...args)).toBe(false);
  });
});
