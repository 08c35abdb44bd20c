import type { ConnectionOptions as TlsOptions } from 'node:tls';
import {
  converted,
  HIDDEN,
  hideSecretsOf,
  isGiven,
  rule,
  type Rule,
} from '../base/options/index.js';

/** Suffixes of the variables that describe one TLS transport; the first switches it on or off. */
export const TLS_VARIABLES = [
  'TLS',
  'TLS_CA_FILE',
  'TLS_CERT_FILE',
  'TLS_KEY_FILE',
  'TLS_SERVERNAME',
] as const;

/** TLS options that are no secrets; all others are hidden. */
const SHOWN_OPTIONS = new Set([
  'servername',
  'rejectUnauthorized',
  'minVersion',
  'maxVersion',
  'ciphers',
]);

/**
 * `true` becomes Node's defaults, which verify certificates; an object is copied one level deep, so
 * that keys and certificates stay as they were given. Verification that is switched off gives a warning.
 */
export const tls: Rule<boolean | TlsOptions, TlsOptions | null> = converted(
  rule<boolean | TlsOptions>(
    "true, false or an object of Node's TLS options",
    (value) => typeof value === 'boolean' || isGiven(value),
    { shows: 'kind', remedy: 'Set it to true for TLS with the authorities of the system' },
  ),
  (value, path, findings) => {
    if (value === false) return null;
    const copy: TlsOptions = value === true ? {} : { ...value };
    if (copy.rejectUnauthorized === false) {
      findings.warn(
        `${path}.rejectUnauthorized`,
        false,
        'certificates are not verified, so anyone on the way can read and change the traffic',
        `Give the authority in ${path}.ca and leave rejectUnauthorized out`,
      );
    }
    return Object.freeze(hideSecretsOf(copy, redactTls));
  },
);

/** Says which TLS options are set. Only those that cannot hold a secret show their value. */
export function redactTls(options: TlsOptions): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, SHOWN_OPTIONS.has(key) ? showPlain(value) : HIDDEN]),
  );
}

function showPlain(value: unknown): unknown {
  return typeof value === 'string' || typeof value === 'boolean' ? value : HIDDEN;
}
