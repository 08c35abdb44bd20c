import { keyIdOf, type KeyRing } from '../../../redis/base/crypto/index.js';
import { BackupError } from '../backup-error.js';

// In front of each frame its size, and the complement of that: a size that was changed must not look like the end.
const SIZE_BYTES = 8;
const MAX_FRAME_BYTES = 64 * 2 ** 20;

/** Bytes with which a frame begins, and what follows of it. */
export function frameOf(sealed: Buffer): Buffer {
  const size = Buffer.allocUnsafe(SIZE_BYTES);
  size.writeUInt32BE(sealed.length, 0);
  size.writeUInt32BE(~sealed.length >>> 0, 4);
  return Buffer.concat([size, sealed]);
}

/** Seals the frames of one file, each to its place in it: none can be left out, repeated or moved. */
export function sealFrame(ring: KeyRing, bytes: Buffer, place: FramePlace): Buffer {
  return frameOf(ring.seal(bytes, contextOf(place)));
}

/** Where a frame stands. */
export interface FramePlace {
  readonly fileId: string;
  readonly index: number;
  /** Nothing comes after it. */
  readonly isLast: boolean;
}

function contextOf({ fileId, index, isLast }: FramePlace): string {
  return `backup ${fileId} ${String(index)} ${isLast ? 'last' : 'more'}`;
}

/** Opens a frame. @throws {@link BackupError} with the reason when it is not what was sealed for this place. */
export function openFrame(ring: KeyRing, sealed: Buffer, place: FramePlace): Buffer {
  const opened = ring.open(sealed, contextOf(place));
  if (opened.ok) return opened.bytes;
  if (opened.reason === 'unknown-key') throw unknownKey(keyIdOf(sealed) ?? opened.keyId, ring);
  throw damagedAt(place.index);
}

/** Cuts frames out of the bytes of a file that come in pieces. */
export class FrameCutter {
  #rest: Buffer = Buffer.alloc(0);
  #index = 0;

  /** Bytes that are no whole frame yet. */
  get restBytes(): number {
    return this.#rest.length;
  }

  /** The frames that a piece completes. @throws {@link BackupError} `DAMAGED` for a size that cannot be. */
  *cut(piece: Buffer): Generator<Buffer> {
    let all = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    try {
      for (let size = this.#sizeIn(all); size !== null; size = this.#sizeIn(all)) {
        const frame = all.subarray(SIZE_BYTES, SIZE_BYTES + size);
        all = all.subarray(SIZE_BYTES + size);
        this.#index++;
        yield frame;
      }
    } finally {
      this.#rest = all;
    }
  }

  #sizeIn(all: Buffer): number | null {
    if (all.length < SIZE_BYTES) return null;
    const size = all.readUInt32BE(0);
    const isSound = all.readUInt32BE(4) === ~size >>> 0 && size <= MAX_FRAME_BYTES;
    if (!isSound) throw damagedAt(this.#index);
    return all.length < SIZE_BYTES + size ? null : size;
  }
}

/** A file that was changed after it was written. */
export function damagedAt(index: number | 'head'): BackupError {
  return new BackupError(
    'DAMAGED',
    `${index === 'head' ? 'its head' : `part ${String(index)}`} is not what was written`,
    'Restore another backup, and look after the disk that this one lies on',
  );
}

function unknownKey(keyId: string, ring: KeyRing): BackupError {
  return new BackupError(
    'KEY_UNKNOWN',
    `it was sealed with the key ${keyId}, and the ring has ${ring.ids.join(', ')}`,
    'Add the key that was in use when it was taken to BACKUP_KEYS, after the present one; where that key was never used, the file is damaged',
  );
}
