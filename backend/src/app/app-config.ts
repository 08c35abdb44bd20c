import { readFileSync } from 'node:fs';
import type { HotKeyLevel } from '../redis/index.js';
import type { Prices } from './cost/cost.js';
import { LOG_LEVELS, readLogLevel, type AppLogLevel } from './logging/log-level.js';

type Environment = Readonly<Record<string, string | undefined>>;

const HOT_KEY_LEVELS: readonly HotKeyLevel[] = ['off', 'watch', 'on'];

/** Where the sample backend stores its rows. */
export type DatabaseConfig =
  | { readonly kind: 'embedded'; readonly folder: string | null }
  | { readonly kind: 'server'; readonly url: string };

/** The options of the application from the environment; the library reads its own variables. */
export interface AppConfig {
  readonly host: string;
  readonly port: number;
  readonly logLevel: AppLogLevel;
  readonly database: DatabaseConfig;
  readonly isSeeded: boolean;
  readonly isRedisRequired: boolean;
  readonly shutdownDelayMs: number;
  readonly loginAttemptsPerMinute: number;
  /** What one client may ask of all processes together; 0: as much as it likes. */
  readonly requestsPerMinute: number;
  /** How many proxies stand before it, each of which adds the address that it sees to `X-Forwarded-For`. */
  readonly trustedProxies: number;
  readonly isWarmedUp: boolean;
  /** Whether the standard variables of OpenTelemetry ask for traces. */
  readonly isTraced: boolean;
  /** What is done about hot keys of the catalogue. */
  readonly hotKeys: HotKeyLevel;
  readonly prices: Prices;
}

/** The injection token of the {@link AppConfig}. */
export const APP_CONFIG = Symbol('AppConfig');

/** A variable has a value that cannot be used. The message names the variable. */
export class AppConfigError extends Error {
  override readonly name = 'AppConfigError';
}

/** Reads the variables of `docs/sample-backend.md`. */
export function readAppConfig(env: Environment): AppConfig {
  return {
    host: textOf(env['HOST']) ?? '127.0.0.1',
    port: wholeNumber(env, 'PORT', { least: 0, most: 65_535, fallback: 3000 }),
    logLevel: levelOf(textOf(env['LOG_LEVEL']) ?? 'info'),
    database: readDatabase(env),
    isSeeded: flag(env, 'SEED', env['NODE_ENV'] !== 'production'),
    isRedisRequired: flag(env, 'REDIS_REQUIRED', false),
    shutdownDelayMs: wholeNumber(env, 'SHUTDOWN_DELAY_MS', {
      least: 0,
      most: 120_000,
      fallback: 0,
    }),
    loginAttemptsPerMinute: wholeNumber(env, 'LOGIN_ATTEMPTS_PER_MINUTE', {
      least: 1,
      most: 1_000_000,
      fallback: 20,
    }),
    requestsPerMinute: wholeNumber(env, 'REQUESTS_PER_MINUTE', {
      least: 0,
      most: 100_000_000,
      fallback: 0,
    }),
    trustedProxies: wholeNumber(env, 'TRUSTED_PROXIES', { least: 0, most: 10, fallback: 0 }),
    isWarmedUp: flag(env, 'WARM_UP', true),
    isTraced: isTraced(env),
    hotKeys: hotKeysOf(textOf(env['HOT_KEYS']) ?? 'on'),
    prices: {
      gigabyteMonth: price(env, 'PRICE_GIGABYTE_MONTH', 10),
      coreMonth: price(env, 'PRICE_CORE_MONTH', 20),
    },
  };
}

function hotKeysOf(text: string): HotKeyLevel {
  const level = HOT_KEY_LEVELS.find((one) => one === text);
  if (level !== undefined) return level;
  throw new AppConfigError(`HOT_KEYS = "${text}": it is one of ${HOT_KEY_LEVELS.join(', ')}`);
}

function levelOf(text: string): AppLogLevel {
  const level = readLogLevel(text);
  if (level !== null) return level;
  throw new AppConfigError(`LOG_LEVEL = "${text}": it is one of ${LOG_LEVELS.join(', ')}`);
}

function readDatabase(env: Environment): DatabaseConfig {
  const url = textOf(env['DATABASE_URL']);
  if (url === null) return { kind: 'embedded', folder: textOf(env['PGLITE_DIR']) };
  // The value is not shown: it holds a password.
  if (/^postgres(ql)?:\/\/./.test(url) && URL.canParse(url)) {
    return { kind: 'server', url: withPassword(url, textOf(env['DATABASE_PASSWORD_FILE'])) };
  }
  throw new AppConfigError(
    'DATABASE_URL is not the address of a Postgres, such as postgres://user:password@host:5432/name',
  );
}

// A password in the address is meant for it, and the file then for another one.
function withPassword(url: string, file: string | null): string {
  const address = new URL(url);
  if (file === null || address.password !== '') return url;
  try {
    address.password = encodeURIComponent(readFileSync(file, 'utf8').replace(/\r?\n$/, ''));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new AppConfigError(`DATABASE_PASSWORD_FILE = "${file}": it cannot be read (${code})`);
  }
  return address.href;
}

function flag(env: Environment, name: string, fallback: boolean): boolean {
  const text = textOf(env[name]);
  if (text === null) return fallback;
  if (['true', '1', 'yes', 'on'].includes(text.toLowerCase())) return true;
  if (['false', '0', 'no', 'off'].includes(text.toLowerCase())) return false;
  throw new AppConfigError(`${name} = "${text}": it is true or false`);
}

function wholeNumber(
  env: Environment,
  name: string,
  { least, most, fallback }: { least: number; most: number; fallback: number },
): number {
  const text = textOf(env[name]);
  if (text === null) return fallback;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new AppConfigError(
    `${name} = "${text}": it is a whole number from ${least} to ${most}, for example ${fallback}`,
  );
}

function price(env: Environment, name: string, fallback: number): number {
  const text = textOf(env[name]);
  if (text === null) return fallback;
  if (/^\d{1,6}(\.\d{1,6})?$/.test(text)) return Number(text);
  throw new AppConfigError(
    `${name} = "${text}": it is a number of dollars, for example ${fallback} or 9.98`,
  );
}

// An empty variable counts as not set: that is how Compose files leave one out.
function textOf(value: string | undefined): string | null {
  const text = value?.trim() ?? '';
  return text === '' ? null : text;
}

// As the SDK of OpenTelemetry reads them: an endpoint, or an exporter, is enough.
function isTraced(env: Environment): boolean {
  if (flag(env, 'OTEL_SDK_DISABLED', false)) return false;
  const exporter = textOf(env['OTEL_TRACES_EXPORTER']);
  if (exporter !== null && exporter !== 'otlp' && exporter !== 'none') {
    throw new AppConfigError(`OTEL_TRACES_EXPORTER = "${exporter}": it is otlp or none`);
  }
  if (exporter !== null) return exporter === 'otlp';
  const endpoints = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  return endpoints.some((name) => textOf(env[name]) !== null);
}
