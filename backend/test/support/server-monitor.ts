import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { NodeAddress } from '../../src/redis/index.js';
import { waitUntil, type RedisTestServer } from '../../src/redis/testing/index.js';

/** A command that a client has sent to a server; what scripts run is not among them. */
export interface HeardCommand {
  /** In calendar milliseconds of the server. */
  readonly at: number;
  /** The command and its arguments. */
  readonly words: readonly string[];
}

const LINE = /^\+(\d+\.\d+) \[\d+ (\S+)\] (.*)$/;
const WORD = /"((?:[^"\\]|\\.)*)"/g;

/** Hears all that clients send to a server (`MONITOR`). It has a socket of its own: lines may come with the first reply. */
export class ServerMonitor {
  readonly #socket: Socket;
  #text = '';

  private constructor(socket: Socket, onCommand: (command: HeardCommand) => void) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('error', () => undefined);
    socket.on('data', (text: string) => {
      const lines = (this.#text + text).split('\r\n');
      this.#text = lines.pop() ?? '';
      for (const line of lines) {
        const command = commandIn(line);
        if (command !== null) onCommand(command);
      }
    });
  }

  /** Resolves when it hears. */
  static async open(
    { host, port }: NodeAddress,
    onCommand: (command: HeardCommand) => void,
    password?: string,
  ): Promise<ServerMonitor> {
    const socket = connect({ host, port });
    await once(socket, 'connect');
    const first = once(socket, 'data');
    const monitor = new ServerMonitor(socket, onCommand);
    socket.write(`${password === undefined ? '' : `AUTH ${password}\r\n`}MONITOR\r\n`);
    await first;
    return monitor;
  }

  /** Hears no more. */
  close(): void {
    this.#socket.destroy();
  }
}

function commandIn(line: string): HeardCommand | null {
  const [, time, client, rest = ''] = LINE.exec(line) ?? [];
  if (client === undefined || client === 'lua') return null;
  return { at: Number(time) * 1_000, words: [...rest.matchAll(WORD)].map(([, word = '']) => word) };
}

/** Returns all that clients send to a server without a password while the work is done. */
export async function heardBy(
  { node }: Pick<RedisTestServer, 'node'>,
  work: () => Promise<unknown>,
): Promise<HeardCommand[]> {
  const heard: HeardCommand[] = [];
  const monitor = await ServerMonitor.open(node.address, (command) => heard.push(command));
  try {
    await work();
    const last = randomUUID();
    await node.command('ECHO', last);
    await waitUntil(() => heard.some(({ words }) => words[1] === last), {
      what: 'the last command',
    });
    return heard;
  } finally {
    monitor.close();
  }
}
