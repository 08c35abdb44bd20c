import type { ResolvedRedisOptions } from '../../config/index.js';
import type { Direction, EventBus } from '../../base/events/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import { RecoveryCheck } from './recovery-check.js';
import { CircuitBreaker, type BreakerMove } from './circuit-breaker.js';
import { isAnswer, Guard } from './guard.js';
import type { RedisPort, RunOptions } from '../store/redis-port.js';
import { ServiceMode } from './service-mode.js';

const WINDOW_MS = 1_000;
const CHECKS_TO_CLOSE = 2;
const CHECK_EVERY_MS = 50;
const CHECK_KEY = 'redis-ha~check';

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
    this.writes = new Guard(breakerOf('writes'));
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
    });
  }

  /** Ends the checks. */
  close(): void {
    this.#stopHearing?.();
    for (const check of this.#checks) check.close();
    this.mode.close();
  }

  #newChecks(port: RedisPort, timeoutMs: number, clock: Clock): readonly RecoveryCheck[] {
    const options = { timeoutMs, isIdempotent: true };
    const settings = { everyMs: CHECK_EVERY_MS, timeoutMs: 2 * timeoutMs };
    const checkOf = (direction: Guard, ask: () => Promise<unknown>): RecoveryCheck =>
      new RecoveryCheck(direction.breaker, ask, settings, clock);
    return [
      checkOf(this.reads, () => askToRead(port, options)),
      // Only a successful write shows that writes work: a replica answers reads, too.
      checkOf(this.writes, () => askToWrite(port, { ...options, onPrimary: true })),
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

function askToRead(port: RedisPort, options: RunOptions): Promise<unknown> {
  return answered(port.run('exists', [CHECK_KEY], options));
}

function askToWrite(port: RedisPort, options: RunOptions): Promise<unknown> {
  return answered(port.run('set', [CHECK_KEY, '1', 'PX', 1_000], options));
}

// An ACL may forbid the key of the check. That is an answer too, so Redis is there.
async function answered(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!isAnswer(error)) throw error;
  }
}
