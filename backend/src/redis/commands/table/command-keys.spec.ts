import { keysOf } from './command-keys.js';

describe('keysOf', () => {
  const cases: [string, unknown[], unknown[]][] = [
    ['get', ['k'], ['k']],
    ['GET', [Buffer.from('k')], [Buffer.from('k')]],
    ['mget', [['a', 'b']], ['a', 'b']],
    ['mset', ['a', 1, 'b', 2], ['a', 'b']],
    ['blpop', ['a', 'b', 0], ['a', 'b']],
    ['object', ['encoding', 'k'], ['k']],
    ['eval', ['script', 2, 'a', 'b', 'c'], ['a', 'b']],
    ['eval', ['script', '1', 'a', 'b'], ['a']],
    ['eval', ['script', 'none', 'a'], []],
    ['zunionstore', ['t', 2, 'a', 'b', 'WEIGHTS', 1, 2], ['t', 'a', 'b']],
    ['xread', ['COUNT', 1, 'STREAMS', 'streams', 'block', 0, 0], ['streams', 'block']],
    ['xreadgroup', ['GROUP', 'streams', 'block', 'STREAMS', 's', '>'], ['s']],
    ['sort', ['s', 'BY', 'w_*', 'store', 't'], ['s', 't']],
    ['migrate', ['h', 1, 'k', 0, 1], ['k']],
    ['migrate', ['h', 1, '', 0, 1, 'KEYS', 'a', 'b'], ['a', 'b']],
    ['spublish', ['channel', 'message'], ['channel']],
    ['publish', ['channel', 'message'], []],
    ['ping', [], []],
    ['flushall', [], []],
    ['json.mget', ['a', 'b', '$'], ['a', 'b']],
    ['JSON.MSET', ['a', '$', 1, 'b', '$', 2], ['a', 'b']],
    ['json.debug', ['memory', 'k'], ['k']],
    ['ts.madd', ['a', 0, 1, 'b', 0, 1], ['a', 'b']],
    ['tdigest.merge', ['t', 2, 'a', 'b', 'OVERRIDE'], ['t', 'a', 'b']],
    ['ft.search', ['index', '*'], []],
    ['msetex', [2, 'a', 1, 'b', 2, 'EX', 10], ['a', 'b']],
    ['msetex', [2, 'a', 1], []],
    ['sunioncard', [2, 'a', 'b', 'LIMIT', 5], ['a', 'b']],
    ['ts.nrange', [2, 'a', 'b', '-', '+'], ['a', 'b']],
    ['lmovem', ['a', 'b', 'LEFT', 'RIGHT'], ['a', 'b']],
    ['vsim', ['k', 'ELE', 'x'], ['k']],
    ['arset', ['k', 0, 'v'], ['k']],
    ['nosuchcommand', ['k'], []],
  ];

  it.each(cases)('of %s %j are %j', (name, args, keys) => {
    expect(keysOf(name, args)).toEqual(keys);
  });
});
