import { Inject, type Provider } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { ConfigInvalidError } from '../base/errors/index.js';
import { DEFAULT_CONNECTION } from '../config/index.js';
import { RedisCache } from '../cache/index.js';
import { RedisKeyspaces } from '../engine/index.js';
import { RedisService } from './redis.service.js';

/** Returns the injection token of a connection: for the default one the class itself. */
export function redisToken(name: string = DEFAULT_CONNECTION): symbol | typeof RedisService {
  return name === DEFAULT_CONNECTION ? RedisService : tokenOf('RedisService', name);
}

/** Injects the connection of this name: `constructor(@InjectRedis('sessions') redis: RedisService)`. */
export function InjectRedis(name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(redisToken(name));
}

/** Returns the injection token of the cache of a connection: for the default one the class itself. */
export function redisCacheToken(name: string = DEFAULT_CONNECTION): symbol | typeof RedisCache {
  return name === DEFAULT_CONNECTION ? RedisCache : tokenOf('RedisCache', name);
}

/** Injects the cache of the connection of this name. */
export function InjectRedisCache(name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(redisCacheToken(name));
}

/** Returns the injection token of the {@link RedisKeyspaces} of a connection. */
export function redisKeyspacesToken(
  name: string = DEFAULT_CONNECTION,
): symbol | typeof RedisKeyspaces {
  return name === DEFAULT_CONNECTION ? RedisKeyspaces : tokenOf('RedisKeyspaces', name);
}

const ENGINE = 'nestjs-redis-ha.engine.';

/** @internal Returns the injection token of the engine of a connection. */
export function engineToken(name: string): symbol {
  return Symbol.for(`${ENGINE}${name}`);
}

/** @internal The names of the connections that the modules of an application register. */
export function connectionsIn(modules: ModulesContainer): Set<string> {
  const tokens = [...modules.values()].flatMap(({ providers }) => [...providers.keys()]);
  const texts = tokens.map((token) => (typeof token === 'symbol' ? String(token.description) : ''));
  const engines = texts.filter((text) => text.startsWith(ENGINE));
  return new Set(engines.map((text) => text.slice(ENGINE.length)));
}

/** @internal Returns the injection token of the checked options of a connection. */
export function resolutionToken(name: string): symbol {
  return Symbol.for(`nestjs-redis-ha.options.${name}`);
}

// Nest shows it when nothing is registered under it, so it says how that is done.
function tokenOf(what: string, name: string): symbol {
  return Symbol.for(`${what} of RedisModule.forRoot(options, { name: '${name}' })`);
}

/** What to throw when a module needs a connection that it cannot see. */
export function noConnection(field: string, name: string = DEFAULT_CONNECTION): ConfigInvalidError {
  return new ConfigInvalidError([
    {
      field,
      value: name,
      message: 'no connection of this name is registered where this module can see it',
      remedy: 'Register it with RedisModule.forRoot(…), or import its module if it is not global',
    },
  ]);
}

/** @internal Returns the token under which each module that `forRoot()` makes says so. */
export function registeredToken(module: string): symbol {
  return Symbol.for(`nestjs-redis-ha.registered.${module}`);
}

/** @internal One of the providers of each module that `forRoot()` or `forRootAsync()` makes. */
export function byForRoot(module: string): Provider {
  return { provide: registeredToken(module), useValue: true };
}

/**
 * @internal Throws when a module is imported and `forRoot()` was called nowhere: Nest takes it for a module with
 * nothing in it, and what is missed then names no reason. Beside a call elsewhere the import is harmless.
 */
export function refuseBare(module: string, modules: ModulesContainer): void {
  const token = registeredToken(module);
  if ([...modules.values()].some(({ providers }) => providers.has(token))) return;
  throw new ConfigInvalidError([
    {
      field: 'imports',
      value: module,
      message: 'is imported without a call of forRoot, and registers nothing',
      remedy: `Write imports: [${module}.forRoot()]`,
    },
  ]);
}
