import { Inject } from '@nestjs/common';
import { DEFAULT_CONNECTION } from './config/index.js';
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
