import { InvalidArgumentError } from '../base/errors/index.js';

// What libraries look at to find out whether they were given a client of ioredis, or options for one. ioredis itself
// reads all that is enumerable, inherited or not, from what it takes for options.
const READ_BY_LIBRARIES = [
  'Connector',
  'connect',
  'defineCommand',
  'disconnect',
  'duplicate',
  'options',
  'sendCommand',
] as const;

/**
 * Makes objects of this class refuse to be taken for a client of ioredis or for its options. Otherwise a
 * library would connect to a Redis on this machine, or fail much later with words of its own.
 */
export function refuseAsClient(prototype: object): void {
  for (const name of READ_BY_LIBRARIES) {
    Object.defineProperty(prototype, name, {
      enumerable: name === 'Connector',
      configurable: true,
      get: () => {
        throw refusal(name);
      },
      // Somebody who puts a double in its place knows what he does.
      set(this: object, value: unknown) {
        Object.defineProperty(this, name, { value, writable: true, configurable: true });
      },
    });
  }
}

function refusal(name: string): InvalidArgumentError {
  return new InvalidArgumentError({
    field: `RedisService.${name}`,
    value: 'read',
    message: 'does not exist: RedisService is neither a client of ioredis nor options for one',
    remedy:
      'Give the library redis.createClient(), or redis.connectionOptions() if it creates its clients itself',
  });
}
