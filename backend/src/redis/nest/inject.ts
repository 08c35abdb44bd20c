import { Inject } from '@nestjs/common';
import { DEFAULT_CONNECTION } from '../config/index.js';
import { RedisCache } from '../cache/index.js';
import { RedisKeyspaces } from '../engine/index.js';
import { RedisService } from './redis.service.js';

/** The injection token of a connection. That of the default one is the class itself. */
export function redisToken(name: string = DEFAULT_CONNECTION): symbol | typeof RedisService {
  return name === DEFAULT_CONNECTION
    ? RedisService
    : Symbol.for(`nestjs-redis-ha.connection.${name}`);
}

/** Injects the connection of that name: `constructor(@InjectRedis('sessions') redis: RedisService)`. */
export function InjectRedis(name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(redisToken(name));
}

/** The injection token of the cache of a connection. That of the default one is the class itself. */
export function redisCacheToken(name: string = DEFAULT_CONNECTION): symbol | typeof RedisCache {
  return name === DEFAULT_CONNECTION ? RedisCache : Symbol.for(`nestjs-redis-ha.cache.${name}`);
}

/** Injects the cache of the connection of that name. */
export function InjectRedisCache(name?: string): ParameterDecorator & PropertyDecorator {
  return Inject(redisCacheToken(name));
}

/** The injection token of what opens keyspaces on a connection. */
export function redisKeyspacesToken(
  name: string = DEFAULT_CONNECTION,
): symbol | typeof RedisKeyspaces {
  return name === DEFAULT_CONNECTION
    ? RedisKeyspaces
    : Symbol.for(`nestjs-redis-ha.keyspaces.${name}`);
}

/** @internal The engine behind all of them. */
export function engineToken(name: string): symbol {
  return Symbol.for(`nestjs-redis-ha.engine.${name}`);
}
