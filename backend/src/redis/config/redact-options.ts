import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { keepAddress } from './address-mapper.js';
import { HIDDEN } from './findings.js';
import type { ResolvedAccess, ResolvedRedisOptions } from './resolved-options.js';

/** Plain data, safe to log and to send. */
export type Redacted = Readonly<Record<string, unknown>>;

/** TLS options that say how, and never with what: everything else is hidden. */
const SHOWN_TLS_OPTIONS = new Set([
  'servername',
  'rejectUnauthorized',
  'minVersion',
  'maxVersion',
  'ciphers',
]);

/**
 * A copy of resolved options that is safe to log: passwords and TLS material read `'***'` where they
 * are set, and `sentinel.mapAddress` says whether addresses are mapped. User names are no secrets.
 */
export function redactOptions(options: ResolvedRedisOptions): Redacted {
  const { name, mode, node, routing, pools, fallback, journal, shutdownTimeoutMs } = options;
  return {
    name,
    mode,
    ...(options.mode === 'standalone' && { address: { ...options.address } }),
    ...(options.mode === 'sentinel' && { sentinel: redactAccess(options.sentinel) }),
    node: redactAccess(node),
    routing: { ...routing },
    pools: { ...pools },
    fallback: { ...fallback },
    journal: { ...journal },
    shutdownTimeoutMs,
  };
}

/** A copy of one group of options that holds credentials, safe to log. */
export function redactAccess(access: ResolvedAccess): Redacted {
  const { password, tls, ...others } = access;
  const plain = Object.entries(others).map(([key, value]): readonly [string, unknown] => [
    key,
    typeof value === 'function' ? value !== keepAddress : copyList(value),
  ]);
  return {
    ...Object.fromEntries(plain),
    password: password === null ? null : HIDDEN,
    tls: tls === null ? null : redactTls(tls),
  };
}

/** Says which TLS options are set. Only those that cannot hold a secret show their value. */
export function redactTls(tls: TlsOptions): Redacted {
  return Object.fromEntries(
    Object.entries(tls)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, SHOWN_TLS_OPTIONS.has(key) ? showPlain(value) : HIDDEN]),
  );
}

function showPlain(value: unknown): unknown {
  return typeof value === 'string' || typeof value === 'boolean' ? value : HIDDEN;
}

function copyList(value: unknown): unknown {
  return Array.isArray(value) ? value.map((item: unknown) => copyObject(item)) : value;
}

function copyObject(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? { ...value } : value;
}
