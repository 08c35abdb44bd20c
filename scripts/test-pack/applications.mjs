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
const OPTIONAL_PEERS = { '@liaoliaots/nestjs-redis': '^10.0.0', 'prom-client': '^15.0.0' };

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

/**
 * ioredis 5: version 0.62 of the instrumentation, which runs on Node 20, does not know ioredis 6.
 * @type {Application}
 */
export const TRACED = {
  name: 'nest12-cjs-traced',
  type: 'commonjs',
  dependencies: {
    ...NEST_12_ALONE,
    ioredis: '^5.11.0',
    '@opentelemetry/api': '^1.9.0',
    '@opentelemetry/context-async-hooks': '^2.0.0',
    '@opentelemetry/instrumentation': '^0.214.0',
    '@opentelemetry/instrumentation-ioredis': '0.62.0',
    '@opentelemetry/sdk-trace-base': '^2.0.0',
  },
};

/**
 * With everything that the examples of the pages import.
 * @type {Application}
 */
export const OF_EXAMPLES = {
  name: 'of-the-examples',
  type: 'module',
  dependencies: {
    ...nest('12', 'terminus', 'testing', 'cache-manager'),
    ...OPTIONAL_PEERS,
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
  },
  overrides: OVERRIDES,
};

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
