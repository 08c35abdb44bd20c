import type { Socket } from 'node:net';
import type { Login, LoginRenewal } from '../../../config/index.js';
import { authArgs } from '../handshake/handshake-steps.js';
import { encode } from '../handshake/socket-handshake.js';
import { RespFrames, type FrameEnd } from './resp-frames.js';

const COMMAND = /^\*\d+\r\n\$\d+\r\n([^\r]+)\r\n(?:\$\d+\r\n([^\r]+)\r\n)?/;
const HEAD_BYTES = 128;

// From these on replies cannot be counted any more, or the server takes no AUTH, or the library has logged in itself.
const OUT_OF_REACH =
  /^(p?subscribe|ssubscribe|monitor|p?sync|reset|quit|auth|client (reply|tracking))\b/;

type Phase = 'free' | 'transaction' | 'out-of-reach';

/** An `AUTH` that was sent. */
interface SentLogin {
  /** How many commands were sent before it. */
  readonly position: number;
  readonly settle: (outcome: LoginRenewal) => void;
}

/**
 * Logs a connection in again that belongs to a client of another library. That client is not known here, but its socket
 * is: between two commands an `AUTH` is slipped in, and its answer is taken out. For that commands and answers are
 * counted, from the first on.
 */
export class RawLogin {
  readonly #commands = new RespFrames();
  readonly #answers = new RespFrames();
  readonly #write: Socket['write'];
  #phase: Phase = 'free';
  #sent = 0;
  #answered = 0;
  #due: Login | null = null;
  #awaited: SentLogin | null = null;
  #held: Buffer[] = [];

  /** @param socket - one on which nothing is under way, before its client gets it */
  constructor(socket: Socket) {
    this.#write = socket.write.bind(socket);
    const emit = socket.emit.bind(socket) as (event: string, ...args: unknown[]) => boolean;
    socket.write = ((...args: Parameters<Socket['write']>) => {
      this.#noteCommands(args[0]);
      const isDrained = this.#write(...args);
      this.#sendDue();
      return isDrained;
    }) as Socket['write'];
    socket.emit = ((event: string, ...args: unknown[]) => {
      if (event !== 'data') return emit(event, ...args);
      const rest = this.#take(args[0] as Buffer);
      return rest === null ? true : emit('data', rest);
    }) as Socket['emit'];
    socket.once('close', () => {
      this.#phase = 'out-of-reach';
      this.#settle('later');
    });
  }

  /**
   * Logs in as soon as the connection is between two commands and in no transaction. Resolves with `later` when that
   * has to be waited for, or answers are, and when it must be connected anew.
   */
  logIn(login: Login): Promise<LoginRenewal> {
    if (this.#phase === 'out-of-reach') return Promise.resolve('later');
    const isBusy = this.#phase !== 'free' || this.#sent > this.#answered;
    this.#due = login;
    return new Promise((resolve) => {
      this.#sendDue(resolve);
      if (isBusy) resolve('later');
    });
  }

  #sendDue(settle: SentLogin['settle'] = () => undefined): void {
    const login = this.#due;
    if (login === null || this.#phase !== 'free' || this.#awaited !== null) return;
    this.#due = null;
    this.#awaited = { position: this.#sent++, settle };
    this.#write(encode({ name: 'auth', args: authArgs(login) }));
  }

  #noteCommands(chunk: string | Uint8Array): void {
    if (this.#phase === 'out-of-reach') return;
    const bytes = Buffer.from(chunk as string);
    const ends = this.#commands.isBetweenFrames ? this.#commands.read(bytes) : null;
    // A command in pieces would have to wait for its end; clients write whole ones.
    if (ends === null || !this.#commands.isBetweenFrames) {
      this.#phase = 'out-of-reach';
      return;
    }
    let start = 0;
    for (const { end } of ends) {
      this.#sent++;
      this.#noteName(bytes.toString('latin1', start, Math.min(end, start + HEAD_BYTES)));
      start = end;
    }
  }

  #noteName(head: string): void {
    const [, name = '', first = ''] = COMMAND.exec(head) ?? [];
    const words = `${name} ${first}`.toLowerCase();
    if (OUT_OF_REACH.test(words)) this.#phase = 'out-of-reach';
    if (this.#phase === 'out-of-reach') return;
    if (/^multi\b/.test(words)) this.#phase = 'transaction';
    else if (/^(exec|discard)\b/.test(words)) this.#phase = 'free';
  }

  /** Counts the answers. Returns what is for the client; `null` when nothing of it is. */
  #take(bytes: Buffer): Buffer | null {
    if (this.#phase === 'out-of-reach' && this.#awaited === null) return bytes;
    const ends = this.#answers.read(bytes);
    if (ends === null) return this.#giveUp(bytes);
    const passed: Buffer[] = [];
    let start = 0;
    for (const { end, kind } of ends) {
      const frame = [...this.#held.splice(0), bytes.subarray(start, end)];
      start = end;
      if (!this.#isOurs(kind)) passed.push(...frame);
    }
    // Whether it is for the client shows at its end.
    if (start < bytes.length) (this.#isOursNext ? this.#held : passed).push(bytes.subarray(start));
    if (passed.length < 2) return passed[0] ?? null;
    return Buffer.concat(passed);
  }

  get #isOursNext(): boolean {
    return this.#answered === this.#awaited?.position;
  }

  // Counts the answer. The one to our AUTH is not for the client.
  #isOurs(kind: FrameEnd['kind']): boolean {
    if (kind === 'push') return false;
    const isOurs = this.#isOursNext;
    this.#answered++;
    if (isOurs) this.#settle(kind === 'error' ? 'refused' : 'renewed');
    return isOurs;
  }

  #giveUp(bytes: Buffer): Buffer {
    this.#phase = 'out-of-reach';
    this.#settle('later');
    return Buffer.concat([...this.#held.splice(0), bytes]);
  }

  #settle(outcome: LoginRenewal): void {
    const sent = this.#awaited;
    this.#awaited = null;
    sent?.settle(outcome);
    this.#sendDue();
  }
}
