import type { EventBus } from '../base/events/index.js';
import type { Keyspace, KeyspaceOptions } from '../keyspace/index.js';
import type { RedisEngine } from './redis-engine.js';
import type { Clock } from '../base/timing/index.js';

/** Opens the keyspaces of one connection. Caches and sessions stand on it. */
export class RedisKeyspaces {
  readonly #engine: RedisEngine;

  /** Made by {@link RedisModule}; modules inject it. */
  constructor(engine: RedisEngine) {
    this.#engine = engine;
  }

  /** Time, as the connection sees it. */
  get clock(): Clock {
    return this.#engine.clock;
  }

  /** Where facts are reported. */
  get bus(): EventBus {
    return this.#engine.bus;
  }

  /** Does something before the connection is closed, while Redis can still be used. */
  beforeClose(run: () => Promise<void> | void): void {
    this.#engine.beforeClose(run);
  }

  /** Opens a keyspace; a second time with the same settings gives the same one. */
  open(name: string, settings: KeyspaceOptions): Keyspace {
    return this.#engine.keyspaces.open(name, settings);
  }
}
