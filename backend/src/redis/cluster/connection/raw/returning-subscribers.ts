import { endsWithin, onSignal, type Clock } from '../../../base/timing/index.js';

/** A client that listens, and has lost its connection. */
export interface Subscriber {
  /** Whether it is looking for a connection. One that is not may never come back. */
  readonly isTrying: boolean;
}

/**
 * The clients of a process that listen and have lost their connection. Redis keeps no message for them, so the others
 * connect when these are back: otherwise what waits to be published after a switch would be heard by nobody.
 */
export class ReturningSubscribers {
  readonly #away = new Set<Subscriber>();
  readonly #looks = new Set<() => void>();

  /** How many are away. */
  get size(): number {
    return this.#away.size;
  }

  /** It has lost its connection. */
  leave(subscriber: Subscriber): void {
    this.#away.add(subscriber);
  }

  /** It listens again, or has ended. */
  comeBack(subscriber: Subscriber): void {
    if (!this.#away.delete(subscriber)) return;
    for (const look of [...this.#looks]) look();
  }

  /**
   * Resolves when those that are away now are back, at the latest after `timeoutMs`, or when the signal fires. Those that
   * do not even try by then are forgotten.
   */
  async allBack(clock: Clock, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#away.size === 0) return;
    const awaited = [...this.#away];
    let look = (): void => undefined;
    const back = new Promise<void>((resolve) => {
      look = () => {
        if (!awaited.some((one) => this.#away.has(one))) resolve();
      };
      this.#looks.add(look);
    });
    await endsWithin(back, (end) => clock.after(timeoutMs, end), onSignal(signal));
    this.#looks.delete(look);
    if (signal.aborted) return;
    for (const one of awaited) if (!one.isTrying) this.comeBack(one);
  }
}
