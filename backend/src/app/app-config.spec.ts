import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppConfigError, readAppConfig } from './app-config.js';

describe('readAppConfig', () => {
  it('has a default for everything', () => {
    expect(readAppConfig({})).toEqual({
      host: '127.0.0.1',
      port: 3000,
      logLevel: 'info',
      database: { kind: 'embedded', folder: null },
      isSeeded: true,
      isRedisRequired: false,
      shutdownDelayMs: 0,
      loginAttemptsPerMinute: 20,
      requestsPerMinute: 0,
      trustedProxies: 0,
      isWarmedUp: true,
      isTraced: false,
      hotKeys: 'on',
      prices: { gigabyteMonth: 10, coreMonth: 20 },
    });
  });

  it('takes what is set to nothing as not set', () => {
    expect(readAppConfig({ PORT: '', DATABASE_URL: ' ', SEED: '' })).toEqual(readAppConfig({}));
  });

  it('inserts demonstration data in production only when it is told to', () => {
    expect(readAppConfig({ NODE_ENV: 'production' }).isSeeded).toBe(false);
    expect(readAppConfig({ NODE_ENV: 'production', SEED: 'true' }).isSeeded).toBe(true);
  });

  it.each([
    ['log', 'info'],
    ['verbose', 'trace'],
    ['WARN', 'warn'],
    ['fatal', 'fatal'],
  ])('understands the level %s as %s', (given, level) => {
    expect(readAppConfig({ LOG_LEVEL: given }).logLevel).toBe(level);
  });

  it.each([
    ['postgres://u:p@h:5432/d', { kind: 'server', url: 'postgres://u:p@h:5432/d' }],
    ['postgresql://h/d', { kind: 'server', url: 'postgresql://h/d' }],
  ])('takes %s for a server', (url, database) => {
    expect(readAppConfig({ DATABASE_URL: url }).database).toEqual(database);
  });

  it('takes the password of the database from a file, where the address has none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'database-password-'));
    const file = join(folder, 'password');
    writeFileSync(file, 'a/b+c=@:\n');
    const databaseOf = (url: string) =>
      readAppConfig({ DATABASE_URL: url, DATABASE_PASSWORD_FILE: file }).database;
    const encoded = 'postgres://u:a%2Fb%2Bc%3D%40%3A@h:5432/d';
    expect(databaseOf('postgres://u@h:5432/d')).toEqual({ kind: 'server', url: encoded });
    expect(databaseOf('postgres://u:own@h/d')).toEqual({
      kind: 'server',
      url: 'postgres://u:own@h/d',
    });
    rmSync(folder, { recursive: true });
    expect(() => databaseOf('postgres://u@h/d')).toThrow(/DATABASE_PASSWORD_FILE .*ENOENT/);
  });

  it.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://collector:4318/v1/traces' }, true],
    [{ OTEL_TRACES_EXPORTER: 'otlp' }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', OTEL_TRACES_EXPORTER: 'none' }, false],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'true' }, false],
  ])('takes the standard variables of OpenTelemetry: %j', (env, isTraced) => {
    expect(readAppConfig(env).isTraced).toBe(isTraced);
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '3e3'],
    ['LOG_LEVEL', 'loud'],
    ['SEED', 'perhaps'],
    ['REDIS_REQUIRED', '2'],
    ['SHUTDOWN_DELAY_MS', '120001'],
    ['WARM_UP', 'a bit'],
    ['HOT_KEYS', 'sometimes'],
    ['OTEL_TRACES_EXPORTER', 'jaeger'],
    ['PRICE_CORE_MONTH', '-1'],
    ['PRICE_GIGABYTE_MONTH', '1e3'],
    ['LOGIN_ATTEMPTS_PER_MINUTE', '0'],
    ['REQUESTS_PER_MINUTE', '-1'],
    ['TRUSTED_PROXIES', 'true'],
    ['DATABASE_URL', 'mysql://h/d'],
    ['DATABASE_URL', 'postgres://'],
  ])('refuses %s = %s by name', (name, value) => {
    expect(() => readAppConfig({ [name]: value })).toThrow(AppConfigError);
    expect(() => readAppConfig({ [name]: value })).toThrow(name);
  });

  it('does not show an address that it refuses: a password may be in it', () => {
    expect(() => readAppConfig({ DATABASE_URL: 'mysql://u:planted@h/d' })).not.toThrow('planted');
  });
});
