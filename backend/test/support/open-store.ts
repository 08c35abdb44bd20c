import type { KeyValueStore } from '../../src/redis/keyspace/store/key-value-store.js';

/** A store that is open for one test. It is empty, or nothing else uses the keys of this suite in it. */
export interface OpenStore {
  readonly store: KeyValueStore;
  close(): Promise<void>;
  /** Lets this much time pass, or a little more. */
  pass(ms: number): Promise<void>;
  /** Puts bytes under a key without the store; if it is missing, a write puts them. */
  plant?(key: string, bytes: Buffer): Promise<void>;
}
