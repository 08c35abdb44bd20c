import { afterInput, type Clock } from '../base/timing/index.js';

const EVERY_MS = 1000;
// Names of commands may come from outside, and so may the causes of a lost connection.
const MAX_NAMES = 10;
const MAX_REASONS = 3;

/** What was not logged since the last line. */
interface Unlogged {
  total: number;
  readonly byName: Map<string, number>;
  readonly reasons: Set<string>;
}

/**
 * Logs commands of which nobody knows whether they were executed: the first at once, the others together, one
 * line a second. When a primary freezes there are thousands of them in the same moment.
 */
export class UncertainLines {
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  readonly #log: (line: string) => void;
  #unlogged: Unlogged | null = null;

  constructor(clock: Clock, closing: AbortSignal, log: (line: string) => void) {
    this.#clock = clock;
    this.#closing = closing;
    this.#log = log;
  }

  /** Takes one of them. */
  add(command: string, reason: string): void {
    if (this.#unlogged === null) {
      this.#log(`A ${command} may or may not have been executed: ${reason}`);
      this.#collect();
      return;
    }
    const { byName, reasons } = this.#unlogged;
    this.#unlogged.total++;
    const name = byName.has(command) || byName.size < MAX_NAMES ? command : 'others';
    byName.set(name, (byName.get(name) ?? 0) + 1);
    if (reasons.size < MAX_REASONS) reasons.add(reason);
  }

  #collect(): void {
    this.#unlogged = { total: 0, byName: new Map(), reasons: new Set() };
    const flush = (): void => {
      stop();
      this.#closing.removeEventListener('abort', soon);
      this.#flush();
    };
    // The process may end with the close, and not wait for a second.
    const soon = (): void => {
      afterInput(flush);
    };
    const stop = this.#clock.after(EVERY_MS, flush);
    if (this.#closing.aborted) soon();
    else this.#closing.addEventListener('abort', soon, { once: true });
  }

  #flush(): void {
    const unlogged = this.#unlogged;
    this.#unlogged = null;
    if (unlogged === null || unlogged.total === 0) return;
    this.#log(describe(unlogged));
    this.#collect();
  }
}

function describe({ total, byName, reasons }: Unlogged): string {
  const names = [...byName]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${grouped(count)}`);
  const what = total === 1 ? 'command' : 'commands';
  return (
    `${grouped(total)} more ${what} (${names.join(', ')}) may or may not have been executed: ` +
    [...reasons].join('; ')
  );
}

/** Returns `4,812` for 4812. */
function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
