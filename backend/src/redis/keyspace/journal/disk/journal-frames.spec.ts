import { crc32 } from 'node:zlib';
import { encodeFrame, newMark, readFrames, readOldFrames } from './journal-frames.js';

const MARK = newMark();
const BODIES = ['first', '', 'a longer one in the middle', 'last'].map((text) => Buffer.from(text));

function framesOf(bodies: readonly Buffer[]): Buffer[] {
  return bodies.map((body) => encodeFrame(MARK, body));
}

describe('frames of a journal', () => {
  it('give back the bodies that were put in', () => {
    const bytes = Buffer.concat(framesOf(BODIES));
    expect(readFrames(bytes, MARK, 0)).toEqual({ bodies: BODIES, damaged: [] });
  });

  it('are found up to the one that is torn, at whichever byte', () => {
    const frames = framesOf(BODIES);
    const last = frames.at(-1)!;
    const before = Buffer.concat(frames.slice(0, -1));
    for (let kept = 1; kept < last.length; kept++) {
      const { bodies, damaged } = readFrames(
        Buffer.concat([before, last.subarray(0, kept)]),
        MARK,
        0,
      );
      expect(bodies).toEqual(BODIES.slice(0, -1));
      expect(damaged).toEqual([{ from: before.length, to: before.length + kept }]);
    }
  });

  it('are lost one at a time: whichever bit is wrong, all others are found', () => {
    const frames = framesOf(BODIES);
    const whole = Buffer.concat(frames);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const bytes = Buffer.from(whole);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      const ends = frames.map((_, i) => Buffer.concat(frames.slice(0, i + 1)).length);
      const hit = ends.findIndex((end) => bit >> 3 < end);
      const { bodies, damaged } = readFrames(bytes, MARK, 0);
      expect(bodies).toEqual(BODIES.filter((_, i) => i !== hit));
      expect(damaged).toEqual([{ from: ends[hit]! - frames[hit]!.length, to: ends[hit] }]);
    }
  });

  it('are found after foreign bytes of any length in between', () => {
    const [first, second] = framesOf(BODIES);
    for (const junk of [Buffer.alloc(1), Buffer.alloc(50, 0xff), MARK, first!.subarray(0, 9)]) {
      const { bodies, damaged } = readFrames(Buffer.concat([first!, junk, second!]), MARK, 0);
      expect(bodies).toEqual(BODIES.slice(0, 2));
      expect(damaged).toEqual([{ from: first!.length, to: first!.length + junk.length }]);
    }
  });

  it('are not found inside a value that somebody made to look like one', () => {
    const planted = encodeFrame(newMark(), Buffer.from('let me in'));
    const frame = encodeFrame(MARK, planted);
    frame[0]! ^= 1;
    expect(readFrames(frame, MARK, 0).bodies).toEqual([]);
  });

  it.each([
    ['zeros', Buffer.alloc(64)],
    ['ones', Buffer.alloc(64, 0xff)],
    ['text', Buffer.from('this was never a journal, and is long enough')],
  ])('are not found in %s', (_, bytes) => {
    const damaged = [{ from: 0, to: bytes.length }];
    expect(readFrames(bytes, MARK, 0)).toEqual({ bodies: [], damaged });
    expect(readOldFrames(bytes, 0)).toEqual({ bodies: [], damaged });
  });

  it('of version 1 are found up to the first that is damaged', () => {
    const bodies = ['one.', 'two.', 'three'].map((text) => Buffer.from(text));
    const frames = bodies.map((body) => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(body.length);
      head.writeUInt32BE(crc32(body), 4);
      return Buffer.concat([head, body]);
    });
    const bytes = Buffer.concat(frames);
    expect(readOldFrames(bytes, 0)).toEqual({ bodies, damaged: [] });
    bytes[frames[0]!.length + 9]! ^= 1;
    const damaged = [{ from: frames[0]!.length, to: bytes.length }];
    expect(readOldFrames(bytes, 0)).toEqual({ bodies: [bodies[0]], damaged });
  });
});
