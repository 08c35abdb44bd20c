import type { FailoverReason, FailoverRecord, ServiceModeName } from '../base/events/index.js';
import type { Clock, Stop } from '../base/timing/index.js';
import type { ConnectionTeller } from './metrics-sources.js';
import type { Distribution } from './sample.js';

/** Upper bounds of failover durations. */
const FAILOVER_BOUNDS_S: readonly number[] = [0.1, 0.5, 1, 2.5, 5, 10, 30];

interface Underway {
  readonly reason: FailoverReason;
  readonly begunAt: number;
}

/**
 * Remembers between two scrapes what the status does not: failovers by reason, and their durations. The metrics
 * show reasons and modes in the order they have here.
 */
export class RememberedStatus {
  readonly failovers: Record<FailoverReason, number> = { failure: 0, planned: 0, switchover: 0 };
  readonly modeChanges: Record<ServiceModeName, number> = {
    healthy: 0,
    degraded: 0,
    recovering: 0,
  };
  readonly #durations = {
    failure: new Durations(),
    planned: new Durations(),
    switchover: new Durations(),
  } satisfies Record<FailoverReason, Durations>;
  readonly #clock: Clock;
  #primaryResets = 0;
  #underway: Underway | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Starts from the current status, and listens to events. */
  listenTo(redis: ConnectionTeller): Stop {
    for (const { reason } of redis.failovers) this.failovers[reason]++;
    for (const { to } of redis.status.fallback.history) this.modeChanges[to]++;
    const stops = [
      redis.on('failover.completed', ({ failover }) => {
        this.#begin(failover);
      }),
      redis.on('primary.ready', () => {
        this.#end(this.#clock.wallTime());
      }),
      redis.on('failover.first-write', ({ failover }) => {
        this.#end(failover.firstWriteAt ?? this.#clock.wallTime());
      }),
      redis.on('mode.changed', ({ change }) => {
        this.modeChanges[change.to]++;
      }),
      redis.on('primary.reset', () => {
        this.#primaryResets++;
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Restarts of the primary. */
  get primaryResets(): number {
    return this.#primaryResets;
  }

  /** Durations of the failovers, by their reason. */
  get durations(): readonly (readonly [string, Distribution])[] {
    return Object.entries(this.#durations).map(
      ([reason, of]) => [reason, of.distribution] as const,
    );
  }

  #begin(failover: FailoverRecord): void {
    const { reason, suspectedAt, promotedAt, switchedAt } = failover;
    this.failovers[reason]++;
    const begunAt = suspectedAt ?? promotedAt ?? switchedAt;
    // A second failover before the end of the first is one outage for the application.
    this.#underway = { reason, begunAt: Math.min(begunAt, this.#underway?.begunAt ?? begunAt) };
  }

  #end(at: number): void {
    if (this.#underway === null) return;
    const { reason, begunAt } = this.#underway;
    this.#underway = null;
    // A calendar may be set back.
    this.#durations[reason].add(Math.max(0, at - begunAt) / 1_000);
  }
}

class Durations {
  readonly #upTo = FAILOVER_BOUNDS_S.map(() => 0);
  #count = 0;
  #sumS = 0;

  add(seconds: number): void {
    this.#count++;
    this.#sumS += seconds;
    FAILOVER_BOUNDS_S.forEach((bound, step) => {
      if (seconds <= bound) this.#upTo[step] = (this.#upTo[step] ?? 0) + 1;
    });
  }

  get distribution(): Distribution {
    return {
      boundsS: FAILOVER_BOUNDS_S,
      upTo: [...this.#upTo],
      count: this.#count,
      sumS: this.#sumS,
    };
  }
}
