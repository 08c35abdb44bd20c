import { CommandUncertainError } from '../base/errors/index.js';
import { cannotBeShared } from './breaker/away-errors.js';
import { Away } from './breaker/guard.js';
import type { KeyspaceDeps, SharedStore } from './keyspace-deps.js';
import type { KeyspaceIdentity } from './keyspace-options.js';
import type { KeyspaceKeys } from './keyspace-keys.js';

/**
 * Numbers and locks: they mean something only if all processes see the same one. Without Redis they
 * fail at once, whatever the policy: a rate limit that silently counts per process is no limit.
 */
export class SharedValues {
  readonly #owner: { readonly keyspace: string; readonly isStrict: boolean };
  readonly #deps: KeyspaceDeps;
  readonly #keys: KeyspaceKeys;

  constructor({ keys, options }: KeyspaceIdentity, deps: KeyspaceDeps) {
    this.#owner = { keyspace: keys.name, isStrict: options.policy === 'strict' };
    this.#deps = deps;
    this.#keys = keys;
  }

  /** Adds to a number; a new one ends after `ttlMs`. */
  increment(key: string, by: number, ttlMs: number | null): Promise<number> {
    return this.#run('increment', (redis) => redis.increment(this.#keys.shared(key), by, ttlMs));
  }

  /** Takes a key for one holder. */
  takeIfFree(key: string, holder: string, ttlMs: number): Promise<boolean> {
    return this.#run('takeIfFree', (redis) =>
      redis.takeIfFree(this.#keys.shared(key), holder, ttlMs),
    );
  }

  /** Releases it. */
  giveBack(key: string, holder: string): Promise<boolean> {
    return this.#run('giveBack', (redis) => redis.giveBack(this.#keys.shared(key), holder));
  }

  async #run<T>(operation: string, work: (redis: SharedStore) => Promise<T>): Promise<T> {
    const { redis, writes } = this.#deps;
    if (redis === null) throw cannotBeShared(operation, this.#owner, null);
    const outcome = await writes.runToItsEnd(() => work(redis));
    if (!(outcome instanceof Away)) return outcome;
    // It was sent, so the caller must not be told that nothing was done and to try again.
    if (outcome.cause instanceof CommandUncertainError) throw outcome.cause;
    throw cannotBeShared(operation, this.#owner, outcome);
  }
}
