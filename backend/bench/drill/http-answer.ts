// Reads the answers on one keep-alive connection: status and body, by length or in chunks.

const NONE = Buffer.alloc(0);
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

/** Takes bytes as they come and hands over each whole answer: `(status, body, isLast)`. */
export class AnswerReader {
  #bytes = NONE;
  #onAnswer;
  #head = null;

  constructor(onAnswer) {
    this.#onAnswer = onAnswer;
  }

  /** Nothing of an answer has come since the last one. */
  get isAtStart() {
    return this.#head === null && this.#bytes.length === 0;
  }

  push(bytes) {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    while (this.#takeAnswer());
  }

  #takeAnswer() {
    this.#head ??= this.#takeHead();
    if (this.#head === null) return false;
    const { status, length, isLast } = this.#head;
    const body = length === null ? this.#takeChunks() : this.#take(length);
    if (body === null) return false;
    this.#head = null;
    this.#onAnswer(status, body, isLast);
    return this.#bytes.length > 0;
  }

  #takeHead() {
    const end = this.#bytes.indexOf(HEAD_END);
    if (end < 0) return null;
    const text = this.#bytes.latin1Slice(0, end);
    this.#bytes = this.#bytes.subarray(end + HEAD_END.length);
    const status = Number(text.slice(9, 12));
    const declared = /\r\ncontent-length: *(\d+)/i.exec(text);
    const isChunked = declared === null && /\r\ntransfer-encoding: *chunked/i.test(text);
    const length = isChunked ? null : Number(declared?.[1] ?? 0);
    return { status, length, isLast: /\r\nconnection: *close/i.test(text) };
  }

  #take(length) {
    if (this.#bytes.length < length) return null;
    const body = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return body;
  }

  #takeChunks() {
    const parts = [];
    for (let at = 0; ;) {
      const lineEnd = this.#bytes.indexOf(LINE_END, at);
      if (lineEnd < 0) return null;
      const size = Number.parseInt(this.#bytes.latin1Slice(at, lineEnd), 16);
      const from = lineEnd + LINE_END.length;
      const next = from + size + LINE_END.length;
      if (this.#bytes.length < next) return null;
      if (size === 0) {
        this.#bytes = this.#bytes.subarray(next);
        return Buffer.concat(parts);
      }
      parts.push(this.#bytes.subarray(from, from + size));
      at = next;
    }
  }
}
