import { inspect } from 'node:util';
import { redactAccess, redactOptions } from './redact-options.js';
import type { ResolvedRedisOptions } from './resolved-options.js';

/**
 * Freezes resolved options and makes them, and each part that holds secrets, print as their redacted
 * form in `console.log`, `util.inspect` and `JSON.stringify`. TLS material is left as it is.
 */
export function sealOptions(options: ResolvedRedisOptions): ResolvedRedisOptions {
  Object.freeze(options.routing);
  Object.freeze(options.pools);
  Object.freeze(options.fallback);
  Object.freeze(options.journal);
  Object.freeze(hideSecretsOf(options.node, redactAccess));
  if (options.mode === 'standalone') Object.freeze(options.address);
  if (options.mode === 'sentinel') {
    Object.freeze(options.sentinel.nodes);
    Object.freeze(hideSecretsOf(options.sentinel, redactAccess));
  }
  return Object.freeze(hideSecretsOf(options, redactOptions));
}

/** Makes an object print as what `redact` returns for it. The added members are not enumerable, so copies lack them. */
export function hideSecretsOf<T extends object>(value: T, redact: (value: T) => unknown): T {
  const print = { value: () => redact(value), enumerable: false };
  return Object.defineProperties(value, { toJSON: print, [inspect.custom]: print });
}
