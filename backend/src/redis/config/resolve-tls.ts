import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Findings } from './findings.js';
import { isGiven } from './option-reader.js';
import { hideSecretsOf } from './seal-options.js';
import { redactTls } from './redact-options.js';

/**
 * `true` becomes Node's defaults, which verify certificates; an object is copied one level deep, so
 * that keys and certificates stay as they were given. Verification that is switched off gives a warning.
 */
export function resolveTls(path: string, value: unknown, findings: Findings): TlsOptions | null {
  if (value === undefined || value === false) return null;
  if (value !== true && !isGiven(value)) {
    const shown = typeof value === 'string' ? '(text)' : value;
    findings.refuse(
      path,
      shown,
      "must be true, false or an object of Node's TLS options",
      'Set it to true for TLS with the authorities of the system',
    );
    return null;
  }
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
}
