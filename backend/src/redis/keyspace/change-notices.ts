import { CommandRejectedError } from '../base/errors/index.js';
import { onSignal, waitFor, type Clock, type Stop } from '../base/timing/index.js';
import type { RedisPort } from './store/redis-port.js';
import { STAMP_DIGITS } from './store/stamp.js';

type Wake = () => void;

// Whoever waited for one key soon waits for the next: the channel is not joined and left for each.
const LINGER_MS = 5_000;

/**
 * Wakes those who wait until a key is written. Each write publishes its key on the channel of the keyspace;
 * it is listened to only while somebody waits, and a little longer. A notice may be missed, so every wait
 * has an end of its own.
 */
export class ChangeNotices {
  readonly #port: RedisPort;
  readonly #channel: string;
  readonly #clock: Clock;
  readonly #onRefused: () => void;
  readonly #waiting = new Map<string, Set<Wake>>();
  #listening: Promise<Stop> | null = null;
  #stopLeaving: Stop | null = null;
  #isClosed = false;

  /** @param onRefused - called each time that Redis refuses to let this process listen */
  constructor(port: RedisPort, channel: string, clock: Clock, onRefused: () => void) {
    this.#onRefused = onRefused;
    this.#port = port;
    this.#channel = channel;
    this.#clock = clock;
  }

  /** Resolves when the key was written elsewhere, or after `ms`. Rejects when the signal fires. */
  untilChanged(entry: string, ms: number, signal: AbortSignal): Promise<void> {
    return waitFor<undefined>(({ give }) => {
      const wake = (): void => {
        give(undefined);
      };
      const stopTimer = this.#clock.hold(ms, wake);
      const stopHearing = this.#hear(entry, wake);
      return () => {
        stopTimer();
        stopHearing();
      };
    }, onSignal(signal));
  }

  /** Listens no more. */
  close(): void {
    this.#isClosed = true;
    this.#leave();
  }

  #hear(entry: string, wake: Wake): Stop {
    const waiting = this.#waiting.get(entry) ?? new Set();
    this.#waiting.set(entry, waiting.add(wake));
    this.#join();
    return () => {
      waiting.delete(wake);
      if (waiting.size === 0) this.#waiting.delete(entry);
      if (this.#waiting.size === 0) this.#leaveLater();
    };
  }

  #join(): void {
    this.#stopLeaving?.();
    this.#stopLeaving = null;
    if (this.#isClosed || this.#listening !== null) return;
    const onHearing = (): void => undefined;
    const onLost = (refusal?: Error): void => {
      if (refusal !== undefined) this.#onRefused();
    };
    const listening = this.#port.listen(this.#channel, this.#onNotice, onHearing, onLost);
    this.#listening = listening;
    listening.catch((error: unknown) => {
      if (error instanceof CommandRejectedError) this.#onRefused();
      // Whoever waits looks again by himself.
      if (this.#listening === listening) this.#listening = null;
    });
  }

  #leaveLater(): void {
    this.#stopLeaving ??= this.#clock.after(LINGER_MS, () => {
      this.#leave();
    });
  }

  #leave(): void {
    this.#stopLeaving?.();
    this.#stopLeaving = null;
    this.#listening?.then(
      (stop) => {
        stop();
      },
      () => undefined,
    );
    this.#listening = null;
  }

  readonly #onNotice = (message: string): void => {
    const waiting = this.#waiting.get(message.slice(STAMP_DIGITS));
    for (const wake of [...(waiting ?? [])]) wake();
  };
}
