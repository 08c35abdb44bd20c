import { ManualClock } from '../testing/index.js';
import { GatheredLines } from './gathered-lines.js';
import { TOLD_OFTEN, whyUnreadable } from './what-is-told-often.js';

const UNCERTAIN = TOLD_OFTEN['command.uncertain']!.telling;
const UNREADABLE = TOLD_OFTEN['value.rejected']!.telling;

describe('lines of what happens very often', () => {
  let clock: ManualClock;
  let closing: AbortController;
  let lines: string[];
  let uncertain: GatheredLines;

  beforeEach(() => {
    clock = new ManualClock();
    closing = new AbortController();
    lines = [];
    uncertain = new GatheredLines({ clock, closing: closing.signal }, UNCERTAIN, (line) =>
      lines.push(line),
    );
  });

  const add = (count: number, command: string, reason = 'the deadline passed'): void => {
    for (let i = 0; i < count; i++) uncertain.add(command, reason);
  };

  it('logs the first at once, and the others together after a second', async () => {
    add(1, 'incr');
    expect(lines).toEqual(['A incr may or may not have been executed: the deadline passed']);
    add(812, 'lpush');
    add(4000, 'incr', 'connection reset');
    await clock.advance(999);
    expect(lines).toHaveLength(1);
    await clock.advance(1);
    expect(lines[1]).toBe(
      '4,812 more commands (incr 4,000, lpush 812) may or may not have been executed: ' +
        'the deadline passed; connection reset',
    );
  });

  it('writes one line a second while they come, and begins anew after a second without', async () => {
    for (let i = 0; i < 30; i++) {
      add(100, 'incr');
      await clock.advance(100);
    }
    expect(lines.map((line) => line.slice(0, 20))).toEqual([
      'A incr may or may no',
      ...Array.from(
        { length: 3 },
        () => expect.stringMatching(/^(999|1,000) more comman/) as string,
      ),
    ]);
    await clock.advance(1000);
    expect(clock.pending).toBe(0);
    add(1, 'incr');
    expect(lines.at(-1)).toMatch(/^A incr/);
  });

  it('tells a bounded number of names and of reasons', async () => {
    for (let i = 0; i < 1000; i++) uncertain.add(`command-${i}`, `reason ${i}`);
    await clock.advance(1000);
    expect(lines[1]!.length).toBeLessThan(400);
    expect(lines[1]).toContain('others 989');
  });

  it('leaves none out when the application closes, and does not wait for a second', async () => {
    closing.abort();
    add(50, 'incr');
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines[1]).toMatch(/^49 more commands \(incr 49\)/);
  });

  it('tells of sessions without their key once, then once a minute, and which key it is', async () => {
    const unreadable = new GatheredLines({ clock, closing: closing.signal }, UNREADABLE, (line) =>
      lines.push(line),
    );
    const reason = whyUnreadable({ fault: 'no-key', keyId: '0123456789abcdef' }) ?? '';
    for (let i = 0; i < 1_001; i++) unreadable.add('sessions', reason);
    await clock.advance(59_999);
    expect(lines).toEqual([
      'A session in sessions cannot be read: it was encrypted with the key 0123456789abcdef, which is not in ' +
        'sessions.keys. Start with that key too, behind the first one, until its sessions have ended. ' +
        'Without it their users must log in again',
    ]);
    await clock.advance(1);
    expect(lines[1]).toMatch(
      /^1,000 more reads of such sessions \(sessions 1,000\).*0123456789abcdef/,
    );
    expect(whyUnreadable({ fault: 'not-encrypted' })).toMatch(/sessions\.plainData/);
    expect(whyUnreadable({ fault: 'corrupt' })).toBeNull();
  });

  it('logs what waits for its second as soon as the application closes', async () => {
    add(3, 'incr');
    closing.abort();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines[1]).toMatch(/^2 more commands/);
    expect(clock.pending).toBe(0);
  });
});
