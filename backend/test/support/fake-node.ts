import type { NodeAddress } from '../../src/redis/base/address/index.js';
import {
  FakeRedisServer,
  reply,
  type FakeAnswer,
  type FakeConnection,
  type FakeReply,
} from '../../src/redis/testing/index.js';

/** Replies to a data command; `undefined` stands for `+OK`. */
export type DataHandler = (
  command: readonly string[],
  connection: FakeConnection,
) => FakeAnswer | Promise<FakeAnswer>;

const HOUSEKEEPING = new Set(
  'HELLO AUTH SELECT CLIENT PING SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE'.split(
    ' ',
  ),
);

/** A fake data node with a role, which can be frozen and thawed like a process. */
export class FakeNode {
  role: 'master' | 'slave' | 'sentinel' = 'master';
  /** The primary it follows, as a replica. */
  follows: NodeAddress = { host: '127.0.0.1', port: 1 };
  link = 'connected';
  offset = 0;
  /** The replicas that it lists as a primary, as it sees them. */
  listed: readonly { readonly address: NodeAddress; readonly offset: number }[] = [];
  runId = 'run-1';
  /** Its calendar, for `TIME`; without one its answer says nothing. */
  wallTime: (() => number) | null = null;
  versionLine = 'redis_version:7.0.15';
  /** Answers data commands. */
  answer: DataHandler = () => undefined;
  /** Replies to the commands that connections are kept with, in place of this class. */
  override: DataHandler = () => undefined;
  /** Data commands in the order in which they were received, on all connections. */
  readonly received: (readonly string[])[] = [];
  readonly server: FakeRedisServer;
  #frozen: Promise<void> | null = null;
  #thaw: () => void = () => undefined;

  private constructor(server: FakeRedisServer) {
    this.server = server;
    server.handle(async (command, connection) => {
      const name = (command[0] ?? '').toUpperCase();
      const own = this.#isHousekeeping(name);
      if (!own) this.received.push(command);
      if (this.#frozen !== null) await this.#frozen;
      const overridden = await this.override(command, connection);
      if (overridden !== undefined) return overridden;
      if (name === 'ROLE') return this.#roleReply();
      if (name === 'INFO') return reply.bulk(`${this.versionLine}\r\nrun_id:${this.runId}\r\n`);
      if (name === 'TIME') return this.#timeReply();
      if (own) return undefined;
      return (await this.answer(command, connection)) ?? reply.simple('OK');
    });
  }

  static async start(init: Partial<Pick<FakeNode, 'role' | 'follows' | 'runId'>> = {}) {
    const node = new FakeNode(await FakeRedisServer.start());
    Object.assign(node, init);
    return node;
  }

  get address(): NodeAddress {
    return this.server.address;
  }

  /** Makes it a replica of another node. */
  follow(primary: FakeNode): void {
    this.role = 'slave';
    this.follows = primary.address;
  }

  /** Names of the data commands that were received. */
  get names(): string[] {
    return this.received.map(([name = '']) => name.toLowerCase());
  }

  /** How many commands of this name reached one of the sockets that are open now. */
  arrived(name: string): number {
    return this.server.connections
      .flatMap(({ commands }) => commands)
      .filter(([each = '']) => each.toLowerCase() === name).length;
  }

  /** Connections stay open, and nothing is answered any more. */
  freeze(): void {
    this.#frozen ??= new Promise((resolve) => (this.#thaw = resolve));
  }

  /** Answers everything that arrived meanwhile. */
  thaw(): void {
    this.#frozen = null;
    this.#thaw();
  }

  async stop(): Promise<void> {
    this.thaw();
    await this.server.stop();
  }

  #isHousekeeping(name: string): boolean {
    return HOUSEKEEPING.has(name) || ['ROLE', 'INFO', 'TIME'].includes(name);
  }

  #timeReply(): FakeReply {
    if (this.wallTime === null) return reply.simple('OK');
    const micros = Math.round(this.wallTime() * 1_000);
    return reply.array(String(Math.floor(micros / 1_000_000)), String(micros % 1_000_000));
  }

  #roleReply(): FakeReply {
    if (this.role === 'sentinel') return reply.array('sentinel', reply.array());
    if (this.role === 'master') {
      const listed = this.listed.map(({ address: { host, port }, offset }) =>
        reply.array(host, String(port), String(offset)),
      );
      return reply.array('master', reply.int(this.offset), reply.array(...listed));
    }
    const { host, port } = this.follows;
    return reply.array('slave', host, reply.int(port), this.link, reply.int(this.offset));
  }
}
