import { readFileSync } from 'node:fs';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { isGiven, readFlag } from '../base/options/index.js';
import type { EnvValues } from './env-values.js';

/** `REDIS_` for the data nodes, `REDIS_SENTINEL_` for the Sentinels. */
type TlsPrefix = 'REDIS_' | 'REDIS_SENTINEL_';

/**
 * The TLS options that the variables of one prefix describe; `undefined` when none is set.
 * Naming a file or a server switches TLS on, unless `…TLS` says no. Files are read here, once.
 */
export function readTls(prefix: TlsPrefix, values: EnvValues): boolean | TlsOptions | undefined {
  const isOn = readSwitch(`${prefix}TLS`, values);
  if (isOn === false) return false;
  const servername = values.get(`${prefix}TLS_SERVERNAME`)?.trim();
  const options: TlsOptions = {
    ...material('ca', `${prefix}TLS_CA_FILE`, values),
    ...material('cert', `${prefix}TLS_CERT_FILE`, values),
    ...material('key', `${prefix}TLS_KEY_FILE`, values),
    ...(servername !== undefined && { servername }),
  };
  checkPair(prefix, values);
  if (Object.keys(options).length > 0) return options;
  return isOn;
}

function readSwitch(variable: string, values: EnvValues): boolean | undefined {
  const raw = values.get(variable);
  if (raw === undefined) return undefined;
  const isOn = readFlag(raw);
  if (isOn === undefined) values.refuse(variable, raw, 'must be true or false', 'Set it to true');
  return isOn;
}

function material(key: 'ca' | 'cert' | 'key', variable: string, values: EnvValues): TlsOptions {
  const path = values.get(variable)?.trim();
  if (path === undefined) return {};
  try {
    const content = readFileSync(path, 'utf8');
    if (content.trim() !== '') return { [key]: content };
    values.refuse(variable, path, 'names an empty file', 'Name a file in PEM format');
  } catch (error) {
    // Only the code: the message repeats the text of the variable, which may be the key itself.
    const code = isGiven(error) ? String(error['code']) : 'unknown reason';
    values.refuse(
      variable,
      path,
      `names a file that cannot be read (${code})`,
      'Name a readable file in PEM format, not its content',
    );
  }
  return {};
}

function checkPair(prefix: TlsPrefix, values: EnvValues): void {
  const [cert, key] = [`${prefix}TLS_CERT_FILE`, `${prefix}TLS_KEY_FILE`];
  const missing = [cert, key].filter((variable) => values.get(variable) === undefined);
  const [only] = missing;
  if (missing.length !== 1 || only === undefined) return;
  const other = only === cert ? key : cert;
  values.refuse(only, undefined, `is missing while ${other} is set`, 'Set both, or neither');
}
