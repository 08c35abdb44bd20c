import { InvalidArgumentError } from '../base/errors/index.js';
import { intentOf, refusal } from '../commands/index.js';

const CLIENT = 'Give redis.createClient() to a library that needs an ioredis client';
const LISTENER = 'redis.on(type, listener) returns a function that removes the listener';

/** What clients of ioredis have, and what is used instead. */
const OF_CLIENTS: Readonly<Record<string, string>> = {
  addListener: LISTENER,
  connect: 'Connections open by themselves; redis.whenReady() waits for the first',
  defineCommand: 'Use redis.script({ lua })',
  disconnect: 'Connections are closed when the application shuts down',
  duplicate: CLIENT,
  emit: LISTENER,
  end: 'Connections are closed when the application shuts down',
  off: LISTENER,
  once: LISTENER,
  removeAllListeners: LISTENER,
  removeListener: LISTENER,
};

/** Commands without a method, because they change the state of a connection that all callers share. */
const OF_CONNECTIONS = [
  'auth',
  'discard',
  'exec',
  'hello',
  'monitor',
  'psubscribe',
  'punsubscribe',
  'quit',
  'reset',
  'select',
  'sunsubscribe',
  'unsubscribe',
  'unwatch',
  'wait',
  'waitaof',
  'watch',
];

/**
 * Adds to a prototype the methods that clients of ioredis have and it has not. Each says what to use instead. A program
 * without types gets more than "is not a function", and a library that takes the object for a client is told so at its
 * first call.
 */
export function refuseMethodsOfClients(prototype: object): void {
  for (const [name, remedy] of Object.entries(OF_CLIENTS)) {
    define(prototype, name, () => {
      const message = 'is a method of ioredis clients, and RedisService is none';
      throw new InvalidArgumentError({
        field: `redis.${name}`,
        value: '(a call)',
        message,
        remedy,
      });
    });
  }
  for (const name of OF_CONNECTIONS) {
    define(prototype, name, () => Promise.reject(refusal(intentOf(name, []))));
  }
}

function define(prototype: object, name: string, value: () => unknown): void {
  if (!(name in prototype)) Object.defineProperty(prototype, name, { value });
}
