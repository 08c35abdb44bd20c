import type { Writable } from 'node:stream';

// A string has an upper limit, 512 MiB in Node 20, and copying one piece costs no more than this.
const PIECE_LENGTH = 1024 * 1024;

/** The commands that were written and wait to be passed to the socket together. */
export class Outgoing {
  #chunks: (string | Buffer)[] = [];
  #length = 0;

  /** Adds a command as it is sent. The driver calls it in the place of a socket's. */
  write(chunk: string | Buffer): boolean {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    return true;
  }

  /** Forgets all. */
  clear(): void {
    this.#chunks = [];
    this.#length = 0;
  }

  /** Passes all to the socket: in one write, or in pieces when it is more than one string should hold. */
  flushTo(stream: Writable): void {
    const chunks = this.#chunks;
    if (chunks.length === 0) return;
    const isOnePiece = this.#length <= PIECE_LENGTH;
    this.clear();
    if (isOnePiece) stream.write(chunks.length === 1 ? (chunks[0] ?? '') : joined(chunks));
    else writeInPieces(stream, chunks);
  }
}

// Corked, so that the socket gets them together all the same.
function writeInPieces(stream: Writable, chunks: readonly (string | Buffer)[]): void {
  stream.cork();
  let piece: (string | Buffer)[] = [];
  let length = 0;
  for (const chunk of chunks) {
    piece.push(chunk);
    length += chunk.length;
    if (length < PIECE_LENGTH) continue;
    stream.write(joined(piece));
    piece = [];
    length = 0;
  }
  if (piece.length > 0) stream.write(joined(piece));
  stream.uncork();
}

function joined(chunks: readonly (string | Buffer)[]): string | Buffer {
  if (chunks.every((chunk) => typeof chunk === 'string')) return chunks.join('');
  return Buffer.concat(chunks.map((c) => (typeof c === 'string' ? Buffer.from(c) : c)));
}
