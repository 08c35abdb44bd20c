/** Where a frame ends in the bytes that were looked at, and what it is. */
export interface FrameEnd {
  readonly end: number;
  /** `push` answers no command. */
  readonly kind: 'value' | 'error' | 'push';
}

const LINE_FEED = 10;
const LINE_END_BYTES = 2;

// Enough for a sign and a number: of a longer line only its first character is looked at.
const MAX_HEAD = 32;

/**
 * Finds the ends of replies, or of commands, in a stream of bytes that comes in pieces. What is in them is skipped: it costs
 * little, and nothing in a value can be taken for an end.
 */
export class RespFrames {
  /** How many elements are missing, of the outermost list first. */
  readonly #missing: number[] = [];
  #skip = 0;
  #head = '';
  #kind: FrameEnd['kind'] | null = null;
  #isBroken = false;

  /** Whether nothing of a frame has come yet. */
  get isBetweenFrames(): boolean {
    return this.#kind === null && this.#head === '';
  }

  /** Returns the frames that end in these bytes; `null` from the first on that are not of the protocol. */
  read(bytes: Buffer): readonly FrameEnd[] | null {
    const ends: FrameEnd[] = [];
    for (let at = 0; at < bytes.length && !this.#isBroken;) {
      const isElement = this.#skip > 0 ? this.#skipFrom(bytes, at) : this.#readLine(bytes, at);
      at = this.#at;
      if (isElement && this.#closes()) {
        ends.push({ end: at, kind: this.#kind ?? 'value' });
        this.#kind = null;
      }
    }
    return this.#isBroken ? null : ends;
  }

  #at = 0;

  // Both return whether an element ends, and move on.
  #skipFrom(bytes: Buffer, at: number): boolean {
    const count = Math.min(this.#skip, bytes.length - at);
    this.#skip -= count;
    this.#at = at + count;
    return this.#skip === 0;
  }

  #readLine(bytes: Buffer, at: number): boolean {
    const lineEnd = bytes.indexOf(LINE_FEED, at);
    const until = lineEnd < 0 ? bytes.length : lineEnd;
    const room = MAX_HEAD - this.#head.length;
    this.#head += bytes.toString('latin1', at, Math.min(until, at + room));
    this.#at = until + 1;
    if (lineEnd < 0) return false;
    const head = this.#head;
    this.#head = '';
    return this.#readHead(head[0] ?? '', Number(head.slice(1)));
  }

  #readHead(sign: string, count: number): boolean {
    if (this.#missing.length === 0) this.#kind = KINDS[sign] ?? 'value';
    if (SIMPLE.has(sign)) return true;
    if (!Number.isInteger(count)) return this.#break();
    if (BULK.has(sign)) {
      this.#skip = count < 0 ? 0 : count + LINE_END_BYTES;
      return count < 0;
    }
    const perElement = LISTS[sign];
    if (perElement === undefined) return this.#break();
    if (count <= 0) return true;
    this.#missing.push(count * perElement);
    return false;
  }

  #break(): boolean {
    this.#isBroken = true;
    return false;
  }

  // An element has ended, and with it the lists whose last one it was. Returns whether the frame has.
  #closes(): boolean {
    for (;;) {
      const last = this.#missing.length - 1;
      const missing = this.#missing[last];
      if (missing === undefined) return true;
      this.#missing[last] = missing - 1;
      if (missing > 1) return false;
      this.#missing.pop();
    }
  }
}

const KINDS: Readonly<Record<string, FrameEnd['kind']>> = {
  '-': 'error',
  '!': 'error',
  '>': 'push',
};
const SIMPLE: ReadonlySet<string> = new Set(['+', '-', ':', '_', '#', ',', '(']);
const BULK: ReadonlySet<string> = new Set(['$', '!', '=']);
/** Signs of lists, with how many elements belong to each one that is counted. */
const LISTS: Readonly<Record<string, number>> = { '*': 1, '~': 1, '>': 1, '%': 2 };
