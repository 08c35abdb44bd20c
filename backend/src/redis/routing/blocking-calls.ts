import type { Lease } from '../connection/index.js';
import {
  CommandAbortedError,
  CommandUncertainError,
  ConnectionLostError,
  NoPrimaryError,
} from '../errors/index.js';
import type { EventBus } from '../events/index.js';
import type { Clock } from '../timing/index.js';
import type { CallOptions } from './call.js';
import type { CommandIntent } from './command-intent.js';
import { runExclusively, TryElsewhere } from './exclusive-call.js';
import type { PrimaryLeases } from './primary-leases.js';
import type { CommandPayload } from './payloads.js';

const SECONDS_LAST = new Set(['blpop', 'brpop', 'brpoplpush', 'blmove', 'bzpopmin', 'bzpopmax']);
const SECONDS_FIRST = new Set(['blmpop', 'bzmpop']);

/**
 * Commands that may wait in the server (`BLPOP`, `XREAD BLOCK` …), each on a connection of its own.
 * A failover in the middle of the wait is not shown: it is begun again on the new primary, unless an
 * element may have been taken and its answer lost.
 */
export class BlockingCalls {
  readonly #leases: PrimaryLeases;
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #graceMs: number;

  constructor(leases: PrimaryLeases, clock: Clock, bus: EventBus, graceMs: number) {
    this.#leases = leases;
    this.#clock = clock;
    this.#bus = bus;
    this.#graceMs = graceMs;
  }

  /** Runs it until it is answered, its own time and the failover budget are over, or the signal fires. */
  async run(
    payload: CommandPayload,
    intent: CommandIntent,
    isRepeatable: boolean,
    options: CallOptions | null,
  ): Promise<unknown> {
    const signal = options?.signal ?? null;
    const blockMs = blockTimeOf(payload);
    const timeoutMs = options?.timeoutMs ?? (blockMs === 0 ? null : blockMs + this.#graceMs);
    const deadlineAt = timeoutMs === null ? Infinity : this.#clock.now() + timeoutMs;
    const repeatable = options?.idempotent ?? isRepeatable;
    for (;;) {
      const left = deadlineAt - this.#clock.now();
      if (isAborted(signal)) throw aborted(payload.label, signal);
      if (left <= 0) throw this.#expired(payload.label, timeoutMs ?? 0);
      const lease = await this.#leaseWithin(Math.min(left, this.#graceMs), signal);
      if (lease === null) continue;
      try {
        const call = { payload, intent, timeoutMs: Number.isFinite(left) ? left : null, signal };
        const reply = await runExclusively(lease, call, this.#clock);
        lease.release();
        return reply;
      } catch (error) {
        lease.discard();
        if (isAborted(signal) && !intent.changes) throw aborted(payload.label, signal);
        const mayRepeat = error instanceof CommandUncertainError && repeatable;
        if (error instanceof TryElsewhere || (mayRepeat && !isAborted(signal))) continue;
        this.#report(error, payload.label);
        throw error;
      }
    }
  }

  async #leaseWithin(ms: number, signal: AbortSignal | null): Promise<Lease | null> {
    try {
      return await this.#leases.acquire(ms, signal);
    } catch (error) {
      // Not connected yet, or not any more: the caller's loop looks at its own deadline.
      if (error instanceof ConnectionLostError || error instanceof NoPrimaryError) {
        await this.#clock.sleep(10, signal ?? undefined);
        return null;
      }
      throw error;
    }
  }

  #expired(command: string, timeoutMs: number): NoPrimaryError {
    return new NoPrimaryError(`${command} found no primary within ${String(timeoutMs)} ms`, {
      command,
      timeoutMs,
    });
  }

  #report(error: unknown, command: string): void {
    if (!(error instanceof CommandUncertainError)) return;
    this.#bus.emit({ type: 'command.uncertain', command, reason: 'blocking command cut short' });
  }
}

function isAborted(signal: AbortSignal | null): boolean {
  return signal?.aborted === true;
}

function aborted(command: string, signal: AbortSignal | null): CommandAbortedError {
  return new CommandAbortedError(
    `${command} was given up by its caller`,
    { command },
    { cause: signal?.reason },
  );
}

/** How long the command itself asks to wait, in ms; 0 means for ever. */
function blockTimeOf({ label, args }: CommandPayload): number {
  const name = label.toLowerCase();
  const flat = args.flat();
  if (SECONDS_LAST.has(name)) return toMs(flat.at(-1), 1000);
  if (SECONDS_FIRST.has(name)) return toMs(flat[0], 1000);
  const option = flat.findIndex((arg) => String(arg).toLowerCase() === 'block');
  return option === -1 ? 0 : toMs(flat[option + 1], 1);
}

function toMs(value: unknown, factor: number): number {
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? number * factor : 0;
}
