import { ConfigInvalidError } from '../base/errors/index.js';

const NAME = /^[\w.-]{1,128}$/;
// What means something in a pattern of Redis.
const GLOB = /[*?[\]\\]/g;

/**
 * The names in Redis of everything that belongs to one keyspace. The name of a keyspace contains no
 * separator, so keys of two keyspaces can never be the same.
 */
export class KeyspaceKeys {
  /** The keyspace. */
  readonly name: string;
  /** The channel on which changed keys are published. */
  readonly channel: string;

  /**
   * @param channelPrefix - what the engine puts in front of keys; of channels it does not
   * @param db - of keys; a channel reaches clients of every database
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) for a name that cannot be used.
   */
  constructor(name: string, channelPrefix = '', db = 0) {
    if (typeof name !== 'string' || !NAME.test(name)) {
      const message = 'a keyspace is named with 1 to 128 letters, digits, and the signs _ . -';
      const remedy = "For example: 'users'";
      throw new ConfigInvalidError([{ field: 'keyspace', value: name, message, remedy }]);
    }
    this.name = name;
    this.channel = channelOf(channelPrefix, name, db);
  }

  /** The channels of all keyspaces of a connection, as an ACL user is given the right to them. */
  static channelRule(channelPrefix: string, db: number): string {
    return `&${channelOf(channelPrefix.replace(GLOB, '\\$&'), '*', db)}`;
  }

  /** Where an entry is stored. */
  entry(key: string): string {
    return `${this.name}:${key}`;
  }

  /** The key of an entry, from the place where it is stored. */
  keyOf(entry: string): string {
    return entry.slice(this.name.length + 1);
  }

  /** Whether an entry of this keyspace can be stored there. */
  isEntry(key: string): boolean {
    return key.length > this.name.length && key.startsWith(`${this.name}:`);
  }

  /** The whole name of a key group. */
  group(group: string): string {
    return `${this.name}#${group}`;
  }

  /** Where a number or a lock is stored: plain Redis values, shared by all processes. */
  shared(key: string): string {
    return `${this.name}+${key}`;
  }
}

function channelOf(prefix: string, name: string, db: number): string {
  return `${prefix}${name}~changed${db === 0 ? '' : `@${db}`}`;
}
