import type { Socket } from 'node:net';
import { formatAddress, type NodeAddress } from '../../redis/base/address/index.js';
import { safeMessage } from '../../redis/base/errors/index.js';
import { onAbort } from '../../redis/base/timing/index.js';
import { openSocket, presentLogin, presentTls } from '../../redis/cluster/connection/index.js';
import type { ResolvedAccess } from '../../redis/config/index.js';
import { LinkError } from './link-error.js';
import { broken, RedisRefusal, type Reply, ReplyReader, textIn } from './reply-reader.js';

type Word = string | Buffer;

const SILENT_MS = 60_000;

/** A connection to one node, for one that waits for each answer, or sends many commands and reads their answers later. */
export class NodeLink {
  /** Where it leads. */
  readonly address: NodeAddress;
  readonly #socket: Socket;
  readonly #reader: ReplyReader;

  private constructor(address: NodeAddress, socket: Socket) {
    this.address = address;
    this.#socket = socket;
    this.#reader = new ReplyReader(socket);
    socket.on('data', (bytes) => {
      this.#reader.push(bytes);
    });
    socket.on('error', (error) => {
      this.#reader.fail(broken(safeMessage(error)));
    });
    socket.on('close', () => {
      this.#reader.fail(broken('the node closed it'));
    });
    this.silentAfter(SILENT_MS);
  }

  /**
   * Connects and logs in.
   *
   * @param signal - closes it, which ends whatever waits for an answer
   * @throws {@link LinkError} when the node does not answer, or lets nobody in.
   */
  static async open(
    address: NodeAddress,
    access: ResolvedAccess,
    signal: AbortSignal,
  ): Promise<NodeLink> {
    const socket = openSocket(address, await presentTls(access, address.host));
    const link = new NodeLink(address, socket);
    const stopListening = onAbort(signal, () => {
      link.close();
    });
    socket.once('close', stopListening);
    try {
      const login = await presentLogin(access);
      if (login !== null) {
        const { username, password } = login;
        await link.ask('AUTH', ...(username === null ? [] : [username]), password);
      }
      await link.ask('PING');
      return link;
    } catch (error) {
      link.close();
      throw error;
    }
  }

  /** What comes from the node. */
  get reader(): ReplyReader {
    return this.#reader;
  }

  /** A node that says nothing for so long is given up. */
  silentAfter(ms: number): void {
    this.#socket.setTimeout(ms, () => {
      this.#reader.fail(broken(`the node said nothing for ${String(ms / 1_000)} s`));
      this.#socket.destroy();
    });
  }

  /** Sends a command, and reads its answer. @throws {@link LinkError} `NODE_REFUSED` for an error. */
  async ask(...words: readonly Word[]): Promise<Reply> {
    this.send(words);
    const reply = await this.#reader.reply();
    if (!(reply instanceof RedisRefusal)) return reply;
    throw new LinkError(
      'NODE_REFUSED',
      `${formatAddress(this.address)} refuses ${String(words[0])}: ${reply.message}`,
      `Give a user that may do ${String(words[0])}, and see how the node is`,
    );
  }

  /** The same, where an older server may refuse it. */
  async tell(...words: readonly Word[]): Promise<boolean> {
    this.send(words);
    return !((await this.#reader.reply()) instanceof RedisRefusal);
  }

  /** Sends a command. Its answer comes in turn. */
  send(words: readonly Word[]): void {
    this.#socket.write(encoded(words));
  }

  /** A section of `INFO` as fields. */
  async info(...sections: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const parts: [string, string][] = [];
    for (const section of sections) {
      parts.push(...fieldsOf(textIn(await this.ask('INFO', section))));
    }
    return new Map(parts);
  }

  /** The ids of the history of its writes: the present one, and the one before a failover. */
  async histories(): Promise<readonly string[]> {
    const info = await this.info('replication');
    return [info.get('master_replid') ?? '', info.get('master_replid2') ?? ''];
  }

  /** Calendar milliseconds of the node. */
  async time(): Promise<number> {
    const [seconds, micros] = (await this.ask('TIME')) as readonly Reply[];
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }

  close(): void {
    this.#socket.destroy();
  }
}

function fieldsOf(text: string): [string, string][] {
  return text.split('\r\n').flatMap((line): [string, string][] => {
    const at = line.indexOf(':');
    return at <= 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
  });
}

function encoded(words: readonly Word[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${String(words.length)}\r\n`)];
  for (const word of words) {
    const bytes = typeof word === 'string' ? Buffer.from(word) : word;
    parts.push(Buffer.from(`$${String(bytes.length)}\r\n`), bytes, LINE_END);
  }
  return Buffer.concat(parts);
}

const LINE_END = Buffer.from('\r\n');
