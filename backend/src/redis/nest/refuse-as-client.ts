import { InvalidArgumentError } from '../base/errors/index.js';
import { intentOf, refusal as notShared } from '../commands/index.js';

// What libraries look at to find out whether they were given a client of ioredis, or options for one. ioredis itself
// reads all that is enumerable, inherited or not, from what it takes for options.
const READ_BY_LIBRARIES: Readonly<Record<string, string>> = {
  Connector: '',
  connect: 'Connections open by themselves; redis.whenReady() waits for the first. ',
  defineCommand: 'For a script there is redis.script({ lua }). ',
  disconnect: 'Connections are closed when the application shuts down. ',
  duplicate: '',
  options: '',
  sendCommand: 'For any command there is redis.call(). ',
};

const LISTENER = 'redis.on(type, listener) returns a function that removes the listener';

/** What clients of ioredis have besides, and what is used instead. */
const CALLED: Readonly<Record<string, string>> = {
  addListener: LISTENER,
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
 * Makes objects of this class refuse to be taken for a client of ioredis or for its options. Otherwise a
 * library would connect to a Redis on this machine, or fail much later with words of its own. What is called without
 * a look before is refused at the call, with what to use instead.
 */
export function refuseAsClient(prototype: object): void {
  for (const [name, instead] of Object.entries(READ_BY_LIBRARIES)) {
    Object.defineProperty(prototype, name, {
      enumerable: name === 'Connector',
      configurable: true,
      get: () => {
        throw refusal(name, instead + GIVE);
      },
      // Somebody who puts a double in its place knows what he does.
      set(this: object, value: unknown) {
        Object.defineProperty(this, name, { value, writable: true, configurable: true });
      },
    });
  }
  for (const [name, remedy] of Object.entries(CALLED)) {
    define(prototype, name, () => {
      throw refusal(name, remedy);
    });
  }
  for (const name of OF_CONNECTIONS) {
    define(prototype, name, () => Promise.reject(notShared(intentOf(name, []))));
  }
}

function define(prototype: object, name: string, value: () => unknown): void {
  if (!(name in prototype)) Object.defineProperty(prototype, name, { value });
}

const GIVE =
  'Give the library redis.createClient(), or redis.connectionOptions() if it creates its clients itself';

function refusal(name: string, remedy: string): InvalidArgumentError {
  return new InvalidArgumentError({
    field: `redis.${name}`,
    value: '(used)',
    message: 'does not exist: RedisService is neither a client of ioredis nor options for one',
    remedy,
  });
}
