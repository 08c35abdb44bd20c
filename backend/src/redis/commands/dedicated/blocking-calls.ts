import type { SharedConnection } from '../../cluster/connection/index.js';
import {
  CommandAbortedError,
  CommandUncertainError,
  ConnectionLostError,
  NoPrimaryError,
} from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import type { Clock } from '../../base/timing/index.js';
import type { CallOptions } from '../table/call-options.js';
import { blockOption, type CommandIntent } from '../table/command-intent.js';
import type { CommandPayload } from '../table/payloads.js';
import { runExclusively, TryElsewhere } from './exclusive-call.js';
import type { PrimaryLoan, PrimaryLoans } from './primary-loans.js';

const SECONDS_LAST = new Set(['blpop', 'brpop', 'brpoplpush', 'blmove', 'bzpopmin', 'bzpopmax']);
const SECONDS_FIRST = new Set(['blmpop', 'bzmpop']);

/** A command that waits in the server, and the connection it waits on. */
interface Blocked {
  readonly node: SharedConnection;
  readonly clientId: Promise<unknown>;
}

/** One blocking command and how long it may wait. */
interface Wait {
  readonly payload: CommandPayload;
  readonly intent: CommandIntent;
  readonly isRepeatable: boolean;
  readonly signal: AbortSignal | null;
  readonly timeoutMs: number | null;
  readonly deadlineAt: number;
}

/**
 * Runs commands that may wait in the server (`BLPOP`, `XREAD BLOCK` …), each on a lent connection. The
 * caller does not notice a failover during the wait: the command is sent again to the new primary,
 * unless an element may have been taken and the answer lost.
 */
export class BlockingCalls {
  readonly #loans: PrimaryLoans;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #graceMs: number;
  readonly #blocked = new Set<Blocked>();

  constructor(loans: PrimaryLoans, clock: Clock, bus: EventBus, graceMs: number) {
    this.#loans = loans;
    this.#clock = clock;
    this.#bus = bus;
    this.#graceMs = graceMs;
    bus.on('writes.paused', () => {
      for (const blocked of this.#blocked) void unblock(blocked);
    });
  }

  /** Runs until the answer, the signal, or the deadline: the time it may block plus that of a failover. */
  async run(
    payload: CommandPayload,
    intent: CommandIntent,
    isRepeatable: boolean,
    options: CallOptions | null,
  ): Promise<unknown> {
    const { timeoutMs = this.#usualTimeout(payload), signal = null, idempotent } = options ?? {};
    const wait: Wait = {
      payload,
      intent,
      isRepeatable: idempotent ?? isRepeatable,
      signal,
      timeoutMs,
      deadlineAt: timeoutMs === null ? Infinity : this.#clock.now() + timeoutMs,
    };
    for (;;) {
      const loan = await this.#loan(wait);
      if (loan === null) continue;
      const outcome = await this.#attempt(wait, loan);
      if (outcome !== 'again') return outcome.reply;
    }
  }

  // A command that blocks for ever has no deadline: it may wait for as long as the application runs.
  #usualTimeout(payload: CommandPayload): number | null {
    const blockMs = blockTimeOf(payload);
    return blockMs === 0 ? null : blockMs + this.#graceMs;
  }

  async #attempt(wait: Wait, loan: PrimaryLoan): Promise<'again' | { readonly reply: unknown }> {
    if (isAborted(wait.signal)) {
      loan.release();
      throw abortedBy(wait);
    }
    const left = wait.deadlineAt - this.#clock.now();
    const call = { ...wait, timeoutMs: Number.isFinite(left) ? Math.max(1, left) : null };
    const clientId = loan.wire.call('client', ['id']).catch(() => null);
    const blocked: Blocked = { node: loan.node, clientId };
    this.#blocked.add(blocked);
    try {
      const reply = await runExclusively(loan, call, this.#clock);
      loan.release();
      return { reply };
    } catch (error) {
      loan.discard();
      if (this.#mayRepeat(wait, error)) return 'again';
      if (isAborted(wait.signal) && !wait.intent.changes) throw abortedBy(wait);
      if (error instanceof CommandUncertainError) {
        const command = wait.payload.label;
        this.#bus.emit({
          type: 'command.uncertain',
          command,
          reason: 'interrupted while it waited',
        });
      }
      throw error;
    } finally {
      this.#blocked.delete(blocked);
    }
  }

  #mayRepeat(wait: Wait, error: unknown): boolean {
    if (isAborted(wait.signal)) return false;
    if (error instanceof TryElsewhere) return true;
    return error instanceof CommandUncertainError && wait.isRepeatable;
  }

  async #loan(wait: Wait): Promise<PrimaryLoan | null> {
    const left = wait.deadlineAt - this.#clock.now();
    if (isAborted(wait.signal)) throw abortedBy(wait);
    if (left <= 0) throw expired(wait);
    return this.#loanWithin(Math.min(left, this.#graceMs), wait.signal);
  }

  async #loanWithin(ms: number, signal: AbortSignal | null): Promise<PrimaryLoan | null> {
    try {
      return await this.#loans.acquire(ms, signal);
    } catch (error) {
      // There is no connection now. The loop of the caller tries again until its own deadline.
      if (error instanceof ConnectionLostError || error instanceof NoPrimaryError) {
        await this.#clock.sleep(10, signal ?? undefined);
        return null;
      }
      throw error;
    }
  }
}

// While the old primary still answers it can end the wait with a known outcome: the reply is either an
// element or UNBLOCKED. Once the connection is cut, the outcome is uncertain.
async function unblock({ node, clientId }: Blocked): Promise<void> {
  const id = await clientId;
  if (typeof id !== 'number') return;
  await node.call('client', 'unblock', String(id), 'error').catch(() => null);
}

function isAborted(signal: AbortSignal | null): boolean {
  return signal?.aborted === true;
}

function abortedBy({ payload, signal }: Wait): CommandAbortedError {
  const command = payload.label;
  return new CommandAbortedError(
    `${command} was aborted by its caller`,
    { command },
    { cause: signal?.reason },
  );
}

function expired({ payload, timeoutMs }: Wait): NoPrimaryError {
  const command = payload.label;
  return new NoPrimaryError(`${command} found no primary within ${String(timeoutMs)} ms`, {
    command,
    timeoutMs,
  });
}

/** Returns how long the command itself asks to block, in ms; 0 means for ever. */
function blockTimeOf({ label, args }: CommandPayload): number {
  const name = label.toLowerCase();
  const flat = args.flat();
  if (SECONDS_LAST.has(name)) return toMs(flat.at(-1), 1000);
  if (SECONDS_FIRST.has(name)) return toMs(flat[0], 1000);
  return toMs(blockOption(flat), 1);
}

function toMs(value: unknown, factor: number): number {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? number * factor : 0;
}
