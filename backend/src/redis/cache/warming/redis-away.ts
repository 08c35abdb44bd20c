import { RedisHaError } from '../../base/errors/index.js';

/** Whether it is an error of Redis, and not one of the code: a warm-up waits until Redis is back. */
export function isRedisAway(error: unknown): boolean {
  return RedisHaError.is(error) && error.code !== 'INVALID_ARGUMENT';
}
