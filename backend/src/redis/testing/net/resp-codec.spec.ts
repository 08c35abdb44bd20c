import { TestClusterError } from '../../base/errors/index.js';
import {
  RespErrorReply,
  RespPush,
  RespReader,
  encodeCommand,
  type RespValue,
} from './resp-codec.js';

function readAll(text: string): RespValue[] {
  return new RespReader().push(Buffer.from(text));
}

describe('RespReader', () => {
  it.each<[string, string, RespValue]>([
    ['a status', '+OK\r\n', 'OK'],
    ['an error', '-ERR no\r\n', new RespErrorReply('ERR no')],
    ['a long error', '!6\r\nERR no\r\n', new RespErrorReply('ERR no')],
    ['a number', ':-7\r\n', -7],
    ['a big number', '(12345678901234567890\r\n', '12345678901234567890'],
    ['a double', ',1.5\r\n', 1.5],
    ['an infinite double', ',-inf\r\n', -Infinity],
    ['true', '#t\r\n', true],
    ['a string that holds a line end', '$4\r\na\r\nb\r\n', 'a\r\nb'],
    ['a string of more bytes than characters', '$2\r\né\r\n', 'é'],
    ['a verbatim string', '=6\r\ntxt:hi\r\n', 'hi'],
    ['no string, RESP2', '$-1\r\n', null],
    ['no array, RESP2', '*-1\r\n', null],
    ['nothing, RESP3', '_\r\n', null],
    ['an array in an array', '*2\r\n*1\r\n:1\r\n$-1\r\n', [[1], null]],
    ['a set', '~1\r\n+a\r\n', ['a']],
    ['a map, as a flat list', '%1\r\n+a\r\n:1\r\n', ['a', 1]],
    ['a push', '>1\r\n+invalidate\r\n', new RespPush(['invalidate'])],
    ['a value behind attributes', '|1\r\n+ttl\r\n:1\r\n+value\r\n', 'value'],
  ])('reads %s', (_what, text, value) => {
    expect(readAll(text)).toEqual([value]);
  });

  it('gives the same values however the bytes are cut', () => {
    const text = '*2\r\n$5\r\nhello\r\n:1\r\n>1\r\n$1\r\nx\r\n-ERR no\r\n';
    const reader = new RespReader();
    const values = [...Buffer.from(text)].flatMap((byte) => reader.push(Buffer.from([byte])));
    expect(values).toEqual(readAll(text));
    expect(values).toHaveLength(3);
  });

  it('refuses what is not the Redis protocol', () => {
    expect(() => readAll('HTTP/1.1 400 Bad Request\r\n')).toThrow(TestClusterError);
  });
});

describe('encodeCommand', () => {
  it('counts bytes, not characters', () => {
    expect(encodeCommand(['SET', 'é']).toString()).toBe('*2\r\n$3\r\nSET\r\n$2\r\né\r\n');
  });
});
