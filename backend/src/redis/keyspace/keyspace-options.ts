import type { KeyspacePolicy } from './keyspace.js';
import type { KeyspaceKeys } from './keyspace-keys.js';

/** How a keyspace behaves. */
export interface KeyspaceOptions {
  readonly policy: KeyspacePolicy;
  /** Copies in memory younger than this answer without Redis being asked, in milliseconds; 0 means never. */
  readonly nearMs: number;
  /** How long past its time an entry may be served, in milliseconds. Only with the policy `cache`. */
  readonly maxStaleMs: number;
}

/** Who a keyspace is. */
export interface KeyspaceIdentity {
  readonly keys: KeyspaceKeys;
  readonly options: KeyspaceOptions;
}
