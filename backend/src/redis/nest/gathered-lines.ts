import { afterInput, type Clock } from '../base/timing/index.js';

// Names may come from outside, and so may the causes of a lost connection.
const MAX_NAMES = 10;
const MAX_REASONS = 3;

/** How something is told that may happen very often. */
export interface Telling {
  /** How long is gathered for one line. */
  readonly everyMs: number;
  /** The line of the first one. */
  first(name: string, reason: string): string;
  /** The line of others. `names` says how often each was named, `reasons` why. */
  more(total: number, names: string, reasons: string): string;
}

/** What was not logged since the last line. */
interface Unlogged {
  total: number;
  readonly byName: Map<string, number>;
  readonly reasons: Set<string>;
}

/**
 * Logs the first at once, and the others together in one line now and then. When a primary freezes, thousands of
 * commands are uncertain in the same moment.
 */
export class GatheredLines {
  readonly #clock: Clock;
  readonly #closing: AbortSignal;
  readonly #telling: Telling;
  readonly #log: (line: string) => void;
  #unlogged: Unlogged | null = null;

  constructor(
    { clock, closing }: { readonly clock: Clock; readonly closing: AbortSignal },
    telling: Telling,
    log: (line: string) => void,
  ) {
    this.#clock = clock;
    this.#closing = closing;
    this.#telling = telling;
    this.#log = log;
  }

  /** Takes one of them. */
  add(named: string, reason: string): void {
    if (this.#unlogged === null) {
      this.#log(this.#telling.first(named, reason));
      this.#collect();
      return;
    }
    const { byName, reasons } = this.#unlogged;
    this.#unlogged.total++;
    const name = byName.has(named) || byName.size < MAX_NAMES ? named : 'others';
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
    // The process may end with the close, and not wait for the line.
    const soon = (): void => {
      afterInput(flush);
    };
    const stop = this.#clock.after(this.#telling.everyMs, flush);
    if (this.#closing.aborted) soon();
    else this.#closing.addEventListener('abort', soon, { once: true });
  }

  #flush(): void {
    const unlogged = this.#unlogged;
    this.#unlogged = null;
    if (unlogged === null || unlogged.total === 0) return;
    const names = [...unlogged.byName]
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${grouped(count)}`);
    const reasons = [...unlogged.reasons].join('; ');
    this.#log(this.#telling.more(unlogged.total, names.join(', '), reasons));
    this.#collect();
  }
}

/** Returns `4,812` for 4812. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
