import { seededRandom } from '../../../test/support/random-histories.js';
import { readMonitorLine } from './monitor-line.js';

const BEGIN = '1339518083.107412 [0 127.0.0.1:60866] ';

/** A word as Redis writes it in `MONITOR`: each byte that nobody could read by its number. */
function quoted(word: Buffer): string {
  const known: Readonly<Record<string, string>> = {
    ...{ '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u0007': '\\a', '\b': '\\b' },
    ...{ '"': '\\"', '\\': '\\\\' },
  };
  const shown = [...word].map((byte) => {
    const letter = String.fromCharCode(byte);
    if (known[letter] !== undefined) return known[letter];
    return byte >= 0x20 && byte < 0x7f ? letter : `\\x${byte.toString(16).padStart(2, '0')}`;
  });
  return `"${shown.join('')}"`;
}

describe('a line of MONITOR', () => {
  it('has the keys of the command, whatever letters they are of', () => {
    const random = seededRandom(11);
    const letters = Array.from('ab"\\ \n\r\t\u0007\b{}ä€𝄞x0:[]');
    const word = (): string =>
      Array.from(
        { length: 1 + Math.floor(random() * 8) },
        () => letters[Math.floor(random() * letters.length)] ?? '',
      ).join('');
    for (let i = 0; i < 2_000; i++) {
      const [key, other, value] = [word(), word(), word()];
      const line = (...words: string[]): string =>
        BEGIN + words.map((one) => quoted(Buffer.from(one))).join(' ');
      expect(readMonitorLine(line('SET', key, value))).toEqual({
        ...{ name: 'set', keys: [key], isWrite: true },
      });
      expect(readMonitorLine(line('mget', key, other))).toEqual({
        ...{ name: 'mget', keys: [key, other], isWrite: false },
      });
    }
  });

  it.each([
    ['OK', null],
    ['1339518083.107412 [0 lua] "get" "key"', null],
    [`${BEGIN}"PING"`, { name: 'ping', keys: [], isWrite: false }],
    [`${BEGIN}"EVALSHA" "0123" "1" "key" "x"`, { name: 'evalsha', keys: ['key'], isWrite: true }],
    ['1.5 [0 unix:/run/redis.sock] "GET" "a"', { name: 'get', keys: ['a'], isWrite: false }],
  ])('is read: %s', (line, command) => {
    expect(readMonitorLine(line)).toEqual(command);
  });
});
