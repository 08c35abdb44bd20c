import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { readFlag } from '../base/options/index.js';
import type { EnvValues } from './env-values.js';
import { readFile } from './credentials.js';
import type { TlsFunction } from './tls-rule.js';

/** `REDIS_` for the data nodes, `REDIS_SENTINEL_` for the Sentinels. */
type TlsPrefix = 'REDIS_' | 'REDIS_SENTINEL_';

/** The files of one transport. */
type TlsFiles = Readonly<Partial<Record<'ca' | 'cert' | 'key', string>>>;

/**
 * The TLS options that the variables of one prefix describe; `undefined` when none is set.
 * Naming a file or a server switches TLS on, unless `…TLS` says no. Files are checked here, and read
 * again at each connection: certificates are replaced while the application runs.
 */
export function readTls(
  prefix: TlsPrefix,
  values: EnvValues,
): boolean | TlsOptions | TlsFunction | undefined {
  const isOn = readSwitch(`${prefix}TLS`, values);
  if (isOn === false) return false;
  const servername = values.get(`${prefix}TLS_SERVERNAME`)?.trim();
  const named: TlsOptions = servername === undefined ? {} : { servername };
  const files: TlsFiles = {
    ...fileOf('ca', `${prefix}TLS_CA_FILE`, values),
    ...fileOf('cert', `${prefix}TLS_CERT_FILE`, values),
    ...fileOf('key', `${prefix}TLS_KEY_FILE`, values),
  };
  checkPair(prefix, values);
  if (Object.keys(files).length > 0) return materialOf(files, named);
  return servername === undefined ? isOn : named;
}

// While files are being replaced one of them may be gone for a moment: then all of the last reading hold.
function materialOf(files: TlsFiles, named: TlsOptions): TlsFunction {
  let last = readAll(files);
  const load = (): TlsOptions => {
    last = readAll(files) ?? last;
    return { ...last, ...named };
  };
  return Object.assign(
    load,
    named.servername === undefined ? {} : { servername: named.servername },
  );
}

function readAll(files: TlsFiles): TlsOptions | null {
  const read = Object.entries(files).map(([key, path]) => [key, readFile(path)] as const);
  const texts = read.flatMap(([key, one]) => (one.ok ? [[key, one.text] as const] : []));
  return texts.length === read.length ? Object.fromEntries(texts) : null;
}

function readSwitch(variable: string, values: EnvValues): boolean | undefined {
  const raw = values.get(variable);
  if (raw === undefined) return undefined;
  const isOn = readFlag(raw);
  if (isOn === undefined) values.refuse(variable, raw, 'must be true or false', 'Set it to true');
  return isOn;
}

function fileOf(key: keyof TlsFiles, variable: string, values: EnvValues): TlsFiles {
  const path = values.get(variable)?.trim();
  if (path === undefined) return {};
  const read = readFile(path);
  if (read.ok) return { [key]: path };
  const remedy = 'Name a readable file in PEM format, not its content';
  values.refuse(variable, read.shown, read.reason, remedy);
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
