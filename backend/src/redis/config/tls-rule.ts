import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { ConfigInvalidError } from '../base/errors/index.js';
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

/** Returns the TLS options that hold now. Called at each connection. */
export type TlsFunction = () => TlsOptions | Promise<TlsOptions>;

/** The server name that a function of TLS options gives, where that is known beforehand. */
interface Named {
  readonly servername?: string;
}

/** A function that returns TLS options, and fails without showing any of them. */
export type TlsMaterial = (() => Promise<TlsOptions>) & Named;

/**
 * `true` becomes Node's defaults, which verify certificates; an object is copied one level deep, so
 * that keys and certificates stay as they were given; a function is called later. Verification that is switched off gives a warning.
 */
export const tls: Rule<boolean | TlsOptions | TlsFunction, TlsOptions | TlsMaterial | null> =
  converted(
    rule<boolean | TlsOptions | TlsFunction>(
      "true, false, an object of Node's TLS options or a function that returns them",
      (value) => typeof value === 'boolean' || typeof value === 'function' || isGiven(value),
      { shows: 'kind', remedy: 'Set it to true for TLS with the authorities of the system' },
    ),
    (value, path, findings) => {
      if (value === false) return null;
      if (typeof value === 'function') return safely(value, path);
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

// What it throws may hold a key.
function safely(load: TlsFunction & Named, path: string): TlsMaterial {
  const refusal = (message: string): ConfigInvalidError => {
    const remedy = "Return an object of Node's TLS options, or a promise of it";
    return new ConfigInvalidError([{ field: path, value: HIDDEN, message, remedy }]);
  };
  const safe = async (): Promise<TlsOptions> => {
    let options: unknown;
    try {
      options = await load();
    } catch (error) {
      const kind = error instanceof Error ? error.name : typeof error;
      throw refusal(`failed with ${kind}, whose message is not shown`);
    }
    if (!isGiven(options)) throw refusal('returned something else than TLS options');
    return options;
  };
  return Object.assign(safe, load.servername === undefined ? {} : { servername: load.servername });
}

/** Says which TLS options are set. Only those that cannot hold a secret show their value. */
export function redactTls(options: TlsOptions | TlsMaterial): Readonly<Record<string, unknown>> {
  if (typeof options === 'function') {
    const { servername } = options;
    return { byFunction: true, ...(servername !== undefined && { servername }) };
  }
  return Object.fromEntries(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, SHOWN_OPTIONS.has(key) ? showPlain(value) : HIDDEN]),
  );
}

function showPlain(value: unknown): unknown {
  return typeof value === 'string' || typeof value === 'boolean' ? value : HIDDEN;
}
