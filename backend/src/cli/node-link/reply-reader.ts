import { LinkError } from './link-error.js';

/** What Redis answers. An error that it answers is a value here. */
export type Reply = string | number | Buffer | null | RedisRefusal | readonly Reply[];

/** An error that Redis answers. */
export class RedisRefusal {
  constructor(readonly message: string) {}
}

/** The text of a reply; nothing for a list, an error, or nothing. */
export function textIn(reply: Reply | undefined): string {
  if (Buffer.isBuffer(reply)) return reply.toString();
  return typeof reply === 'string' || typeof reply === 'number' ? String(reply) : '';
}

/** The most bytes that wait to be read before the node is told to wait. */
const MAX_WAITING_BYTES = 4 * 2 ** 20;
const LINE_END = Buffer.from('\r\n');
const CARRIAGE_RETURN = 0x0d;
const NOTHING: Buffer = Buffer.alloc(0);

/** Where bytes come from that can be told to wait. */
interface Source {
  pause(): unknown;
  resume(): unknown;
}

/** Reads lines, counted bytes and replies of a connection, in their order. */
export class ReplyReader {
  readonly #source: Source;
  #waiting: Buffer[] = [];
  #size = 0;
  #taken = 0;
  #failure: LinkError | null = null;
  #wake: (() => void) | null = null;

  constructor(source: Source) {
    this.#source = source;
  }

  /** How many bytes were read. */
  get taken(): number {
    return this.#taken;
  }

  /** Bytes that have come. */
  push(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#size += bytes.length;
    if (this.#size > MAX_WAITING_BYTES) this.#source.pause();
    this.#wake?.();
  }

  /** Nothing comes any more. */
  fail(failure: LinkError): void {
    this.#failure ??= failure;
    this.#wake?.();
  }

  /** The next line, without its end. */
  async line(): Promise<string> {
    for (let from = 0; ;) {
      const end = this.#all().indexOf(LINE_END, from);
      if (end >= 0) return this.#take(end + 2).toString('utf8', 0, end);
      from = Math.max(0, this.#size - 1);
      await this.#more();
    }
  }

  /** The next bytes, all of them. */
  async exactly(count: number): Promise<Buffer> {
    while (this.#size < count) await this.#more(count > MAX_WAITING_BYTES);
    return this.#take(count);
  }

  /** Whatever has come, up to so many bytes, and at least one. */
  async some(most: number): Promise<Buffer> {
    while (this.#size === 0) await this.#more();
    return this.#take(Math.min(most, this.#size));
  }

  /** Whatever has come before the last so many bytes, which are not taken. */
  async allBut(kept: number): Promise<Buffer> {
    while (this.#size <= kept) await this.#more();
    return this.#take(this.#size - kept);
  }

  /** What comes next, without taking it. */
  async peek(count: number): Promise<Buffer> {
    while (this.#size < count) await this.#more();
    return this.#all().subarray(0, count);
  }

  /** Reads over the line breaks with which a node says that it is still there. */
  async skipBlanks(): Promise<void> {
    for (;;) {
      const [next] = await this.peek(1);
      if (next !== 0x0a && next !== CARRIAGE_RETURN) return;
      this.#take(1);
    }
  }

  /** The next reply. */
  async reply(): Promise<Reply> {
    const line = await this.line();
    const rest = line.slice(1);
    switch (line[0]) {
      case '+':
        return rest;
      case '-':
        return new RedisRefusal(rest);
      case ':':
        return Number(rest);
      case '$':
        return rest === '-1' ? null : this.#bulk(Number(rest));
      case '*':
        return this.#list(Number(rest));
      default:
        throw broken('the answer is not one of Redis');
    }
  }

  async #bulk(size: number): Promise<Buffer> {
    const bytes = await this.exactly(size + 2);
    return bytes.subarray(0, size);
  }

  async #list(count: number): Promise<readonly Reply[] | null> {
    if (count < 0) return null;
    const replies: Reply[] = [];
    for (let i = 0; i < count; i++) replies.push(await this.reply());
    return replies;
  }

  #take(count: number): Buffer {
    const all = this.#all();
    this.#waiting = [all.subarray(count)];
    this.#size = all.length - count;
    this.#taken += count;
    return all.subarray(0, count);
  }

  // Put together when somebody reads, and not with each piece that comes: a large value comes in thousands.
  #all(): Buffer {
    const [first = NOTHING, ...others] = this.#waiting;
    if (others.length === 0) return first;
    const all = Buffer.concat(this.#waiting, this.#size);
    this.#waiting = [all];
    return all;
  }

  async #more(isLarge = false): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (isLarge || this.#size <= MAX_WAITING_BYTES) this.#source.resume();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = null;
  }
}

/** A connection that is of no use any more. */
export function broken(why: string): LinkError {
  return new LinkError(
    'LINK_BROKEN',
    `the connection ended: ${why}`,
    'See whether the node runs and can be reached, and try again',
  );
}
