import { type Socket } from 'node:net';
import { breakOff } from '../net/fault-stream.js';
import { encodeReply, type FakeReply } from './fake-replies.js';

/** One client of a {@link FakeRedisServer}. */
export class FakeConnection {
  /** Every command it sent, oldest first. */
  readonly commands: (readonly string[])[] = [];
  /** What it is subscribed to. */
  readonly channels = new Set<string>();
  /** What it is subscribed to by pattern. */
  readonly patterns = new Set<string>();
  /** The sharded channels it is subscribed to. */
  readonly shardChannels = new Set<string>();
  /** The protocol it chose with `HELLO`. */
  protocol: 2 | 3 = 2;

  /** For {@link FakeRedisServer}. */
  constructor(
    /** Counts up from 1, like `CLIENT ID`. */
    readonly id: number,
    private readonly socket: Socket,
  ) {}

  /** Sends a reply, or a message without a command. */
  send(answer: FakeReply): void {
    if (!this.socket.writable) return;
    this.socket.write(encodeReply(answer, this.protocol));
    if (answer.kind === 'raw' && answer.thenClose) this.socket.end();
  }

  /** Ends the connection in an orderly way. */
  close(): void {
    this.socket.end();
  }

  /** Breaks the connection off. */
  reset(): void {
    breakOff(this.socket);
  }
}
