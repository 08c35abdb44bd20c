import type { EventBus } from '../../base/events/index.js';
import type { Keyspace } from '../../keyspace/index.js';
import type { Clock, Random } from '../../base/timing/index.js';
import type { CacheCodec } from './cache-codec.js';
import type { ResolvedCacheOptions } from './cache-options.js';
import type { CacheCounters } from './cache-stats.js';
import type { ByteGate, OpenTasks } from '../../base/collections/index.js';

/** What the classes of one namespace of the cache share. */
export interface CacheDeps {
  readonly keyspace: Keyspace<unknown>;
  readonly options: ResolvedCacheOptions;
  readonly codec: CacheCodec;
  readonly counters: CacheCounters;
  readonly tasks: OpenTasks;
  /** All writes of the cache of a connection pass it. */
  readonly writes: ByteGate;
  readonly clock: Clock;
  readonly random: Random;
  readonly bus: EventBus;
}
