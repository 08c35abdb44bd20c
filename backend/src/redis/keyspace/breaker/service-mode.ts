import type { ModeChange, ServiceModeName } from '../../base/events/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';
import type { BreakerStateName } from './circuit-breaker.js';

/** How long everything must work before the mode is healthy again. */
interface ServiceModeOptions {
  readonly stableMs: number;
}

/** What decides the mode. */
interface ServiceModeInput {
  readonly reads: BreakerStateName;
  readonly writes: BreakerStateName;
  /** Writes that were made while Redis was away are not all replayed yet. */
  readonly hasBacklog: boolean;
  /** Why Redis takes no writes though it is there, such as `OOM`; `null` while it does. */
  readonly refusal?: string | null;
}

type ModeState =
  | { readonly name: 'healthy' | 'degraded' }
  /** `settling` ends when everything has been well for long enough; `null` while there is a backlog. */
  | { readonly name: 'recovering'; readonly settling: Stop | null };

const MAX_CHANGES = 100;

/**
 * The mode that users and operators see: Redis serves, memory serves, or Redis is coming back.
 * It gets worse at once, and better only after a stable period, so that it does not flap.
 */
export class ServiceMode {
  readonly #settings: ServiceModeOptions;
  readonly #clock: Clock;
  readonly #onChange: (change: ModeChange) => void;
  readonly #history: ModeChange[] = [];
  #state: ModeState = { name: 'healthy' };
  #since: number;
  #movedAt: number;
  #isClosed = false;

  /** @param onChange - called once after each change; it must not throw */
  constructor(settings: ServiceModeOptions, clock: Clock, onChange: (change: ModeChange) => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#since = clock.wallTime();
    this.#movedAt = clock.now();
  }

  /** The current mode. */
  get current(): ServiceModeName {
    return this.#state.name;
  }

  /** Start of the current mode, in calendar milliseconds. */
  get since(): number {
    return this.#since;
  }

  /** Up to the last hundred changes, oldest first. */
  get history(): readonly ModeChange[] {
    return [...this.#history];
  }

  /** Updates the mode from its inputs. The same inputs again change nothing. */
  update({ reads, writes, hasBacklog, refusal = null }: ServiceModeInput): void {
    if (this.#isClosed) return;
    const areClosed = reads === 'closed' && writes === 'closed';
    const because = refusal === null ? '' : `: Redis refuses them with ${refusal}`;
    if (!areClosed) this.#degrade(`reads ${reads}, writes ${writes}${because}`);
    else if (this.#state.name === 'degraded') this.#recover(hasBacklog);
    else if (this.#state.name === 'recovering') this.#settle(this.#state.settling, hasBacklog);
  }

  /** Stops: the mode stays as it is, and no timer is left. */
  close(): void {
    this.#isClosed = true;
    this.#stopSettling();
  }

  #degrade(reason: string): void {
    if (this.#state.name === 'degraded') return;
    this.#stopSettling();
    this.#move({ name: 'degraded' }, reason);
  }

  #recover(hasBacklog: boolean): void {
    const settling = hasBacklog ? null : this.#startSettling();
    this.#move({ name: 'recovering', settling }, 'reads and writes closed');
  }

  #settle(settling: Stop | null, hasBacklog: boolean): void {
    if (hasBacklog === (settling === null)) return;
    settling?.();
    this.#state = { name: 'recovering', settling: hasBacklog ? null : this.#startSettling() };
  }

  #startSettling(): Stop {
    const { stableMs } = this.#settings;
    return this.#clock.after(stableMs, () => {
      this.#move({ name: 'healthy' }, `closed and without a backlog for ${stableMs} ms`);
    });
  }

  #stopSettling(): void {
    if (this.#state.name === 'recovering') this.#state.settling?.();
  }

  #move(to: ModeState, reason: string): void {
    const now = this.#clock.now();
    const change: ModeChange = {
      from: this.#state.name,
      to: to.name,
      reason,
      at: this.#clock.wallTime(),
      afterMs: now - this.#movedAt,
    };
    this.#state = to;
    this.#since = change.at;
    this.#movedAt = now;
    this.#history.push(change);
    if (this.#history.length > MAX_CHANGES) this.#history.shift();
    this.#onChange(change);
  }
}
