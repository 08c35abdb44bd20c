import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

const NXDOMAIN = 3;
const TYPES: Readonly<Record<number, (address: string) => boolean>> = {
  1: (address) => !isIPv6(address),
  28: isIPv6,
};

/** A name server that knows what it was told `lagMs` ago, as one with a cache does, and nothing else. */
export class TinyDns {
  readonly #socket: Socket;
  readonly #lagMs: number;
  readonly #records = new Map<string, string>();

  private constructor(socket: Socket, lagMs: number) {
    this.#socket = socket;
    this.#lagMs = lagMs;
    socket.on('message', (query, { address, port }) => {
      const answer = this.#answer(query);
      if (answer !== null) socket.send(answer, port, address);
    });
  }

  /** Listens on port 53 of an address. */
  static open(address: string, lagMs: number): Promise<TinyDns> {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const dns = new TinyDns(socket, lagMs);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(53, address, () => resolve(dns));
    });
  }

  /** Gives a name an address, or none; clients hear of it after the lag. */
  set(name: string, address: string | null): void {
    setTimeout(() => {
      if (address === null) this.#records.delete(name);
      else this.#records.set(name, address);
    }, this.#lagMs).unref();
  }

  close(): void {
    this.#socket.close();
  }

  #answer(query: Buffer): Buffer | null {
    const question = readQuestion(query);
    if (question === null) return null;
    const fits = TYPES[question.type] ?? (() => false);
    const address = this.#records.get(question.name);
    const record = address !== undefined && fits(address) ? recordOf(address) : Buffer.alloc(0);
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8580 | (address === undefined ? NXDOMAIN : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(record.length === 0 ? 0 : 1, 6);
    return Buffer.concat([head, query.subarray(12, question.end), record]);
  }
}

interface Question {
  readonly name: string;
  readonly type: number;
  readonly end: number;
}

function readQuestion(query: Buffer): Question | null {
  const labels: string[] = [];
  let at = 12;
  for (;;) {
    const length = query[at];
    if (length === undefined) return null;
    if (length === 0) break;
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  if (at + 5 > query.length) return null;
  return {
    name: labels.join('.').toLowerCase(),
    type: query.readUInt16BE(at + 1),
    end: at + 5,
  };
}

function recordOf(address: string): Buffer {
  const bytes = isIPv6(address) ? bytesOfV6(address) : Buffer.from(address.split('.').map(Number));
  const head = Buffer.from([0xc0, 0x0c, 0, isIPv6(address) ? 28 : 1, 0, 1, 0, 0, 0, 5, 0, 0]);
  head.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([head, bytes]);
}

function bytesOfV6(address: string): Buffer {
  const [left = '', right = ''] = address.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => parseInt(group, 16));
  const [before, after] = [groups(left), groups(right)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  const bytes = Buffer.alloc(16);
  [...before, ...zeros, ...after].forEach((group, i) => bytes.writeUInt16BE(group, 2 * i));
  return bytes;
}
