import { systemRandom, type Clock, type Random, type Stop } from '../../../base/timing/index.js';
import { AccessRefusal } from '../handshake/access-refusal.js';
import {
  explainFailure,
  mayBeOtherTransport,
  otherTransport,
  type Whose,
} from '../handshake/explain-failure.js';
import { askOtherTransport } from '../handshake/other-transport.js';
import { Wire, type WireListener } from './wire.js';
import type { WireOptions } from './wire-options.js';

/** The state of a connection that is opened again and again. */
export type ConnectionState =
  /** `reason` says why the attempt before failed; `null` for the first. */
  | { readonly kind: 'connecting'; readonly attempt: number; readonly reason: string | null }
  | { readonly kind: 'ready' }
  | { readonly kind: 'lost'; readonly reason: string; readonly attempt: number }
  | { readonly kind: 'closed' };

/** The callbacks of a {@link ReopeningWire}. */
export interface ReopeningWireListener extends Omit<WireListener, 'onReady'> {
  /**
   * What must be known of the other side before the connection counts as open. If it rejects, or takes
   * longer than the handshake may, the attempt has failed.
   */
  readonly introduce?: (wire: Wire) => Promise<void>;
  readonly onReady: (wire: Wire) => void;
}

/** How a {@link ReopeningWire} tries again. */
export interface ReopeningOptions {
  /** The longest pause between two attempts, in ms. */
  readonly maxPauseMs?: () => number;
  readonly random?: Random;
  /** Whose options a remedy names when it cannot be opened. @defaultValue 'node' */
  readonly whose?: Whose;
}

const PAUSES_MS = [0, 10, 20, 50, 50, 50, 100, 100, 200, 250];
const MAX_PAUSE_MS = 500;

// A frozen node understands neither transport, and shall not be asked at each attempt.
const ASK_AGAIN_AFTER_MS = 5000;

// Many processes lose the same node at one moment: they must not all come back at one moment, too.
const JITTER = 0.2;
const JITTER_FROM_MS = 100;

/** A connection that is opened again whenever it closes: at once at first, then after longer and longer pauses. */
export class ReopeningWire {
  readonly #optionsFor: () => WireOptions;
  readonly #clock: Clock;
  readonly #listener: ReopeningWireListener;
  readonly #maxPauseMs: () => number;
  readonly #random: Random;
  readonly #whose: Whose;
  readonly #access: AccessRefusal;
  // What was found out about the other side since it was last open, which says more than any error.
  #finding: string | null = null;
  #stopAsking: Stop | null = null;
  #mayAskAt = -Infinity;
  #begunAt = 0;
  #wire: Wire | null = null;
  #state: ConnectionState = { kind: 'lost', reason: 'not opened yet', attempt: 0 };
  #stopRetry: Stop | null = null;

  constructor(
    optionsFor: () => WireOptions,
    clock: Clock,
    listener: ReopeningWireListener,
    options: ReopeningOptions = {},
  ) {
    this.#optionsFor = optionsFor;
    this.#clock = clock;
    this.#listener = listener;
    this.#maxPauseMs = options.maxPauseMs ?? ((): number => MAX_PAUSE_MS);
    this.#random = options.random ?? systemRandom;
    this.#whose = options.whose ?? 'node';
    this.#access = new AccessRefusal(clock);
  }

  /** The present state. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** The connection, or `null` while it cannot be written to. */
  get ready(): Wire | null {
    return this.#state.kind === 'ready' && this.#wire?.isReady === true ? this.#wire : null;
  }

  /** When the last attempt began, if the credentials have been refused for long enough to be believed; else `null`. */
  get accessRefusedAt(): number | null {
    return this.#access.refusedAt;
  }

