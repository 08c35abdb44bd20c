const NONE = Buffer.alloc(0);
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');

interface Head {
  readonly status: number;
  /** `null`: the body comes in chunks. */
  readonly length: number | null;
  readonly isLast: boolean;
}

/** What is called for each answer. `isLast`: the server closes the connection after it. */
export type OnAnswer = (status: number, body: Buffer, isLast: boolean) => void;

/** Reads the answers on one keep-alive connection: takes bytes as they come and hands over each whole answer. */
export class AnswerReader {
  private bytes: Buffer = NONE;
  private head: Head | null = null;

  constructor(private readonly onAnswer: OnAnswer) {}

  /** Nothing of an answer has come since the last one. */
  get isAtStart(): boolean {
    return this.head === null && this.bytes.length === 0;
  }

  /** Takes what came. */
  push(bytes: Buffer): void {
    this.bytes = this.bytes.length === 0 ? bytes : Buffer.concat([this.bytes, bytes]);
    while (this.takeAnswer());
  }

  private takeAnswer(): boolean {
    this.head ??= this.takeHead();
    if (this.head === null) return false;
    const { status, length, isLast } = this.head;
    const body = length === null ? this.takeChunks() : this.take(length);
    if (body === null) return false;
    this.head = null;
    this.onAnswer(status, body, isLast);
    return this.bytes.length > 0;
  }

  private takeHead(): Head | null {
    const end = this.bytes.indexOf(HEAD_END);
    if (end < 0) return null;
    const text = this.bytes.toString('latin1', 0, end);
    this.bytes = this.bytes.subarray(end + HEAD_END.length);
    const status = Number(text.slice(9, 12));
    const declared = /\r\ncontent-length: *(\d+)/i.exec(text);
    const isChunked = declared === null && /\r\ntransfer-encoding: *chunked/i.test(text);
    const length = isChunked ? null : Number(declared?.[1] ?? 0);
    return { status, length, isLast: /\r\nconnection: *close/i.test(text) };
  }

  private take(length: number): Buffer | null {
    if (this.bytes.length < length) return null;
    const body = this.bytes.subarray(0, length);
    this.bytes = this.bytes.subarray(length);
    return body;
  }

  private takeChunks(): Buffer | null {
    const parts: Buffer[] = [];
    for (let at = 0; ;) {
      const lineEnd = this.bytes.indexOf(LINE_END, at);
      if (lineEnd < 0) return null;
      const size = Number.parseInt(this.bytes.toString('latin1', at, lineEnd), 16);
      const from = lineEnd + LINE_END.length;
      const next = from + size + LINE_END.length;
      if (this.bytes.length < next) return null;
      if (size === 0) {
        this.bytes = this.bytes.subarray(next);
        return Buffer.concat(parts);
      }
      parts.push(this.bytes.subarray(from, from + size));
      at = next;
    }
  }
}
