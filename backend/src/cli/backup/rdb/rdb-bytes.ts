import { BackupError } from '../backup-error.js';

/** More bytes are needed to go on. */
export class Underflow extends Error {
  override readonly name = 'Underflow';
}

const OUT_OF_BYTES = new Underflow('more bytes are needed');

/** What a length is, or how the string is encoded that stands in its place. */
type Length = { readonly encoding: null; readonly size: number } | { readonly encoding: number };

/** Reads the parts of a snapshot of Redis from bytes that may not be complete. */
export class RdbBytes {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** How far it was read. */
  get at(): number {
    return this.#at;
  }

  /** The bytes from a position up to the present one. */
  since(start: number): Buffer {
    return this.#bytes.subarray(start, this.#at);
  }

  /** @throws {@link Underflow} when they are not there yet. */
  take(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw OUT_OF_BYTES;
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  /** A count or an id. */
  size(): number {
    const length = this.#length();
    if (length.encoding === null) return length.size;
    throw damaged('a length is an encoding');
  }

  /** Reads over a string. */
  skipString(): void {
    const length = this.#length();
    if (length.encoding === null) this.take(length.size);
    else if (length.encoding < 3) this.take(1 << length.encoding);
    else this.#compressed(length.encoding);
  }

  /** Reads over several strings. */
  skipStrings(count: number): void {
    for (let i = 0; i < count; i++) this.skipString();
  }

  /** A string, as the client that stored it knows it. */
  text(): Buffer {
    const length = this.#length();
    if (length.encoding === null) return this.take(length.size);
    const { encoding } = length;
    if (encoding < 3) {
      const bytes = 1 << encoding;
      return Buffer.from(String(this.take(bytes).readIntLE(0, bytes)));
    }
    const { packed, size } = this.#compressed(encoding);
    return inflate(packed, size);
  }

  #compressed(encoding: number): { readonly packed: Buffer; readonly size: number } {
    if (encoding !== 3) throw damaged('a string has an encoding that does not exist');
    const packedSize = this.size();
    const size = this.size();
    return { packed: this.take(packedSize), size };
  }

  #length(): Length {
    const first = this.byte();
    const rest = first & 0x3f;
    switch (first >> 6) {
      case 0:
        return { encoding: null, size: rest };
      case 1:
        return { encoding: null, size: (rest << 8) | this.byte() };
      case 3:
        return { encoding: rest };
    }
    if (first === 0x80) return { encoding: null, size: this.take(4).readUInt32BE() };
    if (first !== 0x81) throw damaged('a length has a form that does not exist');
    // Ids of modules and times use all 64 bits; what has a size never comes near that.
    return { encoding: null, size: Number(this.take(8).readBigUInt64BE()) };
  }
}

/** Undoes LZF, as Redis compresses strings of more than twenty bytes. */
function inflate(packed: Buffer, size: number): Buffer {
  const out = Buffer.alloc(size);
  let [from, to] = [0, 0];
  const next = (): number => packed[from++] ?? 0;
  while (from < packed.length) {
    const control = next();
    if (control < 32) {
      to += packed.copy(out, to, from, from + control + 1);
      from += control + 1;
    } else {
      const count = 2 + (control >> 5) + (control >> 5 === 7 ? next() : 0);
      to = repeat(out, { to, count, back: 1 + ((control & 0x1f) << 8) + next() });
    }
  }
  if (to !== size) throw damaged('a compressed string has another size');
  return out;
}

/** Writes once more what was written so many bytes before. Byte by byte: it may overlap itself. */
function repeat(out: Buffer, { to, count, back }: Record<'to' | 'count' | 'back', number>): number {
  const end = to + count;
  if (back > to || end > out.length) throw damaged('a compressed string does not fit');
  for (let at = to; at < end; at++) out[at] = out[at - back] ?? 0;
  return end;
}

/** A snapshot that is not one. */
export function damaged(what: string): BackupError {
  return new BackupError(
    'DAMAGED',
    `the snapshot in it is not one of Redis: ${what}`,
    'Take another backup, and restore an earlier one if it is needed now',
  );
}
