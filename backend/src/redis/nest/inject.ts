import { Inject } from '@nestjs/common';
import { DEFAULT_CONNECTION } from '../config/index.js';
import { RedisCache } from '../cache/index.js';
import { RedisKeyspaces } from '../engine/index.js';
import { RedisService } from './redis.service.js';

/** Returns the injection token of a connection: for the default one the class itself. */
export function redisToken(name: string = DEFAULT_CONNECTION): symbol | typeof RedisService {
  return name === DEFAULT_CONNECTION
    ? RedisService
    : Symbol.for(`nestjs-redis-ha.connection.${name}`);
}

/** Injects the connection of this name: `constructor(@InjectRedis('sessions') redis: RedisService)`. */
export function InjectRedis(name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(redisToken(name));
}

/** Returns the injection token of the cache of a connection: for the default one the class itself. */
export function redisCacheToken(name: string = DEFAULT_CONNECTION): symbol | typeof RedisCache {
  return name === DEFAULT_CONNECTION ? RedisCache : Symbol.for(`nestjs-redis-ha.cache.${name}`);
}

/** Injects the cache of the connection of this name. */
export function InjectRedisCache(name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(redisCacheToken(name));
}

/** Returns the injection token of the {@link RedisKeyspaces} of a connection. */
export function redisKeyspacesToken(
  name: string = DEFAULT_CONNECTION,
): symbol | typeof RedisKeyspaces {
  return name === DEFAULT_CONNECTION
    ? RedisKeyspaces
    : Symbol.for(`nestjs-redis-ha.keyspaces.${name}`);
}

/** @internal Returns the injection token of the engine of a connection. */
export function engineToken(name: string): symbol {
  return Symbol.for(`nestjs-redis-ha.engine.${name}`);
}

/** @internal Returns the injection token of the checked options of a connection. */
export function resolutionToken(name: string): symbol {
  return Symbol.for(`nestjs-redis-ha.options.${name}`);
}
