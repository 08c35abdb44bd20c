// @ts-check
// A Nest application over a built package of the library, which may be an older one than this program.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * @typedef {typeof import('../../backend/src/redis/index.js')} Library
 * @typedef {typeof import('../../backend/src/redis/health/index.js')} Health
 * @typedef {typeof import('../../backend/src/redis/metrics/index.js')} Metrics
 */

/** @typedef {Awaited<ReturnType<typeof openApplication>>} Application */

const NEAR_MS = 3_600_000;

/**
 * Opens an application on the Redis at a port, with what the walks need.
 * @param {string} folder of the package: what `npm run build` makes in dist/lib
 * @param {number} port
 */
export async function openApplication(folder, port) {
  const packages = packagesOf(folder);
  /** @type {[Library, Health, Metrics]} */
  const [main, health, metrics] = await Promise.all([
    packages.entrance('.'),
    packages.entrance('./health'),
    packages.entrance('./metrics'),
  ]);
  /** @type {typeof import('@nestjs/core')} */
  const { NestFactory } = await packages.peer('@nestjs/core');
  /** @type {typeof import('prom-client')} */
  const { Registry } = await packages.peer('prom-client');
  const registry = new Registry();
  const root = {
    module: class CountedModule {},
    imports: [
      main.RedisModule.forRoot({ mode: 'standalone', host: '127.0.0.1', port }),
      main.SessionModule.forRoot(),
      health.RedisHealthModule.forRoot(),
      metrics.RedisMetricsModule.forRoot({ registry }),
    ],
  };
  const context = await NestFactory.createApplicationContext(root, { logger: ['error'] });
  const redis = context.get(main.RedisService);
  const cache = context.get(main.RedisCache);
  const sessions = context.get(main.SessionService);
  const near = cache.namespace('near', { nearMs: NEAR_MS, ttlMs: NEAR_MS });
  const keys = { text: 'text', value: 'value' };
  await redis.set(keys.text, 'some text');
  await cache.set(keys.value, 'some text', { ttlMs: NEAR_MS });
  await near.set(keys.value, 'some text');
  const { token } = await sessions.create({ userId: 'ann', data: { roles: ['editor'] } });
  return {
    /** Where the files are that count. */
    folder: packages.files,
    redis,
    cache,
    near,
    sessions,
    probes: context.get(health.RedisHealthProbes),
    registry,
    keys,
    token,
    close: () => context.close(),
  };
}

/**
 * Imports the entrances of a package by its manifest, and its peers as the package itself sees them: a second copy of
 * Nest would not know the tokens of the first.
 * @param {string} folder
 */
function packagesOf(folder) {
  const manifest = join(folder, 'package.json');
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8'));
  const fileOf = (/** @type {string} */ entrance) => join(folder, exports[entrance].import.default);
  const { resolve } = createRequire(manifest);
  const load = (/** @type {string} */ file) => import(pathToFileURL(file).href);
  // The code itself, of which the entrances for `import` only pass on the names; older versions have two copies.
  const code =
    exports['.']['module-sync'] === undefined
      ? exports['.'].require.default
      : exports['.'].import.default;
  return {
    files: dirname(join(folder, code)),
    entrance: (/** @type {string} */ name) => load(fileOf(name)),
    peer: (/** @type {string} */ name) => load(resolve(name)),
  };
}
