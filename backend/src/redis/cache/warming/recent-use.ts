import { isRedisAway } from './redis-away.js';
import type { Clock } from '../../base/timing/index.js';
import type { Keyspace } from '../../keyspace/index.js';
import { draftOf } from './warm-up-mark.js';

/** What {@link RecentUse} is given. */
interface RecentUseDeps {
  /** Where marks are kept. */
  readonly marks: Keyspace<unknown>;
  readonly key: string;
  /** Returns the keys of the namespace that this process uses most, the most used first. */
  readonly used: (count: number) => readonly string[];
  readonly count: number;
  readonly clock: Clock;
}

const SAVE_EVERY_MS = 60_000;
const MAX_BYTES = 262_144;

/**
 * The keys that are in use: as this process knows them, and as one of all processes has last kept them in Redis, for
 * those that have just started. When Redis loses them, those that run still know.
 */
export class RecentUse {
  readonly #deps: RecentUseDeps;
  #savedAt: number;

  constructor(deps: RecentUseDeps) {
    this.#deps = deps;
    this.#savedAt = deps.clock.now();
  }

  /** The keys that are in use, those of this process first. */
  async keys(): Promise<readonly string[]> {
    const { used, count } = this.#deps;
    const all = new Set([...used(count), ...(await this.#kept())]);
    return [...all].slice(0, count);
  }

  /** Keeps the keys, once a minute at most. */
  async save(): Promise<void> {
    const { marks, key, used, count, clock } = this.#deps;
    if (count === 0 || clock.now() - this.#savedAt < SAVE_EVERY_MS) return;
    this.#savedAt = clock.now();
    const keys = withinBytes(used(count));
    if (keys.length === 0) return;
    try {
      await marks.write(key, draftOf(keys));
    } catch (error) {
      if (!isRedisAway(error)) throw error;
    }
  }

  async #kept(): Promise<readonly string[]> {
    try {
      const reading = await this.#deps.marks.read(this.#deps.key, { onPrimary: true });
      const kept = reading.state === 'found' ? reading.value : null;
      return Array.isArray(kept)
        ? kept.filter((key): key is string => typeof key === 'string')
        : [];
    } catch (error) {
      if (isRedisAway(error)) return [];
      throw error;
    }
  }
}

function withinBytes(keys: readonly string[]): readonly string[] {
  let left = MAX_BYTES;
  return keys.filter((key) => (left -= Buffer.byteLength(key)) > 0);
}
