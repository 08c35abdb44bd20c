import type { OnApplicationShutdown } from '@nestjs/common';
import type { RedisEngine } from '../engine/index.js';

/**
 * Closes an engine with the application. A provider of its own: a test may put something else in the place
 * of `RedisService`, and the engine of the cache and the keyspaces must be closed all the same.
 */
export class EngineHook implements OnApplicationShutdown {
  readonly #engine: RedisEngine;

  constructor(engine: RedisEngine) {
    this.#engine = engine;
  }

  /** Called by Nest. Lets commands finish within `shutdownTimeoutMs`, then closes everything. */
  onApplicationShutdown(): Promise<void> {
    return this.#engine.close();
  }
}
