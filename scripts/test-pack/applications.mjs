// @ts-check
// The applications into which the package is installed: versions of NestJS and ioredis, module format, optional peers.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at } from '../lib/paths.mjs';

/**
 * @typedef {object} Application
 * @property {string} name
 * @property {'module' | 'commonjs'} type
 * @property {Record<string, string>} dependencies without the library
 * @property {Record<string, unknown>} [overrides]
 */

const CONSUMER = at('backend', 'test', 'packaging', 'consumer');

const TOOLS = { typescript: '6.0.3', '@types/node': '^20.19.0' };

/**
 * @param {string} version
 * @param {string[]} more
 * @returns {Record<string, string>}
 */
function nest(version, ...more) {
  const names = ['common', 'core', 'platform-express', ...more];
  return {
    ...Object.fromEntries(names.map((name) => [`@nestjs/${name}`, `^${version}.0.0`])),
    'reflect-metadata': '^0.2.2',
    rxjs: '^7.8.2',
  };
}

const NEST_12_ALONE = nest('12');
const NEST_12 = nest('12', 'terminus');
const NEST_11 = nest('11', 'terminus');

/** @type {Application[]} */
export const WITH_TERMINUS = [
  { name: 'nest12-esm', type: 'module', dependencies: { ...NEST_12, ioredis: '^6.0.0' } },
  { name: 'nest12-cjs', type: 'commonjs', dependencies: { ...NEST_12, ioredis: '^6.0.0' } },
  {
    name: 'nest12-cjs-ioredis5',
    type: 'commonjs',
    dependencies: { ...NEST_12, ioredis: '^5.4.0' },
  },
  {
    name: 'nest11-cjs-ioredis5.4',
    type: 'commonjs',
    dependencies: { ...NEST_11, ioredis: '5.4.0' },
  },
  {
    name: 'nest11-cjs-ioredis6',
    type: 'commonjs',
    dependencies: { ...NEST_11, ioredis: '^6.0.0' },
  },
];

/** @type {Application} */
export const WITHOUT_OPTIONAL_PEERS = {
  name: 'nest12-without-optional-peers',
  type: 'module',
  dependencies: { ...NEST_12_ALONE, ioredis: '^6.0.0' },
};

// What the document says of @liaoliaots/nestjs-redis, which asks for Nest 10 and ioredis 5.
const OVERRIDES = {
  '@liaoliaots/nestjs-redis': {
    '@nestjs/common': '$@nestjs/common',
    '@nestjs/core': '$@nestjs/core',
    ioredis: '$ioredis',
  },
};
const OPTIONAL_PEERS = {
  '@liaoliaots/nestjs-redis': '^10.0.0',
  '@opentelemetry/api': '^1.9.0',
  'prom-client': '^15.0.0',
};

/** @type {Application[]} */
export const WITH_OPTIONAL_PEERS = [
  {
    name: 'nest12-esm-optional',
    type: 'module',
    dependencies: { ...NEST_12, ioredis: '^6.0.0', ...OPTIONAL_PEERS },
    overrides: OVERRIDES,
  },
  {
    name: 'nest12-cjs-optional',
    type: 'commonjs',
    dependencies: { ...NEST_12, ioredis: '^6.0.0', ...OPTIONAL_PEERS },
    overrides: OVERRIDES,
  },
  {
    name: 'nest11-cjs-optional-ioredis5.4',
    type: 'commonjs',
    dependencies: { ...NEST_11, ioredis: '5.4.0', ...OPTIONAL_PEERS },
    overrides: OVERRIDES,
  },
];

// The line of the SDK that runs on Node 20 too.
const SDK = {
  '@opentelemetry/api': '1.9.1',
  '@opentelemetry/context-async-hooks': '^2.0.0',
  '@opentelemetry/exporter-trace-otlp-http': '^0.223.0',
  '@opentelemetry/sdk-trace-base': '^2.0.0',
};

/** @type {Application[]} */
export const TRACED = ['^5.11.0', '^6.0.0'].map((ioredis) => ({
  name: `nest12-cjs-traced-ioredis${ioredis[1]}`,
  type: 'commonjs',
  dependencies: {
    ...NEST_12_ALONE,
    ioredis,
    '@opentelemetry/api': '^1.9.0',
    '@opentelemetry/context-async-hooks': '^2.0.0',
    '@opentelemetry/instrumentation': '^0.223.0',
    '@opentelemetry/instrumentation-ioredis': '0.71.0',
    '@opentelemetry/sdk-trace-base': '^2.0.0',
  },
}));

