import type { Wire } from '../../cluster/connection/index.js';
import { classifyFailure } from '../../base/errors/index.js';
import type { Stop } from '../../base/timing/index.js';
import { rejectedError } from '../shared/outcome-errors.js';

/** Where Redis says which keys have changed, in RESP2. */
export const INVALIDATIONS = '__redis__:invalidate';

/** Called with the keys that have changed, as they are in Redis; `null`: all may have, as after `FLUSHALL`. */
export type InvalidationListener = (keys: readonly Buffer[] | null) => void;

/**
 * Has Redis tell a connection of changed keys, whoever changes them (`CLIENT TRACKING`). The connection is told itself
 * (`REDIRECT` to its own id): with a second one, that one could be lost without the first being told.
 */
export class Invalidations {
  readonly #prefixes: readonly string[];
  readonly #listeners = new Set<InvalidationListener>();
  #refusal: Error | null = null;

  /** @param prefixes - the beginnings of the keys to be told of; with none, only what changes all keys is told */
  constructor(prefixes: readonly string[]) {
    this.#prefixes = prefixes;
  }

  /** Why Redis does not tell; `null` while it does, or was not asked yet. */
  get refusal(): Error | null {
    return this.#refusal;
  }

  /** Asks Redis to tell this connection, before it is subscribed to anything. Rejects only if the connection fails. */
  async turnOn(wire: Wire): Promise<void> {
    try {
      const id = await wire.call('client', ['id']);
      // Broadcasts need no memory of the server for each key, and no reads on this connection.
      const what = this.#prefixes.length === 0 ? [] : ['bcast', ...this.#prefixWords()];
      await wire.call('client', ['tracking', 'on', 'redirect', String(id), ...what]);
      this.#refusal = null;
    } catch (error) {
      this.refuse('client', error);
    }
  }

  /** Redis refuses to tell. Throws what is no refusal. */
  refuse(command: string, error: unknown): void {
    if (classifyFailure(error) !== 'rejected') throw error;
    this.#refusal = rejectedError(command, error);
  }

  /** Calls the listener with all that Redis tells. */
  listen(listener: InvalidationListener): Stop {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Passes on what came on the channel. Anybody may publish texts there; only Redis itself sends a list, or nothing. */
  deliver(message: unknown): void {
    const keys = Array.isArray(message) ? (message as readonly Buffer[]) : null;
    if (keys === null && message !== null) return;
    for (const listener of [...this.#listeners]) listener(keys);
  }

  #prefixWords(): string[] {
    // The empty one means all keys: then Redis wants none.
    if (this.#prefixes.includes('')) return [];
    return this.#prefixes.flatMap((prefix) => ['prefix', prefix]);
  }
}
