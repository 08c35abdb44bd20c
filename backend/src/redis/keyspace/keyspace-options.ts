import {
  choice,
  MAX_DELAY_MS,
  MAX_LIFE_MS,
  OptionSet,
  required,
  wholeNumber,
  type RowsOf,
} from '../base/options/index.js';
import type { NamespacePolicy } from './keyspace.js';
import type { NamespaceKeys } from './keyspace-keys.js';

/** One of the policies. */
export const policy = choice('cache', 'session', 'strict');

/** How a namespace behaves. */
export interface NamespaceSettings {
  readonly policy: NamespacePolicy;
  /** Copies in memory younger than this answer without Redis being asked, in milliseconds; 0 means never. */
  readonly nearMs: number;
  /** How long past its time an entry may be served, in milliseconds. Only with the policy `cache`. */
  readonly maxStaleMs: number;
}

const ROWS = {
  policy: required(policy),
  nearMs: required(wholeNumber(0, MAX_DELAY_MS, 'milliseconds')),
  maxStaleMs: required(wholeNumber(0, MAX_LIFE_MS, 'milliseconds')),
} satisfies RowsOf<NamespaceSettings>;

/** The settings of a namespace. */
export const NAMESPACE = new OptionSet(ROWS, {
  path: 'namespace',
  example: "{ policy: 'cache', nearMs: 0, maxStaleMs: 0 }",
});

/** Who a namespace is. */
export interface NamespaceIdentity {
  readonly keys: NamespaceKeys;
  readonly settings: NamespaceSettings;
}
