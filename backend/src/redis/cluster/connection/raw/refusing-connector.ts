import { Duplex } from 'node:stream';
import { AbstractConnector, type RedisOptions } from 'ioredis';

type Connector = NonNullable<RedisOptions['Connector']>;

const LINE_END = '\r\n';
const OK = '+OK\r\n';
// What a client sends by itself when it is connected, and before it goes.
const OF_THE_CLIENT = new Set(['client', 'hello', 'auth', 'select', 'quit']);

/** Returns a connector to nobody: within this process each command is answered with the refusal. */
export function refusingConnector(refusal: string): Connector {
  const answer = `-${refusal.replace(/\s+/g, ' ')}${LINE_END}`;
  return class RefusingConnector extends AbstractConnector {
    constructor() {
      super(0);
    }

    override connect(): Promise<never> {
      this.connecting = true;
      const stream = new RefusingStream(answer);
      this.stream = stream as never;
      return Promise.resolve(stream as never);
    }
  };
}

/** The other side of a client: takes commands, and answers. */
class RefusingStream extends Duplex {
  readonly #answer: string;
  #received: Buffer = Buffer.alloc(0);

  constructor(answer: string) {
    super({ allowHalfOpen: false });
    this.#answer = answer;
  }

  // The driver sets these of each socket.
  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  override _read(): void {
    // Answers are pushed as they are made.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (let command = this.#take(); command !== null; command = this.#take()) {
      this.#reply(command.toLowerCase());
    }
    done();
  }

  override _final(done: () => void): void {
    if (!this.readableEnded) this.push(null);
    done();
  }

  // Never within the write: the driver would not know yet that it waits for an answer.
  #reply(name: string): void {
    queueMicrotask(() => {
      if (this.readableEnded || this.destroyed) return;
      this.push(OF_THE_CLIENT.has(name) ? OK : this.#answer);
      if (name === 'quit') this.push(null);
    });
  }

  /** The name of the next command that has arrived as a whole; `null` while there is none. */
  #take(): string | null {
    const heads = { at: 0 };
    const count = this.#head(heads, '*');
    if (count === null) return null;
    let name = '';
    for (let i = 0; i < count; i++) {
      const length = this.#head(heads, '$');
      const end = heads.at + (length ?? 0) + LINE_END.length;
      if (length === null || end > this.#received.length) return null;
      if (i === 0) name = this.#received.toString('latin1', heads.at, heads.at + length);
      heads.at = end;
    }
    this.#received = this.#received.subarray(heads.at);
    return name;
  }

  #head(heads: { at: number }, sign: string): number | null {
    const end = this.#received.indexOf(LINE_END, heads.at);
    if (end < 0) return null;
    const text = this.#received.toString('latin1', heads.at, end);
    heads.at = end + LINE_END.length;
    return text.startsWith(sign) ? Number(text.slice(1)) : null;
  }
}
