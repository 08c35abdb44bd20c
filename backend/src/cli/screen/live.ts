import type { Screen } from './screen.js';
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

  /** Shows these lines in place of those before. */
  show(lines: readonly string[]): void {
    const { columns, isTerminal } = this.#screen;
    if (isTerminal) {
      const cut = lines.map((line) => cutTo(line, columns));
      this.#screen.write(
        UP_AND_CLEAR.repeat(this.#drawn.length) + cut.map((line) => `${line}\n`).join(''),
      );
      this.#drawn = cut;
      return;
    }
    if (lines.join('\n') === this.#drawn.join('\n')) return;
    for (const line of lines) this.#screen.line(line);
    this.#drawn = [...lines];
  }

  /** Takes the lines away; on a terminal only. */
  clear(): void {
    if (this.#screen.isTerminal) this.#screen.write(UP_AND_CLEAR.repeat(this.#drawn.length));
    this.#drawn = [];
  }

  /** Leaves the lines where they are: what is shown next stands below. */
  keep(): void {
    this.#drawn = [];
  }
}
