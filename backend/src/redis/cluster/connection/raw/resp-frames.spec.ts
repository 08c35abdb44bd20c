import { RespFrames, type FrameEnd } from './resp-frames.js';

/** Reads the text in pieces of this size, and returns where frames ended in the whole of it. */
function endsOf(text: string, size: number): readonly FrameEnd[] | null {
  const frames = new RespFrames();
  const bytes = Buffer.from(text);
  const all: FrameEnd[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const ends = frames.read(bytes.subarray(at, at + size));
    if (ends === null) return null;
    all.push(...ends.map(({ end, kind }) => ({ end: at + end, kind })));
  }
  return all;
}

const FRAMES: readonly (readonly [string, FrameEnd['kind']])[] = [
  ['+OK\r\n', 'value'],
  ['-WRONGPASS no\r\n', 'error'],
  [`-ERR ${'x'.repeat(200)}\r\n`, 'error'],
  [':-42\r\n', 'value'],
  ['$5\r\nhello\r\n', 'value'],
  ['$0\r\n\r\n', 'value'],
  ['$-1\r\n', 'value'],
  // What looks like ends of frames is only a value here, and é has two bytes.
  ['$13\r\n+OK\r\n-ERR\r\né\r\n', 'value'],
  ['*0\r\n', 'value'],
  ['*-1\r\n', 'value'],
  ['*2\r\n*2\r\n:1\r\n$1\r\na\r\n*1\r\n*1\r\n-ERR in EXEC\r\n', 'value'],
  ['>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n', 'push'],
  ['%2\r\n+a\r\n:1\r\n+b\r\n%0\r\n', 'value'],
  ['~1\r\n#t\r\n', 'value'],
  ['_\r\n', 'value'],
  [',1.5\r\n', 'value'],
  ['(123456789012345678901234567890123456789\r\n', 'value'],
  ['=7\r\ntxt:abc\r\n', 'value'],
  ['!9\r\nERR wrong\r\n', 'error'],
];

describe('RespFrames', () => {
  it.each([1, 2, 3, 7, 16, 4096])('finds each end in pieces of %d bytes', (size) => {
    let end = 0;
    const expected = FRAMES.map(([text, kind]) => ({
      end: (end += Buffer.byteLength(text)),
      kind,
    }));
    expect(endsOf(FRAMES.map(([text]) => text).join(''), size)).toEqual(expected);
  });

  it('knows whether it is between two of them', () => {
    const frames = new RespFrames();
    expect(frames.isBetweenFrames).toBe(true);
    for (const piece of ['*', '1\r\n', '$1\r\n', 'a', '\r']) {
      frames.read(Buffer.from(piece));
      expect(frames.isBetweenFrames).toBe(false);
    }
    frames.read(Buffer.from('\n'));
    expect(frames.isBetweenFrames).toBe(true);
  });

  it.each(['GET / HTTP/1.1\r\n', '$x\r\n', '*1.5\r\n', '|1\r\n', '+OK\r\nwhat\r\n'])(
    'gives up what is not of the protocol: %j',
    (text) => {
      expect(endsOf(text, 1)).toBeNull();
    },
  );
});
