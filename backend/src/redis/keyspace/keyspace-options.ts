import type { NamespacePolicy } from './keyspace.js';
import type { NamespaceKeys } from './keyspace-keys.js';

/** How a namespace behaves. */
export interface NamespaceSettings {
  readonly policy: NamespacePolicy;
  /** Copies in memory younger than this answer without Redis being asked, in milliseconds; 0 means never. */
  readonly nearMs: number;
  /** How long past its time an entry may be served, in milliseconds. Only with the policy `cache`. */
  readonly maxStaleMs: number;
}

/** Who a namespace is. */
export interface NamespaceIdentity {
  readonly keys: NamespaceKeys;
  readonly settings: NamespaceSettings;
}
