import type { NodeAddress } from '../../src/redis/base/address/index.js';

/** An error that the server answers with, as the driver hands it out. */
class ReplyError extends Error {
  override readonly name = 'ReplyError';
}

/** One command that a connection has brought to a server. */
export interface ModelCommand {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly succeed: (value: unknown) => void;
  readonly fail: (error: unknown) => void;
}

/** The server's side of one connection. */
export interface ModelPeer {
  /** Commands that have arrived and are not executed yet. */
  readonly inbox: ModelCommand[];
  /** Replies that have not been delivered yet. */
  readonly replies: (() => void)[];
  /** The commands since MULTI; `null` outside a transaction. */
  transaction: ModelCommand[] | null;
  /** The server accepts the connection. */
  greet(): void;
  /** The connection breaks. */
  breakUp(reason: string): void;
  /** Bytes have arrived at the other side. */
  noteBytes(): void;
}

/** The refusals that a real server sends, in its own words. */
export const REFUSALS = {
  NOREPLICAS: 'NOREPLICAS Not enough good replicas to write.',
  LOADING: 'LOADING Redis is loading the dataset in memory',
  MISCONF: 'MISCONF Errors writing to the AOF file: No space left on device',
  BUSY: 'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  OOM: "OOM command not allowed when used memory > 'maxmemory'.",
} as const;

export type RefusalName = keyof typeof REFUSALS;

const READS = new Set(['get', 'hgetall', 'keys']);

/** How often each call was executed, and where. */
export interface Executions {
  readonly counts: Map<number, number>;
  readonly lastOn: Map<number, ModelServer>;
}

/** A server whose every move a test decides. */
export class ModelServer {
  readonly peers = new Set<ModelPeer>();
  isFrozen = false;
  isPrimary = false;
  refusal: RefusalName | null = null;
  /** Its connections are broken, and this process does not know it yet. */
  isBroken = false;
  replicas = 2;
  follows: NodeAddress | null = null;
  /** Called with each command that is written to one of its connections. */
  onArrival: (name: string) => void = () => undefined;

  constructor(
    readonly address: NodeAddress,
    readonly executions: Executions,
  ) {}

  /** Executes up to so many commands of each connection, and delivers the replies if it is told to. */
  serve(most: number, delivers: boolean): void {
    if (this.isFrozen) return;
    for (const peer of [...this.peers]) {
      for (const command of peer.inbox.splice(0, most)) this.#execute(command, peer);
      if (!delivers || peer.replies.length === 0) continue;
      peer.noteBytes();
      for (const reply of peer.replies.splice(0)) reply();
    }
  }

  thaw(): void {
    this.isFrozen = false;
    for (const peer of [...this.peers]) peer.greet();
  }

  /** Breaks every connection; what was executed stays executed. */
  reset(reason: string): void {
    this.isBroken = false;
    for (const peer of [...this.peers]) peer.breakUp(reason);
  }

  #execute(command: ModelCommand, peer: ModelPeer): void {
    const answer = this.#answerOn(peer, command);
    peer.replies.push(() => {
      if (answer instanceof Error) command.fail(answer);
      else command.succeed(answer);
    });
  }

  // As a server does: what it refuses on the way makes EXEC fail, and nothing is executed.
  #answerOn(peer: ModelPeer, command: ModelCommand): unknown {
    const { name } = command;
    const { transaction } = peer;
    if (name === 'multi') {
      peer.transaction = [];
      return 'OK';
    }
    if (transaction === null) return this.#answerTo(command);
    if (name !== 'exec') {
      transaction.push(command);
      const refusal = this.#refusalOf(name);
      return refusal === null ? 'QUEUED' : new ReplyError(refusal);
    }
    peer.transaction = null;
    if (transaction.some((one) => this.#refusalOf(one.name) !== null)) {
      return new ReplyError('EXECABORT Transaction discarded because of previous errors.');
    }
    // One execution of the call, however many commands it has, and whatever they answer.
    this.#count(transaction[0] as ModelCommand);
    return transaction.map((one) => errorOf(one) ?? 'OK');
  }

  #answerTo(command: ModelCommand): unknown {
    const { name } = command;
    if (name === 'role') return this.#role();
    if (name === 'info') return 'run_id:model\r\nmaster_replid:model\r\n';
    if (name === 'ping') return 'PONG';
    if (name === 'time') return [];
    const refusal = this.#refusalOf(name);
    if (refusal !== null) return new ReplyError(refusal);
    const error = errorOf(command);
    // A script of the user's may word its errors as it likes, after it has done its work.
    if (error === null || name === 'eval') this.#count(command);
    return error ?? 'OK';
  }

  #count({ args }: ModelCommand): void {
    const id = args[0] as number;
    this.executions.counts.set(id, (this.executions.counts.get(id) ?? 0) + 1);
    this.executions.lastOn.set(id, this);
  }

  #refusalOf(name: string): string | null {
    const isRead = READS.has(name);
    if (this.refusal === 'LOADING' || this.refusal === 'BUSY') return REFUSALS[this.refusal];
    if (isRead) return null;
    if (!this.isPrimary) return "READONLY You can't write against a read only replica.";
    return this.refusal === null ? null : REFUSALS[this.refusal];
  }

  #role(): unknown[] {
    if (this.isPrimary) return ['master', 1, Array.from({ length: this.replicas }, () => [])];
    return ['slave', this.follows?.host ?? '', this.follows?.port ?? 0, 'connected', 1];
  }
}

function errorOf({ name, args }: ModelCommand): ReplyError | null {
  if (args[1] !== true) return null;
  return new ReplyError(
    name === 'eval' ? 'BUSY the lock is held' : 'WRONGTYPE Operation against a key',
  );
}
