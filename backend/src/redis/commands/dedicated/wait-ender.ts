import type { Loan, RedisNode, Wire } from '../../cluster/connection/index.js';
import { replyPrefix } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import { inBackground, Pulse, type Clock, type Stop } from '../../base/timing/index.js';

const ASK_AGAIN_MS = 20;
const CUT_AFTER_BEATS = 10;

/** A lent connection to the primary. */
export interface PrimaryLoan extends Loan {
  /** The node it leads to, whose shared connection carries what is said about it. */
  readonly node: RedisNode;
}

/**
 * The one way to end a wait in the server with certainty: with `CLIENT UNBLOCK` on another connection
 * the reply is either an element or the error `UNBLOCKED`. Where that does not help in time the
 * connection is cut, and an element may have been taken unseen.
 */
export class WaitEnder {
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #ids = new WeakMap<Wire, Promise<number | null>>();

  constructor(clock: Clock, bus: EventBus) {
    this.#clock = clock;
    this.#bus = bus;
  }

  /** Asks for what is needed to end the next wait on this connection. Its first wait only costs a command. */
  prepare(wire: Wire): void {
    if (this.#ids.has(wire)) return;
    // It is kept for as long as the connection.
    const id = inBackground(() => this.#askId(wire));
    this.#ids.set(wire, id);
  }

  /** Ends what waits on the connection. What it returns is called when the wait is over. */
  end(loan: PrimaryLoan): Stop {
    let isOver = false;
    let isAsking = false;
    const ask = async (): Promise<void> => {
      isAsking = true;
      const canEnd = await this.#unblock(loan);
      isAsking = false;
      if (!canEnd && !isOver) loan.discard();
    };
    let beats = 0;
    // A pause of this process counts as one beat: the answer may lie in its socket meanwhile.
    const pulse = new Pulse(
      this.#clock,
      ASK_AGAIN_MS,
      () => {
        if (++beats >= CUT_AFTER_BEATS) loan.discard();
        // The wait may begin after it is asked to end: then the server knew of none.
        else if (!isAsking) void ask();
        return beats < CUT_AFTER_BEATS;
      },
      { holds: true },
    );
    void ask();
    pulse.wake();
    return () => {
      isOver = true;
      pulse.stop();
    };
  }

  async #askId(wire: Wire): Promise<number | null> {
    try {
      const answer = await wire.call('client', ['id']);
      return typeof answer === 'number' ? answer : null;
    } catch (error) {
      this.#noteRefusal(error);
      return null;
    }
  }

  /** Returns whether asking again could help. */
  async #unblock({ wire, node }: PrimaryLoan): Promise<boolean> {
    const id = await this.#ids.get(wire);
    if (typeof id !== 'number') return false;
    try {
      await node.call('client', 'unblock', String(id), 'error');
      return true;
    } catch (error) {
      return !this.#noteRefusal(error);
    }
  }

  #noteRefusal(error: unknown): boolean {
    const isRefused = error instanceof Error && replyPrefix(error) === 'NOPERM';
    if (isRefused) this.#bus.doubt(MISSING_RIGHTS);
    return isRefused;
  }
}

const MISSING_RIGHTS = {
  field: 'ACL of node.username',
  value: 'incomplete',
  message:
    'CLIENT ID and CLIENT UNBLOCK are refused, so a blocking command that has to end early is cut, ' +
    'and fails with COMMAND_UNCERTAIN',
  remedy: 'Allow +client|id and +client|unblock',
};
