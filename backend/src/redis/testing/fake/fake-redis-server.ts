import type { Server, Socket } from 'node:net';
import type { NodeAddress } from '../../base/address/index.js';
import { FakeConnection } from './fake-connection.js';
import { answerByDefault } from './fake-defaults.js';
import { reply, type FakeReply } from './fake-replies.js';
import { startServer, stopServer } from '../../lab/index.js';
import { RespReader, type RespValue, textOfValue } from '../net/resp-codec.js';

/** What a handler may return; `undefined` leaves the command to the defaults. */
export type FakeAnswer = FakeReply | readonly FakeReply[] | undefined;

/**
 * Returns the replies of a {@link FakeRedisServer} to a command. The name of the command comes first, as the client
 * spelled it.
 * Replies leave in the order of the commands, also when a handler takes its time.
 */
export type FakeHandler = (
  command: string[],
  connection: FakeConnection,
) => FakeAnswer | Promise<FakeAnswer>;

/**
 * A server in this process that speaks the Redis protocol and sends any reply you want, such as one that a real Redis
 * sends rarely or never. Without a handler it behaves like an idle primary without data.
 */
export class FakeRedisServer {
  private readonly clients = new Map<FakeConnection, Socket>();
  private accepted = 0;

  private constructor(
    private readonly server: Server,
    /** Where it listens. */
    readonly address: NodeAddress,
    private handler: FakeHandler,
  ) {
    server.on('connection', (socket: Socket) => {
      this.accept(socket);
    });
  }

  /**
   * Starts a server on a free port.
   * @throws TestClusterError when no port can be had.
   */
  static async start(handler: FakeHandler = () => undefined): Promise<FakeRedisServer> {
    const { server, address } = await startServer('a fake Redis', { noDelay: true });
    return new FakeRedisServer(server, address, handler);
  }

  /** The clients that are connected. */
  get connections(): readonly FakeConnection[] {
    return [...this.clients.keys()];
  }

  /** How many clients have connected since the start. */
  get connectionsEver(): number {
    return this.accepted;
  }

  /** Sets another handler, used from the next command on. */
  handle(handler: FakeHandler): void {
    this.handler = handler;
  }

  /** Sends a message to everybody who subscribed to the channel; returns how many that are. */
  publish(channel: string, message: string): number {
    const subscribers = this.connections.filter(({ channels }) => channels.has(channel));
    for (const connection of subscribers) connection.send(reply.push('message', channel, message));
    return subscribers.length;
  }

  /** The same for a sharded channel. */
  publishShard(channel: string, message: string): number {
    const subscribers = this.connections.filter(({ shardChannels }) => shardChannels.has(channel));
    for (const connection of subscribers) connection.send(reply.push('smessage', channel, message));
    return subscribers.length;
  }

  /** Breaks every connection off; new ones are accepted. */
  resetConnections(): void {
    for (const connection of this.connections) connection.reset();
  }

  /** Breaks every connection off and gives the port back. Calling it twice is harmless. */
  async stop(): Promise<void> {
    this.resetConnections();
    await stopServer(this.server);
  }

  private accept(socket: Socket): void {
    this.accepted += 1;
    const connection = new FakeConnection(this.accepted, socket);
    const reader = new RespReader();
    let answered: Promise<void> = Promise.resolve();
    this.clients.set(connection, socket);
    socket.on('error', () => {
      // The 'close' that follows is what counts.
    });
    socket.on('close', () => this.clients.delete(connection));
    socket.on('data', (bytes) => {
      for (const value of reader.push(bytes)) {
        const command = toCommand(value);
        connection.commands.push(command);
        answered = answered.then(() => this.answer(command, connection));
      }
    });
  }

  private async answer(command: string[], connection: FakeConnection): Promise<void> {
    for (const each of await this.repliesTo(command, connection)) connection.send(each);
    if (command[0]?.toUpperCase() === 'QUIT') connection.close();
  }

  private async repliesTo(
    command: string[],
    connection: FakeConnection,
  ): Promise<readonly FakeReply[]> {
    try {
      const answer = await this.handler(command, connection);
      if (answer === undefined) return answerByDefault(command, connection);
      return Array.isArray(answer) ? (answer as readonly FakeReply[]) : [answer as FakeReply];
    } catch (error) {
      // A broken handler should break the test that reads the reply, not the process.
      return [reply.error(`ERR the handler threw: ${error instanceof Error ? error.message : ''}`)];
    }
  }
}

function toCommand(value: RespValue): string[] {
  return Array.isArray(value) ? (value as readonly RespValue[]).map(textOfValue) : [];
}
