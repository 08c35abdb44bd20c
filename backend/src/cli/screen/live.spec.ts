import { Live } from './live.js';
import { Screen } from './screen.js';

const UP = '\u001b[1A\u001b[2K';

/** A terminal whose window can be made another size. */
class Window {
  readonly isTTY = true;
  columns = 80;
  rows = 24;
  written = '';

  write(text: string): void {
    this.written += text;
  }
}

function open(): { window: Window; live: Live } {
  const window = new Window();
  return { window, live: new Live(new Screen(window, false)) };
}

describe('lines that are drawn over', () => {
  it('take away those before, however many, and are never wider than the window', () => {
    const { window, live } = open();
    live.show(['one', 'two']);
    live.show(['x'.repeat(100)]);
    live.show([]);
    expect(window.written).toBe(`one\ntwo\n${UP}${UP}${'x'.repeat(79)}…\n${UP}`);
  });

  it('take away what a narrower window shows on several lines', () => {
    const { window, live } = open();
    live.show(['x'.repeat(80), 'short']);
    window.columns = 40;
    window.written = '';
    live.clear();
    expect(window.written).toBe(UP.repeat(3));
  });

  it('say how many have no room in the window', () => {
    const { window, live } = open();
    window.rows = 5;
    live.show(['a', 'b', 'c', 'd']);
    expect(window.written).toBe('a\nb\nc\nd\n');
    window.written = '';
    live.show(['a', 'b', 'c', 'd', 'e', 'f']);
    expect(window.written).toBe(`${UP.repeat(4)}a\nb\nc\n… 3 more lines\n`);
  });

  it('are written below each other into a file, where they differ', () => {
    let written = '';
    const live = new Live(new Screen({ write: (text: string) => (written += text) }, false));
    for (const line of ['a', 'a', 'b']) live.show([line]);
    live.clear();
    expect(written).toBe('a\nb\n');
  });
});
