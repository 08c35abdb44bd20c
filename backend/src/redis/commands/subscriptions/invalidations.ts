import type { Wire } from '../../cluster/connection/index.js';
import { classifyFailure, safeMessage } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import type { Stop } from '../../base/timing/index.js';
import { rejectedError } from '../shared/outcome-errors.js';
import type { HeartbeatOptions } from './subscription.js';

/** Where Redis says which keys have changed, in RESP2. */
export const INVALIDATIONS = '__redis__:invalidate';

const RIGHTS = `+client|id +client|tracking &${INVALIDATIONS}`;

/** How a connection with subscriptions is kept. */
export interface KeeperOptions extends HeartbeatOptions {
  /** What is told of changed keys on the same connection. @defaultValue nothing */
  readonly invalidations?: Invalidations;
}

/** Called with the keys that have changed, as they are in Redis; `null`: all may have, as after `FLUSHALL`. */
export type InvalidationListener = (keys: readonly Buffer[] | null) => void;

/**
 * Has Redis tell a connection of changed keys, whoever changes them (`CLIENT TRACKING`). The connection is told itself
 * (`REDIRECT` to its own id): with a second one, that one could be lost without the first being told.
 */
export class Invalidations {
  readonly #prefixes: readonly string[];
  readonly #listeners = new Set<InvalidationListener>();
  readonly #bus: EventBus;
  #refusal: Error | null = null;
  #isRefusalTold = false;

  /** @param prefixes - the beginnings of the keys to be told of; with none, only what changes all keys is told */
  constructor(prefixes: readonly string[], bus: EventBus) {
    this.#prefixes = prefixes;
    this.#bus = bus;
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
      this.#refuse('client', error);
    }
  }

  /** Subscribes to what is told. Reports once that Redis refuses. Who loses the connection meanwhile is told elsewhere. */
  async hear(wire: Wire): Promise<void> {
    try {
      if (this.#refusal === null) await wire.subscribe('subscribe', [INVALIDATIONS]);
    } catch (error) {
      if (classifyFailure(error) !== 'rejected') return;
      this.#refuse('subscribe', error);
    }
    const wasTold = this.#isRefusalTold;
    this.#isRefusalTold = this.#refusal !== null;
    if (this.#refusal === null || wasTold) return;
    const reason = safeMessage(this.#refusal);
    this.#bus.emit({ type: 'invalidations.refused', reason, rights: RIGHTS });
  }

  /** Calls the listener with all that Redis tells. */
  listen(listener: InvalidationListener): Stop {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Passes on what came on the channel, if it is this one: then it returns true. */
  deliver(channel: Buffer, message: unknown): boolean {
    if (channel.toString() !== INVALIDATIONS) return false;
    const keys = Array.isArray(message) ? (message as readonly Buffer[]) : null;
    // Anybody may publish texts there. Only Redis itself sends a list, or nothing.
    if (keys === null && message !== null) return true;
    for (const listener of [...this.#listeners]) listener(keys);
    return true;
  }

  // Throws what is no refusal.
  #refuse(command: string, error: unknown): void {
    if (classifyFailure(error) !== 'rejected') throw error;
    this.#refusal = rejectedError(command, error);
  }

  #prefixWords(): string[] {
    // The empty one means all keys: then Redis wants none.
    if (this.#prefixes.includes('')) return [];
    return this.#prefixes.flatMap((prefix) => ['prefix', prefix]);
  }
}
