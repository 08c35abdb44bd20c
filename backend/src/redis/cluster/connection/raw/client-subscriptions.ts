import type { Socket } from 'node:net';

const COMMAND = /^\*(\d+)\r\n\$\d+\r\n([ps]?)(un)?subscribe\r\n/i;
const COMMAND_BYTES = 32;
const CONFIRMATION = /(?:^|\n)[*>]3\r\n\$\d+\r\n([ps]?)subscribe\r\n\$\d+\r\n([^\r]*)\r\n/g;
const MAX_UNREAD = 1 << 16;

/**
 * What the client of one connection listens to, read from what it sends. That client is not known here; when it connects
 * anew it subscribes again by itself, and here is seen when Redis has confirmed that.
 */
export class ClientSubscriptions {
  readonly #names = new Set<string>();
  readonly #missing = new Set<string>();

  /** Whether it listens to anything, or did when its last connection was lost. */
  get areAny(): boolean {
    return this.#names.size > 0;
  }

  /** Watches a new connection, before its client gets it. Calls back when all that was listened to is heard again. */
  watch(socket: Socket, onBack: () => void): void {
    const write = socket.write.bind(socket);
    socket.write = ((...args: Parameters<Socket['write']>) => {
      this.#note(args[0]);
      return write(...args);
    }) as Socket['write'];
    this.#missing.clear();
    for (const name of this.#names) this.#missing.add(name);
    if (this.#missing.size > 0) this.#awaitConfirmations(socket, onBack);
  }

  #note(chunk: string | Uint8Array): void {
    if (!COMMAND.test(headOf(chunk))) return;
    const { kind, isEnd, names } = parse(latin1(Buffer.from(chunk as Uint8Array)));
    if (!isEnd) for (const name of names) this.#names.add(name);
    else for (const name of names.length > 0 ? names : this.#all(kind)) this.#forget(name);
  }

  #all(kind: string): readonly string[] {
    return [...this.#names].filter((name) => name.startsWith(nameOf(kind, '')));
  }

  #forget(name: string): void {
    this.#names.delete(name);
    this.#missing.delete(name);
  }

  #awaitConfirmations(socket: Socket, onBack: () => void): void {
    let unread = '';
    const look = (chunk: Uint8Array): void => {
      unread = (unread + latin1(chunk)).slice(-MAX_UNREAD);
      let readTo = 0;
      for (const match of unread.matchAll(CONFIRMATION)) {
        this.#missing.delete(nameOf(match[1], match[2]));
        // The next one begins behind the last line feed of this one.
        readTo = match.index + match[0].length - 1;
      }
      unread = unread.slice(readTo);
      if (this.#missing.size > 0) return;
      socket.off('data', look);
      onBack();
    };
    socket.on('data', look);
  }
}

/** What a command subscribes to, or ends. */
interface Change {
  readonly kind: string;
  readonly isEnd: boolean;
  readonly names: readonly string[];
}

function parse(command: string): Change {
  const [, words = '0', kind = '', end] = COMMAND.exec(command) ?? [];
  const names = command
    .split('\r\n')
    .filter((_, index) => index > 2 && index % 2 === 0)
    .slice(0, Number(words) - 1);
  return { kind, isEnd: end !== undefined, names: names.map((name) => nameOf(kind, name)) };
}

// Nearly all are other commands, and only looked at.
function headOf(chunk: string | Uint8Array): string {
  return typeof chunk === 'string' ? chunk : latin1(chunk.subarray(0, COMMAND_BYTES));
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function nameOf(kind = '', name = ''): string {
  return `${kind.toLowerCase()} ${name}`;
}
