import type { KeyspacePolicy } from './keyspace.js';
import type { KeyspaceKeys } from './keyspace-keys.js';

/** How a keyspace behaves. */
export interface KeyspaceOptions {
  readonly policy: KeyspacePolicy;
  /** Copies in memory younger than this are used without asking Redis, in milliseconds; 0 means never. */
  readonly nearMs: number;
  /** How long after it expires an entry may be served, in milliseconds. Only with the policy `cache`. */
  readonly maxStaleMs: number;
}

/** The identity of a keyspace. */
export interface KeyspaceIdentity {
  readonly keys: KeyspaceKeys;
  readonly options: KeyspaceOptions;
}
