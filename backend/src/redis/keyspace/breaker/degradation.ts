import type { ResolvedRedisOptions } from '../../config/index.js';
import type { Direction, EventBus } from '../../base/events/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import { RecoveryCheck } from './recovery-check.js';
import { CircuitBreaker, type BreakerMove } from './circuit-breaker.js';
import { Guard } from './guard.js';
import type { RedisPort } from '../store/redis-port.js';
import { askToRead, WriteCheck } from './check-questions.js';
import { ServiceMode } from './service-mode.js';

const WINDOW_MS = 1_000;
const CHECKS_TO_CLOSE = 2;
const CHECK_EVERY_MS = 50;

/** What decides the mode besides the breakers. */
interface DegradationListener {
  /** Whether writes wait to be replayed. */
  hasBacklog(): boolean;
  /** Redis takes writes again. */
  onWritesBack(): void;
}

/** Decides when Redis is away and when it is back: two breakers, their recovery checks, and the mode. */
export class Degradation {
  readonly reads: Guard;
  readonly writes: Guard;
  readonly mode: ServiceMode;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #openedAt = new Map<Direction, number>();
  readonly #listener: DegradationListener;
  readonly #checks: readonly RecoveryCheck[];
  readonly #stopHearing: Stop | undefined;

  constructor(
    settings: ResolvedRedisOptions['fallback'],
    port: RedisPort | null,
    { clock, bus }: { readonly clock: Clock; readonly bus: EventBus },
    listener: DegradationListener,
  ) {
    this.#bus = bus;
    this.#clock = clock;
    this.#listener = listener;
    this.mode = new ServiceMode({ stableMs: settings.stableMs }, clock, (change) => {
      bus.emit({ type: 'mode.changed', change });
    });
    const breakerSettings = {
      failures: settings.breakerFailures,
      windowMs: WINDOW_MS,
      openMs: settings.breakerOpenMs,
      checksToClose: CHECKS_TO_CLOSE,
    };
    const breakerOf = (direction: Direction): CircuitBreaker =>
      new CircuitBreaker(breakerSettings, clock, (move) => {
        this.#onMove(direction, move);
      });
    this.reads = new Guard(breakerOf('reads'));
    this.writes = Guard.ofWrites(breakerOf('writes'));
    this.#checks = port === null ? [] : this.#newChecks(port, settings.timeoutMs, clock);
    this.#stopHearing = port?.onRecovery(() => {
      for (const check of this.#checks) check.hurry();
    });
  }

  /** Checks whether the mode still fits. */
  refresh(): void {
    this.mode.update({
      reads: this.reads.breaker.state.kind,
      writes: this.writes.breaker.state.kind,
      hasBacklog: this.#listener.hasBacklog(),
      refusal: this.writes.refusal,
    });
  }

  /** Ends the checks. */
  close(): void {
    this.#stopHearing?.();
    for (const check of this.#checks) check.close();
    this.mode.close();
  }

  #newChecks(port: RedisPort, timeoutMs: number, clock: Clock): readonly RecoveryCheck[] {
    const write = new WriteCheck(port, timeoutMs);
    const settings = { everyMs: CHECK_EVERY_MS, timeoutMs: 2 * timeoutMs };
    const checkOf = (direction: Guard, ask: () => Promise<unknown>): RecoveryCheck =>
      new RecoveryCheck(direction.breaker, ask, settings, clock);
    return [
      checkOf(this.reads, () => askToRead(port, timeoutMs)),
      checkOf(this.writes, () =>
        write.ask().catch((error: unknown) => {
          this.writes.hear(error);
          throw error;
        }),
      ),
    ];
  }

  #onMove(direction: Direction, move: BreakerMove): void {
    const now = this.#clock.now();
    // A failed check changes nothing: the breaker was open and stays open.
    if (move.from === 'closed') {
      this.#openedAt.set(direction, now);
      this.#bus.emit({ type: 'breaker.opened', direction, reason: move.reason });
    }
    const openMs = now - (this.#openedAt.get(direction) ?? now);
    if (move.to === 'half-open') this.#bus.emit({ type: 'breaker.half-opened', direction, openMs });
    if (move.to === 'closed') this.#bus.emit({ type: 'breaker.closed', direction, openMs });
    this.refresh();
    if (direction === 'writes' && move.to === 'closed') this.#listener.onWritesBack();
  }
}
