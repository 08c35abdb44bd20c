import type { ResolvedRedisOptions } from '../../config/index.js';
import type { BreakerLane, EventBus } from '../../base/events/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import { BreakerProbe } from './recovery-check.js';
import { CircuitBreaker, type BreakerMove } from './circuit-breaker.js';
import { isAnswer, Lane } from './guard.js';
import type { RedisPort, RunTerms } from '../store/index.js';
import { ServiceMode } from './service-mode.js';

const WINDOW_MS = 1_000;
const PROBES_TO_CLOSE = 2;
const PROBE_EVERY_MS = 50;
const PROBE_KEY = 'redis-ha~probe';

/** What decides the mode besides the breakers. */
export interface DegradationListener {
  /** Whether writes wait to be replayed. */
  hasBacklog(): boolean;
  /** Redis takes writes again. */
  onWritesBack(): void;
}

/** Says when Redis counts as away and when as back: two breakers, what probes them, and the mode. */
export class Degradation {
  readonly reads: Lane;
  readonly writes: Lane;
  readonly mode: ServiceMode;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #openedAt = new Map<BreakerLane, number>();
  readonly #listener: DegradationListener;
  readonly #probes: readonly BreakerProbe[];
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
      probesToClose: PROBES_TO_CLOSE,
    };
    const breakerOf = (lane: BreakerLane): CircuitBreaker =>
      new CircuitBreaker(breakerSettings, clock, (move) => {
        this.#onMove(lane, move);
      });
    this.reads = new Lane(breakerOf('reads'));
    this.writes = new Lane(breakerOf('writes'));
    this.#probes = port === null ? [] : this.#newProbes(port, settings.timeoutMs, clock);
    this.#stopHearing = port?.onRecovery(() => {
      for (const probe of this.#probes) probe.hurry();
    });
  }

  /** Looks anew whether the mode still fits. */
  refresh(): void {
    this.mode.update({
      reads: this.reads.breaker.state.kind,
      writes: this.writes.breaker.state.kind,
      hasBacklog: this.#listener.hasBacklog(),
    });
  }

  /** Ends the probes. */
  close(): void {
    this.#stopHearing?.();
    for (const probe of this.#probes) probe.close();
    this.mode.close();
  }

  #newProbes(port: RedisPort, timeoutMs: number, clock: Clock): readonly BreakerProbe[] {
    const terms = { timeoutMs, isIdempotent: true };
    const settings = { everyMs: PROBE_EVERY_MS, timeoutMs: 2 * timeoutMs };
    const probeOf = (lane: Lane, ask: () => Promise<unknown>): BreakerProbe =>
      new BreakerProbe(lane.breaker, ask, settings, clock);
    return [
      probeOf(this.reads, () => askToRead(port, terms)),
      // Only a write that was taken shows that writes are: a replica answers reads, too.
      probeOf(this.writes, () => askToWrite(port, { ...terms, onPrimary: true })),
    ];
  }

  #onMove(lane: BreakerLane, move: BreakerMove): void {
    const now = this.#clock.now();
    // A probe that failed is no news: the breaker was open, and stays so.
    if (move.from === 'closed') {
      this.#openedAt.set(lane, now);
      this.#bus.emit({ type: 'breaker.opened', lane, reason: move.reason });
    }
    const openMs = now - (this.#openedAt.get(lane) ?? now);
    if (move.to === 'half-open') this.#bus.emit({ type: 'breaker.half-opened', lane, openMs });
    if (move.to === 'closed') this.#bus.emit({ type: 'breaker.closed', lane, openMs });
    this.refresh();
    if (lane === 'writes' && move.to === 'closed') this.#listener.onWritesBack();
  }
}

function askToRead(port: RedisPort, terms: RunTerms): Promise<unknown> {
  return answered(port.run('exists', [PROBE_KEY], terms));
}

function askToWrite(port: RedisPort, terms: RunTerms): Promise<unknown> {
  return answered(port.run('set', [PROBE_KEY, '1', 'PX', 1_000], terms));
}

// An ACL may forbid the key of the probe: that is an answer, and Redis is there.
async function answered(asked: Promise<unknown>): Promise<void> {
  try {
    await asked;
  } catch (error) {
    if (!isAnswer(error)) throw error;
  }
}
