import type { Screen } from './screen.js';
import { widthOf } from './styles.js';
import { cutTo } from './table.js';

const UP_AND_CLEAR = '\u001b[1A\u001b[2K';

/**
 * Lines that are drawn over while something goes on. Where the output is no terminal, each picture that differs from the one
 * before is written below it.
 */
export class Live {
  readonly #screen: Screen;
  #drawn: readonly string[] = [];

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Shows these lines in place of those before. What a terminal has no room for is left out, and that is said. */
  show(lines: readonly string[]): void {
    const { columns, rows, isTerminal } = this.#screen;
    if (isTerminal) {
      // The cursor stands below: what has left the window at its top cannot be drawn over.
      const shown = withRoomFor(lines, rows - 1).map((line) => cutTo(line, columns));
      this.#screen.write(this.#away + shown.map((line) => `${line}\n`).join(''));
      this.#drawn = shown;
      return;
    }
    if (lines.join('\n') === this.#drawn.join('\n')) return;
    for (const line of lines) this.#screen.line(line);
    this.#drawn = [...lines];
  }

  /** Takes the lines away; on a terminal only. */
  clear(): void {
    if (this.#screen.isTerminal) this.#screen.write(this.#away);
    this.#drawn = [];
  }

  // A window that was made narrower since shows a line on several.
  get #away(): string {
    const { columns } = this.#screen;
    const heights = this.#drawn.map((line) => Math.max(1, Math.ceil(widthOf(line) / columns)));
    return UP_AND_CLEAR.repeat(heights.reduce((sum, height) => sum + height, 0));
  }
}

function withRoomFor(lines: readonly string[], room: number): readonly string[] {
  if (lines.length <= room) return lines;
  const left = lines.length - room + 1;
  return [...lines.slice(0, room - 1), `… ${String(left)} more lines`];
}
