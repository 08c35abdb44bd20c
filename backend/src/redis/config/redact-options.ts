import type { KeyRing } from '../base/crypto/index.js';
import { HIDDEN, hideSecretsOf } from '../base/options/index.js';
import { keepAddress } from './address-mapper.js';
import type { ResolvedAccess, ResolvedRedisOptions } from './redis-options.js';
import { redactTls } from './tls-rule.js';

/** Plain data, safe to log and to send. */
type Redacted = Readonly<Record<string, unknown>>;

/**
 * Freezes resolved options and makes them, and each part that holds secrets, print as their redacted
 * form in `console.log`, `util.inspect` and `JSON.stringify`. TLS material is left as it is.
 */
export function sealOptions(options: ResolvedRedisOptions): ResolvedRedisOptions {
  const node = sealAccess(options.node);
  if (options.mode === 'standalone') Object.freeze(options.address);
  const sealed =
    options.mode === 'sentinel'
      ? { ...options, node, sentinel: sealAccess(options.sentinel) }
      : { ...options, node };
  return Object.freeze(hideSecretsOf(sealed, redactOptions));
}

function sealAccess<A extends ResolvedAccess>(access: A): A {
  return Object.freeze(hideSecretsOf({ ...access }, redactAccess));
}

/**
 * A copy of resolved options that is safe to log: passwords and TLS material read `'***'` where they
 * are set, keys of encryption are named by their ids, and `sentinel.mapAddress` says whether addresses are mapped. User names are no secrets.
 */
export function redactOptions(options: ResolvedRedisOptions): Redacted {
  const { name, mode, node, routing, pools, fallback, journal, sessions } = options;
  const { hotKeys, near, shutdownTimeoutMs } = options;
  return {
    name,
    mode,
    ...(options.mode === 'standalone' && { address: { ...options.address } }),
    ...(options.mode === 'sentinel' && { sentinel: redactAccess(options.sentinel) }),
    node: redactAccess(node),
    routing: { ...routing },
    pools: { ...pools },
    fallback: { ...fallback },
    journal: { ...journal, keys: idsOf(journal.keys) },
    sessions: { ...sessions, keys: idsOf(sessions.keys) },
    hotKeys: { ...hotKeys },
    near: { ...near },
    shutdownTimeoutMs,
  };
}

// Which keys a process has is asked when something cannot be opened. The ids tell nothing of the keys.
function idsOf(keys: KeyRing | null): readonly string[] | null {
  return keys === null ? null : [...keys.ids];
}

/** A copy of one group of options that holds credentials, safe to log. */
function redactAccess(access: ResolvedAccess): Redacted {
  const { password, passwordFile = null, credentials = null, tls, ...others } = access;
  const plain = Object.entries(others).map(([key, value]): readonly [string, unknown] => [
    key,
    typeof value === 'function' ? value !== keepAddress : copyList(value),
  ]);
  return {
    ...Object.fromEntries(plain),
    password: password === null ? null : HIDDEN,
    passwordFile: passwordFile === null ? null : HIDDEN,
    credentials: credentials === null ? null : HIDDEN,
    tls: tls === null ? null : redactTls(tls),
  };
}

function copyList(value: unknown): unknown {
  return Array.isArray(value) ? value.map((item: unknown) => copyObject(item)) : value;
}

function copyObject(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? { ...value } : value;
}
