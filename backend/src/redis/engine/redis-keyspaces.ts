import type { EventBus } from '../base/events/index.js';
import type { ResolvedRedisOptions } from '../config/index.js';
import type { Keyspace, KeyspaceOptions } from '../keyspace/index.js';
import type { RedisEngine } from './redis-engine.js';
import type { Clock } from '../base/timing/index.js';

/** Opens the keyspaces of one connection. Caches and sessions use it. */
export class RedisKeyspaces {
  readonly #engine: RedisEngine;

  /** Made by {@link RedisModule}; modules inject it. */
  constructor(engine: RedisEngine) {
    this.#engine = engine;
  }

  /** The clock of the connection, with the calendar of Redis. */
  get clock(): Clock {
    return this.#engine.calendar;
  }

  /** Where events are reported. */
  get bus(): EventBus {
    return this.#engine.bus;
  }

  /** How the connection wants the data of sessions to be encrypted. */
  get sessions(): ResolvedRedisOptions['sessions'] {
    return this.#engine.options.sessions;
  }

  /** Calls `run` before the connection is closed, while Redis can still be used. */
  beforeClose(run: () => Promise<void> | void): void {
    this.#engine.beforeClose(run);
  }

  /** Opens a keyspace. Returns the same one when it is opened again with the same settings. */
  open(name: string, settings: KeyspaceOptions): Keyspace {
    const keyspace = this.#engine.keyspaces.open(name, settings);
    if (keyspace.policy === 'session') this.#engine.connectedOrNull?.noteSessions();
    return keyspace;
  }
}
