import { classifyFailure, replyPrefix } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import { noteAgain, noteSent } from '../../base/operations/index.js';
import { holdUntil, onAbort, type Clock, type Stop } from '../../base/timing/index.js';
import type { TopologyTracker } from '../../cluster/topology/index.js';
import { rejectedError } from '../shared/outcome-errors.js';
import { nextStep } from '../shared/retry-rules.js';
import {
  isBlocking,
  type Ending,
  type Failure,
  type LoanCall,
  type LoanPlace,
  type Outcome,
} from './loan-call.js';
import { endedError, reasonOf, uncertainError } from './loan-errors.js';
import { WaitEnder, type PrimaryLoan } from './wait-ender.js';

const REFUSAL_PAUSE_MS = 10;

/**
 * The life of a call on a connection of its own. It waits for a primary and a connection (waiting), for
 * the socket (opening), for its answer (sent), and settles once, in {@link LoanCalls.run}.
 *
 * | state   | refusal       | loss               | fence                   | abort, deadline, shutdown     |
 * | ------- | ------------- | ------------------ | ----------------------- | ----------------------------- |
 * | waiting | –             | waits on           | waits on                | settles: not executed         |
 * | opening | –             | waits on           | waits on                | settles: not executed         |
 * | sent    | waits, paused | waits if harmless, | a blocking command is   | a blocking command is ended;  |
 * |         |               | else uncertain     | ended and waits again;  | shutdown lets others go on;   |
 * |         |               |                    | others go on            | else cut: uncertain, or a     |
 * |         |               |                    |                         | read: not executed            |
 * | settled | –             | –                  | –                       | –                             |
 *
 * A blocking command is ended by {@link WaitEnder}: its answer is an element, or shows that none was
 * taken, or the connection is cut after a short time and it is uncertain. On an exclusive connection
 * "waits on" after a loss becomes `CONNECTION_LOST`, because what it stands for is lost with it.
 */
export class LoanCalls {
  readonly #tracker: TopologyTracker;
  readonly #clock: Clock;
  readonly #ender: WaitEnder;
  readonly #waits = new Set<(ending: Ending) => void>();
  #isClosing = false;

  constructor(tracker: TopologyTracker, clock: Clock, bus: EventBus) {
    this.#tracker = tracker;
    this.#clock = clock;
    this.#ender = new WaitEnder(clock, bus);
    bus.on('writes.paused', () => {
      this.#endWaits('fence');
    });
  }

  /** Runs a call to its end. */
  async run(call: LoanCall, place: LoanPlace): Promise<unknown> {
    const stop = holdUntil(this.#clock, call.deadlineAt, () => undefined);
    try {
      return await this.#live(call, place);
    } finally {
      stop();
    }
  }

  /** Ends all blocking commands: the application is shutting down. Later ones are not sent. */
  close(): void {
    this.#isClosing = true;
    this.#endWaits('shutdown');
  }

  async #live(call: LoanCall, place: LoanPlace): Promise<unknown> {
    let mayHaveRun = false;
    for (;;) {
      const loan = await this.#enter(call, place, mayHaveRun);
      const outcome = await this.#attempt(loan, call);
      place.leave(loan, outcome);
      if ('reply' in outcome) return outcome.reply;
      this.#throwUnlessAgain(call, place, loan, { ...outcome, mayHaveRun });
      mayHaveRun ||= outcome.failure === 'unknown' && call.intent.changes;
      // What was never sent is not sent again.
      if (outcome.failure !== 'not-sent')
        noteSentAgain(call, outcome.failure === 'unknown' ? 'lost' : 'refused');
      if (mayHaveRun) call.payload.mayHaveRunBefore = true;
      // Nothing may be tried again in the same turn: it would keep the process from everything else.
      const isAnswered = outcome.failure === 'unblocked' || outcome.failure === 'unknown';
      if (!isAnswered) await this.#clock.sleep(REFUSAL_PAUSE_MS);
    }
  }

