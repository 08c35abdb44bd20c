import { decodeEntry, hasStamp, SlotNames } from '../../../redis/keyspace/index.js';
import type { RdbKey } from '../rdb/rdb-reader.js';
import { SORTED_SET_TYPES } from '../rdb/rdb-values.js';
import { payloadOf } from './dump-payload.js';

/** A key, as the script takes it that puts it back. */
export interface Placed {
  readonly keys: readonly (string | Buffer)[];
  readonly args: readonly (string | Buffer)[];
}

/** What is the same for all keys. */
interface PlacingOptions {
  readonly rdbVersion: number;
  /** What the application puts in front of its keys. */
  readonly keyPrefix: string;
  /** The latest stamp that is believed, as bytes. */
  readonly ceiling: Buffer;
}

const HEAD_BYTES = 128;
const KEYSPACE = /^[\w.-]{1,128}$/;
const INDEX = /:members$/;
const FOR_THE_TIME_BEING = ':restored';

/** Knows what belongs to a key: of an entry the marks of its groups, of the index of a group another name in its slot. */
export class KeyPlacer {
  readonly #options: PlacingOptions;
  readonly #names: SlotNames;

  constructor(options: PlacingOptions) {
    this.#options = options;
    this.#names = new SlotNames(options.keyPrefix);
  }

  place({ key, type, raw, text, expiresAt }: RdbKey): Placed {
    const args = [payloadOf(type, raw, this.#options.rdbVersion), String(expiresAt ?? 0)];
    if (text !== null && hasStamp(text)) return this.#entry(key, text, args);
    const name = key.toString('latin1');
    if (!SORTED_SET_TYPES.includes(type) || !INDEX.test(name)) {
      return { keys: [key], args: ['plain', ...args] };
    }
    return {
      keys: [key, Buffer.from(name + FOR_THE_TIME_BEING, 'latin1')],
      args: ['index', ...args],
    };
  }

  #entry(key: Buffer, text: Buffer, args: readonly (string | Buffer)[]): Placed {
    const { keyPrefix, ceiling } = this.#options;
    const name = key.toString();
    const own = name.startsWith(keyPrefix) ? name.slice(keyPrefix.length) : name;
    const border = own.indexOf(':');
    const keyspace = own.slice(0, Math.max(0, border));
    const decoded = decodeEntry(text);
    const groups = decoded.ok && KEYSPACE.test(keyspace) ? decoded.entry.groups : [];
    const marks = groups.map((group) => keyPrefix + this.#names.mark(`${keyspace}#${group}`));
    return {
      keys: [key, ...marks],
      args: ['entry', ...args, text.subarray(0, HEAD_BYTES), own, ceiling],
    };
  }
}
