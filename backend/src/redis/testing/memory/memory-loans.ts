import { CommandOperations, type PrimaryLoans } from '../../commands/index.js';
import { type MemoryWays, written } from './memory-ways.js';

type Loan = Awaited<ReturnType<PrimaryLoans['acquire']>>;
type Calls = PrimaryLoans['calls'];

/** Lends connections to a Redis in memory: there are always some, and it always takes writes. */
export class MemoryLoans {
  readonly isFirstWriteAwaited = false;
  readonly operations = new CommandOperations();
  /** Nothing is sent again here. */
  readonly countAgain = (): void => undefined;
  readonly calls: Pick<Calls, 'run'> = {
    run: async (call, place) => {
      const loan = await place.enter(call);
      try {
        const reply = await written(call.payload, loan.wire);
        place.leave(loan, { reply });
        return reply;
      } catch (error) {
        place.leave(loan, { failure: 'rejected', error, ending: null });
        throw error;
      }
    },
  };
  readonly #ways: MemoryWays;

  constructor(ways: MemoryWays) {
    this.#ways = ways;
  }

  get isClosed(): boolean {
    return this.#ways.isClosed;
  }

  acquire(): Promise<Loan> {
    const nothing = (): void => undefined;
    const loan = { wire: this.#ways.newWire(), release: nothing, discard: nothing };
    // Nobody asks for the node that it leads to, nor for more of the wire than a call needs.
    return Promise.resolve(loan as unknown as Loan);
  }

  whenWritable(): Promise<void> {
    return Promise.resolve();
  }

  whenWritableFor(): Promise<void> {
    return Promise.resolve();
  }
}
