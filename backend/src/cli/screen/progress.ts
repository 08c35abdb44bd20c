import { Live } from './live.js';
import type { Screen } from './screen.js';

const BAR_WIDTH = 24;
/** A file is told so often. */
const EVERY_MS = 5_000;

/** Tells how far a long work is: one line that changes on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #screen: Screen;
  readonly #live: Live;
  readonly #now: () => number;
  #toldAt = -Infinity;

  constructor(screen: Screen, now: () => number) {
    this.#screen = screen;
    this.#live = new Live(screen);
    this.#now = now;
  }

  /** @param share - from 0 to 1; `null` where nobody knows how much there is */
  show(what: string, share: number | null, note = ''): void {
    if (!this.#screen.isTerminal) {
      if (this.#now() - this.#toldAt < EVERY_MS) return;
      this.#toldAt = this.#now();
    }
    const bar = share === null ? '' : ` ${this.#bar(share)}`;
    this.#live.show([`${what}${bar}${note === '' ? '' : ` ${this.#screen.styles.faint(note)}`}`]);
  }

  /** Ends it with a line that stays. */
  end(line: string): void {
    this.#live.clear();
    this.#screen.line(line);
  }

  /** Ends it without a word. */
  clear(): void {
    this.#live.clear();
  }

  #bar(share: number): string {
    const part = Math.min(1, Math.max(0, share));
    const percent = `${String(Math.floor(part * 100)).padStart(3)} %`;
    if (!this.#screen.isTerminal) return percent;
    const full = Math.round(part * BAR_WIDTH);
    return `${'━'.repeat(full)}${this.#screen.styles.faint('─'.repeat(BAR_WIDTH - full))} ${percent}`;
  }
}
