import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { BoundedMap } from '../collections/index.js';

/** What became of sealed bytes. `unknown-key`: no key of the ring has sealed them. `damaged`: they are not what was sealed. */
export type Opened =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly reason: 'unknown-key'; readonly keyId: string }
  | { readonly ok: false; readonly reason: 'damaged' };

/** How long a key is. */
export const KEY_BYTES = 32;

const CIPHER = 'aes-256-gcm';
const FORMAT = 1;
const ID_BYTES = 8;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SALTED_BYTES = 1 + ID_BYTES + SALT_BYTES;
const HEAD_BYTES = SALTED_BYTES + NONCE_BYTES;
// Two of so many random nonces of 96 bits are alike with a chance of 2^-65.
const MAX_PER_SALT = 2 ** 16;
const MAX_KNOWN_SALTS = 1_000;
const BASE64 = /^[\w+/-]{43}=?$/;

/**
 * Encrypts and authenticates with AES-256-GCM. The newest key seals, every key opens. To replace a key, put
 * the new one in front, and take the old one away when nothing is left that it has sealed.
 */
export class KeyRing {
  readonly #keys = new Map<string, KeyObject>();
  readonly #newest: readonly [id: Buffer, key: KeyObject];
  /** With what is sealed now, and how often it may be used yet. */
  #sealing: Derived & { left: number };
  /** What was opened with lately, by its salted head. Nobody gets in here without a key of the ring. */
  readonly #opening = new BoundedMap<string, KeyObject>(MAX_KNOWN_SALTS);

  /** @param keys - of {@link KEY_BYTES} bytes each, the newest first */
  private constructor([newest, ...older]: readonly [Buffer, ...Buffer[]]) {
    this.#newest = [idOf(newest), createSecretKey(newest)];
    this.#sealing = this.#newSalt();
    for (const key of [newest, ...older])
      this.#keys.set(idOf(key).toString('hex'), createSecretKey(key));
  }

  /** The ids of the keys, the newest first. They may be logged: they tell nothing of the keys. */
  get ids(): readonly string[] {
    return [...this.#keys.keys()];
  }

  /** The ring of these keys in base64, the newest first; `null` when one of them is no key, or there is none. */
  static of(keys: readonly unknown[]): KeyRing | null {
    const [first, ...others] = keys.map(readKey);
    if (first === undefined || first === null) return null;
    const rest = others.filter((key) => key !== null);
    return rest.length < others.length ? null : new KeyRing([first, ...rest]);
  }

  /**
   * Seals bytes with the newest key.
   *
   * @param context - what they are for; they can be opened for nothing else
   */
  seal(bytes: Buffer, context: string): Buffer {
    if (this.#sealing.left === 0) this.#sealing = this.#newSalt();
    this.#sealing.left--;
    const { salted, derived } = this.#sealing;
    const nonce = randomBytes(NONCE_BYTES);
    const head = Buffer.concat([salted, nonce]);
    const cipher = createCipheriv(CIPHER, derived, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(boundTo(head, context));
    return Buffer.concat([head, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  }

  /** Opens what {@link KeyRing.seal} has sealed for the same context, with whichever key of the ring. */
  open(sealed: Buffer, context: string): Opened {
    const keyId = keyIdOf(sealed);
    if (keyId === null) return DAMAGED;
    const key = this.#keys.get(keyId);
    if (key === undefined) return { ok: false, reason: 'unknown-key', keyId };
    const head = sealed.subarray(0, HEAD_BYTES);
    const name = head.toString('latin1', 0, SALTED_BYTES);
    const derived = this.#opening.get(name) ?? derive(key, head.subarray(0, SALTED_BYTES));
    const nonce = head.subarray(SALTED_BYTES);
    const decipher = createDecipheriv(CIPHER, derived, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(boundTo(head, context));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const begun = decipher.update(sealed.subarray(HEAD_BYTES, -TAG_BYTES));
    try {
      decipher.final();
    } catch {
      return DAMAGED;
    }
    if (this.#opening.get(name) === undefined) this.#opening.set(name, derived);
    // This cipher keeps nothing back for the end.
    return { ok: true, bytes: begun };
  }

  #newSalt(): Derived & { left: number } {
    const [id, key] = this.#newest;
    const salted = Buffer.concat([Buffer.from([FORMAT]), id, randomBytes(SALT_BYTES)]);
    return { salted, derived: derive(key, salted), left: MAX_PER_SALT };
  }
}

/** A key for some messages, and the head that says how it comes from a key of the ring. */
interface Derived {
  readonly salted: Buffer;
  readonly derived: KeyObject;
}

/** The id of the key that has sealed these bytes, also where no ring has it; `null` when nobody has sealed them. */
export function keyIdOf(sealed: Buffer): string | null {
  const isWhole = sealed.length >= HEAD_BYTES + TAG_BYTES && sealed[0] === FORMAT;
  return isWhole ? sealed.toString('hex', 1, 1 + ID_BYTES) : null;
}

const DAMAGED: Opened = { ok: false, reason: 'damaged' };

function readKey(text: unknown): Buffer | null {
  if (typeof text !== 'string' || !BASE64.test(text.trim())) return null;
  const bytes = Buffer.from(text.trim(), 'base64');
  return bytes.length === KEY_BYTES ? bytes : null;
}

// A name that tells nothing of the key, and needs no list of names beside the keys.
function idOf(key: Buffer): Buffer {
  return createHmac('sha256', key).update('key id').digest().subarray(0, ID_BYTES);
}

// With a random nonce alone, one key could safely seal 2^32 messages, of all processes together. With a salt of each
// process, drawn anew after so many messages, there is no bound that anybody reaches. Not one for each message:
// deriving takes as long as all the rest.
function derive(key: KeyObject, salted: Buffer): KeyObject {
  return createSecretKey(createHmac('sha256', key).update('messages').update(salted).digest());
}

function boundTo(head: Buffer, context: string): Buffer {
  return Buffer.concat([head, Buffer.from(context)]);
}