  async #enter(call: LoanCall, place: LoanPlace, mayHaveRun: boolean): Promise<PrimaryLoan> {
    try {
      return await place.enter(call);
    } catch (error) {
      if (mayHaveRun) throw uncertainError(call, 'it could not be repeated in time', error);
      if (call.signal?.aborted === true) throw endedError(call, 'abort', null);
      throw error;
    }
  }

  #throwUnlessAgain(
    call: LoanCall,
    place: LoanPlace,
    { node }: PrimaryLoan,
    { failure, error, ending, mayHaveRun }: Failure & { readonly mayHaveRun: boolean },
  ): void {
    const { payload, intent, isRepeatable } = call;
    const isEnded = ending !== null && ending !== 'fence';
    const hasConnection = place.hasConnection(call, failure);
    const attempt = { failure, changes: intent.changes, isRepeatable, mayHaveRun };
    switch (nextStep({ ...attempt, isEnded, hasConnection })) {
      case 'look-again':
        this.#tracker.suspect(node, 'READONLY');
        return;
      case 'again':
        return;
      case 'uncertain':
        throw uncertainError(call, reasonOf(ending), error);
      case 'reject':
        throw rejectedError(payload.label, error);
      case 'lost':
        throw place.lostError(call, error);
      case 'end':
        throw endedError(call, ending, error);
    }
  }

  /** Sends the call once, and ends it when it is time to. */
  #attempt(loan: PrimaryLoan, call: LoanCall): Promise<Outcome> {
    const obstacle = this.#obstacleTo(loan, call);
    if (obstacle !== null) return Promise.resolve(obstacle);
    return new Promise((resolve) => {
      const stops: Stop[] = [];
      let ending: Ending | null = null;
      const settle = (outcome: Outcome): void => {
        for (const stop of stops) stop();
        if (call.intent.changes) this.#noteWrite(outcome);
        resolve(outcome);
      };
      const end = (by: Ending): void => {
        if (ending !== null) return;
        ending = by;
        if (isBlocking(call)) stops.push(this.#ender.end(loan));
        else loan.discard();
      };
      if (isBlocking(call)) {
        this.#ender.prepare(loan.wire);
        stops.push(this.#onEndOfWaits(end));
      }
      stops.push(
        holdUntil(this.#clock, call.deadlineAt, () => {
          end('deadline');
        }),
        onAbort(call.signal, () => {
          end('abort');
        }),
      );
      this.#send(loan, call, (outcome) => {
        settle('reply' in outcome ? outcome : { ...outcome, ending });
      });
    });
  }

  // What refuses this write refuses those of everybody.
  #noteWrite(outcome: Outcome): void {
    if ('reply' in outcome) this.#tracker.noteAcceptedWrite();
    else if (outcome.failure === 'not-ready' && outcome.error instanceof Error) {
      this.#tracker.noteRefusedWrite(replyPrefix(outcome.error));
    }
  }

  #send(
    { wire, node }: PrimaryLoan,
    { payload, intent, operation }: LoanCall,
    done: (outcome: Outcome) => void,
  ): void {
    const onFailure = (error: unknown): void => {
      done({ failure: classifyFailure(error, intent.isOpaque), error, ending: null });
    };
    if (operation !== undefined) noteSent(operation, node.address);
    try {
      payload.write(wire, {
        onValue: (reply) => {
          done({ reply });
        },
        onFailure,
      });
      wire.flush();
    } catch (error) {
      onFailure(error);
    }
  }

  // Much may have happened since the connection was asked for: this is the last look.
  #obstacleTo(loan: PrimaryLoan, call: LoanCall): Failure | null {
    const ending = this.#endingOf(call) ?? (this.#isFencedFrom(loan, call) ? 'fence' : null);
    if (ending === null && loan.wire.isReady) return null;
    return { failure: 'not-sent', error: null, ending };
  }

  #endingOf(call: LoanCall): Ending | null {
    if (call.signal?.aborted === true) return 'abort';
    if (this.#clock.now() >= call.deadlineAt) return 'deadline';
    return this.#isClosing && isBlocking(call) ? 'shutdown' : null;
  }

  #isFencedFrom({ node }: PrimaryLoan, call: LoanCall): boolean {
    if (!call.intent.changes && !isBlocking(call)) return false;
    return !this.#tracker.isWritable || this.#tracker.primary !== node;
  }

  #onEndOfWaits(end: (by: Ending) => void): Stop {
    this.#waits.add(end);
    return () => {
      this.#waits.delete(end);
    };
  }

  #endWaits(ending: Ending): void {
    for (const end of [...this.#waits]) end(ending);
  }
}

function noteSentAgain({ operation, onAgain }: LoanCall, reason: 'lost' | 'refused'): void {
  onAgain?.(reason);
  if (operation !== undefined) noteAgain(operation, reason);
}
