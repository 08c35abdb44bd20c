import { ConfigInvalidError } from '../base/errors/index.js';

const NAME = /^[\w.-]{1,128}$/;

/**
 * The names in Redis of everything that belongs to one keyspace. No name of a keyspace holds a
 * separator, so that keys of two keyspaces can never meet.
 */
export class KeyspaceKeys {
  /** The keyspace. */
  readonly name: string;
  /** Where changed keys are named. */
  readonly channel: string;

  /**
   * @param channelPrefix - what the engine puts in front of keys; of channels it does not
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) for a name that cannot be used.
   */
  constructor(name: string, channelPrefix = '') {
    if (typeof name !== 'string' || !NAME.test(name)) {
      const message = 'a keyspace is named with 1 to 128 letters, digits, and the signs _ . -';
      const remedy = "For example: 'users'";
      throw new ConfigInvalidError([{ field: 'keyspace', value: name, message, remedy }]);
    }
    this.name = name;
    this.channel = `${channelPrefix}${name}~changed`;
  }

  /** Where an entry is kept. */
  entry(key: string): string {
    return `${this.name}:${key}`;
  }

  /** The key of an entry, from where it is kept. */
  keyOf(entry: string): string {
    return entry.slice(this.name.length + 1);
  }

  /** The whole name of a group. */
  group(group: string): string {
    return `${this.name}#${group}`;
  }

  /** Who may load an entry. */
  lease(key: string): string {
    return `${this.name}!${key}`;
  }

  /** The same, from where the entry is kept. */
  leaseOf(entry: string): string {
    return this.lease(this.keyOf(entry));
  }

  /** A number, or a lock: plain Redis values, shared by all processes. */
  shared(key: string): string {
    return `${this.name}+${key}`;
  }
}
