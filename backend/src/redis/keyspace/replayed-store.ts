import type { KeyspaceDeps } from './keyspace-deps.js';
import type {
  ApplyOutcome,
  KeyValueStore,
  StampedDrop,
  StampedWrite,
} from './store/key-value-store.js';
import type { RedisStore } from './store/redis-store.js';
import { compareStamps } from './store/stamp.js';

/**
 * The Redis store as the replay uses it. What is written there may be lost again in a failover, like any
 * other write. Memory must not go on serving a value that lost against something newer.
 */
export class ReplayedStore implements Pick<KeyValueStore, 'apply' | 'drop'> {
  readonly #redis: RedisStore;
  readonly #deps: Pick<KeyspaceDeps, 'memory' | 'recent'>;

  constructor(redis: RedisStore, deps: Pick<KeyspaceDeps, 'memory' | 'recent'>) {
    this.#redis = redis;
    this.#deps = deps;
  }

  /** {@inheritDoc KeyValueStore.apply} */
  async apply(write: StampedWrite): Promise<ApplyOutcome> {
    const { memory, recent } = this.#deps;
    const outcome = await this.#redis.apply(write);
    if (outcome.kind === 'applied') {
      const isOver = write.ttlMs !== null && write.ttlMs <= 0;
      if (!isOver) recent.note(write);
      return outcome;
    }
    if (outcome.kind === 'absent') return outcome;
    const stamp = memory.peek(write.key)?.stamp ?? null;
    if (stamp !== null && compareStamps(stamp, outcome.by) < 0) memory.distrust(write.key);
    return outcome;
  }

  /** {@inheritDoc KeyValueStore.drop} */
  async drop(drop: StampedDrop & { readonly channel?: string }): Promise<number> {
    const dropped = await this.#redis.drop(drop);
    this.#deps.recent.noteDrop(drop);
    return dropped;
  }
}