  /** Starts to connect. Does nothing if it was started before. */
  open(): void {
    if (this.#state.kind === 'lost' && this.#stopRetry === null) this.#connect(1, null);
  }

  /** Tries at once if it waits for its next attempt. */
  nudge(): void {
    if (this.#stopRetry !== null) this.#connect(1, this.#lastReason);
  }

  /** Closes the present connection and opens a new one. */
  reopen(reason: string): void {
    const wire = this.#wire;
    if (wire === null) {
      this.nudge();
      return;
    }
    this.#lose(wire, reason, 0);
    wire.destroy(reason);
  }

  /** Closes the connection and does not open it again. */
  close(reason: string): void {
    this.#stopRetry?.();
    this.#stopRetry = null;
    this.#stopAsking?.();
    this.#state = { kind: 'closed' };
    const wire = this.#wire;
    this.#wire = null;
    wire?.destroy(reason);
  }

  #connect(attempt: number, reason: string | null): void {
    this.#stopRetry?.();
    this.#stopRetry = null;
    this.#state = { kind: 'connecting', attempt, reason };
    this.#begunAt = this.#clock.now();
    const wire: Wire = new Wire(this.#optionsFor(), this.#clock, {
      ...this.#listener,
      onReady: () => {
        void this.#introduce(wire);
      },
      onClosed: (why) => {
        this.#lose(wire, why, attempt);
      },
    });
    this.#wire = wire;
  }

  async #introduce(wire: Wire): Promise<void> {
    const { introduce } = this.#listener;
    if (introduce !== undefined) {
      const stopTimer = this.#clock.after(this.#optionsFor().connectTimeoutMs, () => {
        wire.destroy('no answer to ROLE');
      });
      try {
        await introduce(wire);
      } catch (error) {
        wire.destroy(error instanceof Error ? error.message : 'the other side was not accepted');
      } finally {
        stopTimer();
      }
    }
    if (this.#wire !== wire || !wire.isReady) return;
    this.#state = { kind: 'ready' };
    this.#access.end();
    // Whoever was understood once speaks this transport.
    this.#stopAsking?.();
    this.#finding = null;
    this.#mayAskAt = Infinity;
    this.#listener.onReady(wire);
  }

  // An attempt that succeeded is forgotten by the next: after a loss the first attempt is made at once.
  #lose(wire: Wire, why: string, attempt: number): void {
    if (this.#wire !== wire) return;
    const wasOpen = this.#state.kind === 'ready';
    const failed = wasOpen ? 0 : attempt;
    const reason = wasOpen ? why : this.#explain(why);
    if (!wasOpen) this.#access.note(why, this.#begunAt);
    this.#wire = null;
    this.#state = { kind: 'lost', reason, attempt: failed };
    this.#stopRetry = this.#clock.hold(this.#pauseAfter(failed), () => {
      this.#connect(failed + 1, this.#lastReason);
    });
    this.#listener.onClosed(reason);
    if (!wasOpen && mayBeOtherTransport(why)) this.#askOtherTransport();
  }

  // A finding may have replaced it. Who is told to try at once must not forget it.
  get #lastReason(): string | null {
    return 'reason' in this.#state ? this.#state.reason : null;
  }

  #explain(why: string): string {
    const found = mayBeOtherTransport(why) ? this.#finding : null;
    return found ?? explainFailure(why, this.#whose);
  }

  // TLS and plain do not understand each other, and neither side can say so. A finding replaces the reason, here
  // and of the attempts to come.
  #askOtherTransport(): void {
    const { address, access, connectTimeoutMs: timeoutMs } = this.#optionsFor();
    const now = this.#clock.now();
    if (now < this.#mayAskAt || address.port === 0) return;
    this.#mayAskAt = now + timeoutMs + ASK_AGAIN_AFTER_MS;
    const isTls = access.tls !== null;
    this.#stopAsking = askOtherTransport({ address, isTls, timeoutMs }, this.#clock, (isOther) => {
      this.#finding = isOther ? otherTransport(this.#whose, isTls) : null;
      if (!isOther || !('reason' in this.#state)) return;
      this.#state = {
        ...this.#state,
        reason: this.#finding ?? this.#state.reason,
      } as ConnectionState;
    });
  }

  #pauseAfter(failed: number): number {
    const last = PAUSES_MS.length - 1;
    const usual = (PAUSES_MS[Math.min(failed, last)] ?? 0) * 2 ** Math.max(0, failed - last);
    const pause = Math.min(usual, this.#maxPauseMs());
    return pause < JITTER_FROM_MS ? pause : pause * (1 + JITTER * (2 * this.#random() - 1));
  }
}
