import type { FallbackParts } from './keyspace-deps.js';
import {
  type ApplyOutcome,
  compareStamps,
  type KeyValueStore,
  type RedisStore,
  type StampedDrop,
  type StampedWrite,
} from './store/index.js';
import { namespaceOf } from './keyspace-keys.js';

/**
 * The Redis that a journal is brought to. What arrives there may be lost again in a failover, as any
 * other write; what loses against something newer is not what memory should go on serving.
 */
export class ReplayedStore implements Pick<KeyValueStore, 'apply' | 'drop'> {
  readonly #redis: RedisStore;
  readonly #parts: Pick<FallbackParts, 'memory' | 'recent'>;

  constructor(redis: RedisStore, parts: Pick<FallbackParts, 'memory' | 'recent'>) {
    this.#redis = redis;
    this.#parts = parts;
  }

  /** {@inheritDoc KeyValueStore.apply} */
  async apply(write: StampedWrite): Promise<ApplyOutcome> {
    const { memory, recent } = this.#parts;
    const outcome = await this.#redis.apply(write);
    if (outcome.kind === 'applied') {
      const isOver = write.ttlMs !== null && write.ttlMs <= 0;
      if (!isOver) recent.note(write, namespaceOf(write.key));
      return outcome;
    }
    const stamp = memory.peek(write.key)?.stamp ?? null;
    if (stamp !== null && compareStamps(stamp, outcome.by) < 0) memory.doubt(write.key);
    return outcome;
  }

  /** {@inheritDoc KeyValueStore.drop} */
  async drop(drop: StampedDrop & { readonly channel?: string }): Promise<number> {
    const dropped = await this.#redis.drop(drop);
    this.#parts.recent.noteDrop(drop, namespaceOf(drop.group));
    return dropped;
  }
}
