import { InvalidArgumentError } from '../../base/errors/index.js';
import { checkedArguments, checkTransaction } from './command-arguments.js';

class Named {
  toString(): string {
    return 'name';
  }
}

describe('the arguments of a command', () => {
  it('are passed on as they are when there is nothing to do', () => {
    const args = ['k', 'v', 1, Infinity, Buffer.from('b')];
    expect(checkedArguments('set', args)).toBe(args);
  });

  it.each<[string, unknown[], unknown[]]>([
    ['set', ['k', new Uint8Array([1, 2, 3])], ['k', Buffer.from([1, 2, 3])]],
    ['set', ['k', new Uint8Array([9, 1, 2]).subarray(1)], ['k', Buffer.from([1, 2])]],
    ['sadd', ['k', [new Uint8Array([1]), 'b']], ['k', Buffer.from([1]), 'b']],
    ['set', ['k', 10n], ['k', 10n]],
    ['set', ['k', true], ['k', true]],
    ['del', [['a', 'b']], ['a', 'b']],
    ['hset', ['k', { f: 'v', g: new Uint8Array([1]) }], ['k', 'f', 'v', 'g', Buffer.from([1])]],
    ['HSET', ['k', new Map([['f', 1]])], ['k', 'f', 1]],
    ['mset', [{ a: 1, b: 2 }], ['a', 1, 'b', 2]],
    ['MSET', [new Map([['a', '1']])], ['a', '1']],
  ])('of %s %j are sent as %j', (name, args, words) => {
    expect(checkedArguments(name, args)).toEqual(words);
  });

  it.each<[string, string, unknown[]]>([
    ['set argument 2', 'object', ['k', { a: 1 }]],
    ['set argument 2', 'undefined', ['k', undefined]],
    ['set argument 1', 'null', [null, 'v']],
    ['set argument 2', 'NaN', ['k', NaN]],
    ['set argument 2', 'function', ['k', () => 'secret']],
    ['set argument 2', 'symbol', ['k', Symbol('secret')]],
    ['set argument 2', 'object', ['k', new Date(0)]],
    ['set argument 2', 'object', ['k', new Named()]],
    ['set argument 2', 'object', ['k', new Map()]],
    ['set argument 2', 'object', ['k', new ArrayBuffer(1)]],
    ['sadd argument 2', 'undefined', ['k', ['a', undefined]]],
    ['sadd argument 2', 'a list within a list', ['k', [['a', 'b']]]],
    ['hset argument 2', 'object', ['k', { f: { g: 'secret' } }]],
    ['hset argument 2', 'object', ['k', { f: null }]],
    ['hset argument 2', 'object', ['k', { f: 1 }, 'more']],
  ])('are refused with "%s" and the word %s for %j', (field, kind, args) => {
    const name = field.split(' ')[0] ?? '';
    const error = checkedArguments(name, args);
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error).toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { problem: { field, value: kind } },
    });
    expect(String(error)).not.toContain('secret');
  });

  it.each([[7], [''], [null]])('are refused when the name is %j', (name) => {
    expect(checkedArguments(name, [])).toBeInstanceOf(InvalidArgumentError);
  });

  it('of a transaction are all looked at before any is sent', () => {
    const set = (value: unknown) => ({
      name: 'set',
      args: ['k', value],
      encoding: 'utf8' as const,
    });
    expect(checkTransaction([set(new Uint8Array([1]))])).toEqual([set(Buffer.from([1]))]);
    expect(() => checkTransaction([set('v'), set({})])).toThrow(InvalidArgumentError);
  });
});