// @nest-lab/throttler-storage-redis says that it wants Nest 11 at most, and works with 12.
const THROTTLER_OVERRIDES = {
  '@nest-lab/throttler-storage-redis': {
    '@nestjs/common': '$@nestjs/common',
    '@nestjs/core': '$@nestjs/core',
  },
};
const CONSUMERS = {
  '@nest-lab/throttler-storage-redis': '1.2.0',
  '@nestjs/throttler': '6.7.1',
  '@socket.io/redis-adapter': '8.3.0',
  'rate-limiter-flexible': '11.4.0',
  redlock: '5.0.0-beta.2',
  'socket.io': '4.8.4',
};

/**
 * With the libraries of docs/connections.md that take a raw client, or make one.
 * @type {Application[]}
 */
export const WITH_CONSUMERS = [
  {
    name: 'nest12-esm-consumers',
    type: 'module',
    dependencies: {
      ...nest('12', 'microservices'),
      ...CONSUMERS,
      bullmq: '6.7.0',
      ioredis: '^6.0.0',
    },
    overrides: THROTTLER_OVERRIDES,
  },
  {
    name: 'nest11-cjs-consumers-ioredis5',
    type: 'commonjs',
    dependencies: {
      ...nest('11', 'microservices'),
      ...CONSUMERS,
      bullmq: '5.81.5',
      ioredis: '^5.4.0',
    },
  },
];

/**
 * With everything that the examples of the pages import; Nest 11 for what differs there.
 * @type {{ application: Application, page?: string }[]}
 */
export const OF_EXAMPLES = [
  {
    application: {
      name: 'nest12-examples',
      type: 'module',
      dependencies: {
        ...nest('12', 'terminus', 'testing', 'cache-manager', 'bullmq', 'microservices'),
        ...OPTIONAL_PEERS,
        ...CONSUMERS,
        bullmq: '6.7.0',
        ioredis: '^6.0.0',
        '@electric-sql/pglite': '^0.5.0',
        '@fastify/cookie': '^11.0.0',
        '@fastify/session': '^11.0.0',
        '@types/express': '^5.0.0',
        '@types/express-session': '^1.19.0',
        '@types/jest': '^30.0.0',
        'cache-manager': '^7.0.0',
        'express-session': '^1.19.0',
        fastify: '^5.0.0',
        keyv: '^5.0.0',
        ...SDK,
      },
      overrides: { ...OVERRIDES, ...THROTTLER_OVERRIDES },
    },
  },
  {
    page: 'docs/cache.md',
    application: {
      name: 'nest11-examples',
      type: 'module',
      dependencies: {
        ...nest('11'),
        ioredis: '^5.4.0',
        '@nestjs/cache-manager': '^3.1.0',
        '@types/jest': '^30.0.0',
        'cache-manager': '^7.0.0',
        keyv: '^5.0.0',
      },
    },
  },
];

/** @type {Application} */
export const LINKED = {
  name: 'linked-folder',
  type: 'module',
  dependencies: { ...NEST_12, ioredis: '^6.0.0' },
};

/**
 * Applications that have NestJS only: a command of the page brings the library, with what the page names beside it.
 * @type {{ page: string, application: Application }[]}
 */
export const OF_PAGES = [
  {
    page: 'README.md',
    application: { name: 'from-readme', type: 'module', dependencies: NEST_12 },
  },
  {
    page: 'docs/quick-start.md',
    application: {
      name: 'from-quick-start',
      type: 'module',
      dependencies: NEST_12_ALONE,
    },
  },
];

/**
 * Writes an application into a folder of its own, with the library as a dependency if it is given.
 * @param {string} scratch
 * @param {Application} application
 * @param {string} [library]
 */
export function makeFolder(scratch, { name, type, dependencies, overrides }, library) {
  const folder = join(scratch, name);
  mkdirSync(folder);
  cpSync(CONSUMER, folder, { recursive: true });
  const all =
    library === undefined ? dependencies : { ...dependencies, 'nestjs-redis-ha': library };
  const manifest = { name, private: true, type, dependencies: all, devDependencies: TOOLS };
  const text = JSON.stringify({ ...manifest, overrides }, null, 2);
  writeFileSync(join(folder, 'package.json'), `${text}\n`);
  return folder;
}
