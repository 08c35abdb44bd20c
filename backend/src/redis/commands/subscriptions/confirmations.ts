import type { SubscriptionKind } from '../../cluster/connection/index.js';
import { ClosedError, CommandTimeoutError } from '../../base/errors/index.js';
import { untilTime, waitFor, type Clock } from '../../base/timing/index.js';
import { rejectedError } from '../shared/outcome-errors.js';

/** What is waited for: that all of these are confirmed. */
export interface Awaited {
  readonly kind: SubscriptionKind;
  readonly keys: readonly string[];
  readonly timeoutMs: number;
  /** Returns why it was not confirmed. */
  readonly why: () => string;
  /** Called once all are confirmed, at once: before the promise is settled they may be lost again. */
  readonly onConfirmed: () => void;
}

/** What Redis has confirmed and what it has refused on the present connection, and who waits for it. */
export class Confirmations {
  readonly #clock: Clock;
  readonly #confirmed = new Set<string>();
  /** What Redis refused when it was last asked, and why. */
  readonly #refused = new Map<string, unknown>();
  readonly #waiting = new Set<() => void>();
  #refusedAt: number | null = null;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether anything is heard now. */
  get areAny(): boolean {
    return this.#confirmed.size > 0;
  }

  /** Whether this is heard now. */
  isHeard(key: string): boolean {
    return this.#confirmed.has(key);
  }

  /** Redis is asked for these, whatever it answered before. */
  ask(keys: readonly string[]): void {
    for (const key of keys) this.#refused.delete(key);
  }

  /** Redis has confirmed these. */
  confirm(keys: readonly string[]): void {
    for (const key of keys) this.#confirmed.add(key);
    this.#checkWaiting();
  }

  /** Redis has refused these, for this reason. */
  refuse(keys: readonly string[], error: unknown): void {
    for (const key of keys) this.#refused.set(key, error);
    this.#checkWaiting();
  }

  /** Nobody listens to this any more. */
  forget(key: string): void {
    this.#confirmed.delete(key);
    this.#refused.delete(key);
  }

  /** The connection is lost: nothing is heard, and the next may be refused something else. */
  lose(): void {
    this.#confirmed.clear();
    this.#refused.clear();
  }

  /** The credentials are refused since then: ends the waits that began before, since their deadlines would bring nothing else. */
  giveUp(since: number | null): void {
    this.#refusedAt = since;
    this.#checkWaiting();
  }

  /** Ends all waits. */
  close(): void {
    this.#isClosed = true;
    this.#checkWaiting();
  }

  /** Resolves when all are confirmed. Rejects when Redis refuses one, or lets nobody in, and at the deadline. */
  wait({ kind, keys, timeoutMs, why, onConfirmed }: Awaited): Promise<void> {
    const since = this.#clock.now();
    const until = since + timeoutMs;
    return waitFor(
      ({ give, refuse }) => {
        const check = (): void => {
          const refused = keys.find((key) => this.#refused.has(key));
          if (this.#isClosed) refuse(new ClosedError('Redis is shutting down'));
          else if (refused !== undefined) refuse(rejectedError(kind, this.#refused.get(refused)));
          else if (keys.every((key) => this.#confirmed.has(key))) {
            if (give()) onConfirmed();
          } else if ((this.#refusedAt ?? -1) >= since) refuse(unconfirmed(kind, null, why()));
        };
        check();
        this.#waiting.add(check);
        return () => {
          this.#waiting.delete(check);
        };
      },
      untilTime(this.#clock, until, () => unconfirmed(kind, timeoutMs, why())),
    );
  }

  #checkWaiting(): void {
    for (const check of [...this.#waiting]) check();
  }
}

function unconfirmed(
  command: SubscriptionKind,
  timeoutMs: number | null,
  reason: string,
): CommandTimeoutError {
  const within = timeoutMs === null ? '' : ` within ${String(timeoutMs)} ms`;
  const message = `${command} was not confirmed${within}: ${reason}`;
  return new CommandTimeoutError(message, { command, timeoutMs, reason });
}
