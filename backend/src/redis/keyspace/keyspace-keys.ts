import { ConfigInvalidError } from '../base/errors/index.js';

const NAME = /^[\w.-]{1,128}$/;
const LEADING_NAME = /^[\w.-]*/;

/**
 * The names in Redis of everything that belongs to one namespace. No name of a namespace holds a
 * separator, so that keys of two namespaces can never meet.
 */
export class NamespaceKeys {
  /** The namespace. */
  readonly name: string;
  /** Where changed keys are named. */
  readonly channel: string;

  /**
   * @param channelPrefix - what the engine puts in front of keys; of channels it does not
   * @throws {@link ConfigInvalidError} (`CONFIG_INVALID`) for a name that cannot be used.
   */
  constructor(name: string, channelPrefix = '') {
    if (typeof name !== 'string' || !NAME.test(name)) {
      const message = 'a namespace is named with 1 to 128 letters, digits, and the signs _ . -';
      const remedy = "For example: 'users'";
      throw new ConfigInvalidError([{ field: 'namespace', value: name, message, remedy }]);
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

/** The namespace that a key, or the whole name of a group, belongs to. */
export function namespaceOf(whole: string): string {
  return LEADING_NAME.exec(whole)?.[0] ?? '';
}
