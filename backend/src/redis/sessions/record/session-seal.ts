import { keyIdOf, type KeyRing } from '../../base/crypto/index.js';
import { ConfigInvalidError } from '../../base/errors/index.js';
import type { PlainData } from '../../config/index.js';
import type { Entry, EntryDraft, Unreadable } from '../../keyspace/index.js';

/** How session data is encrypted. */
export interface SealOptions {
  /** Without keys it lies open. */
  readonly keys: KeyRing | null;
  readonly plainData: PlainData;
}

/**
 * What was sealed, or why it is not handed out. `corrupt`: it is not what was sealed, or it was sealed for another
 * place. `no-key`: its key is not in the ring. `not-encrypted`: it lies open, and that is refused.
 */
export type Unsealed = { readonly ok: true; readonly bytes: Buffer } | Unreadable;

/** The part of an entry that may be sealed, and the number that says whether it is. */
export type Coded = Pick<Entry & EntryDraft, 'codec' | 'body'>;

// In ASCII it makes a small letter of a capital one.
const SEALED_BIT = 0x20;

/** Seals session data, each to its place: nothing that was sealed for one place is opened for another. */
export class SessionSeal {
  readonly #ring: KeyRing | null;
  readonly #plainData: PlainData;
  readonly #keyspace: string;

  /**
   * @param keyspace - its name
   * @throws ConfigInvalidError (`CONFIG_INVALID`) when plain data is refused and there is no key.
   */
  constructor({ keys, plainData }: SealOptions, keyspace: string) {
    if (plainData === 'refuse' && keys === null) throw new ConfigInvalidError([KEYS_ARE_MISSING]);
    this.#ring = keys;
    this.#plainData = plainData;
    this.#keyspace = keyspace;
  }

  /** Seals a body, to be written as that of this id with a codec. Without keys it stays as it is. */
  sealBody({ codec, body }: Coded, id: string): Coded {
    const sealed = this.seal(body, this.#placeOf(codec, id));
    return sealed === null ? { codec, body } : { codec: codec | SEALED_BIT, body: sealed };
  }

  /** Opens the body of this id, whether it was sealed or not, if it was written with this codec. */
  openBody({ codec, body }: Coded, ofCodec: number, id: string): Unsealed {
    if (codec === ofCodec) return this.takePlain(body);
    if (codec !== (ofCodec | SEALED_BIT)) return CORRUPT;
    return this.open(body, this.#placeOf(ofCodec, id));
  }

  /** Seals bytes to a place; `null` when they are to lie open. */
  seal(bytes: Buffer, place: string): Buffer | null {
    if (this.#ring === null || this.#plainData === 'write') return null;
    return this.#ring.seal(bytes, place);
  }

  /** Opens what was sealed to the same place. */
  open(sealed: Buffer, place: string): Unsealed {
    const opened = this.#ring?.open(sealed, place);
    if (opened?.ok === true) return opened;
    const keyId = opened?.reason === 'damaged' ? null : keyIdOf(sealed);
    return keyId === null ? CORRUPT : { ok: false, fault: 'no-key', keyId };
  }

  /** Hands out what lies open, unless that is refused. */
  takePlain(bytes: Buffer): Unsealed {
    return this.#plainData === 'refuse' ? NOT_ENCRYPTED : { ok: true, bytes };
  }

  // The id has a fixed length, and the keyspace is the rest, so that no two places have one name.
  #placeOf(codec: number, id: string): string {
    return `${String.fromCharCode(codec)} ${id} in ${this.#keyspace}`;
  }
}

const CORRUPT: Unreadable = { ok: false, fault: 'corrupt' };
const NOT_ENCRYPTED: Unreadable = { ok: false, fault: 'not-encrypted' };
const KEYS_ARE_MISSING = {
  field: 'sessions.plainData',
  value: 'refuse',
  message: 'refuses what is not encrypted, and there are no keys to encrypt with',
  remedy:
    'Give sessions.keys (REDIS_SESSIONS_KEYS), or leave sessions.plainData (REDIS_SESSIONS_PLAIN_DATA) out',
};
