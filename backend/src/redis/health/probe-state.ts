import type { RedisMode } from '../config/index.js';
import type { Clock } from '../base/timing/index.js';
import { AwayGate, type AwayState } from './away-gate.js';
import type { ResolvedHealthOptions } from './health-options.js';
import type { Reach } from './reach.js';

/** The body of readiness and startup. */
export interface ProbeAnswer {
  readonly status: 'ready' | 'not_ready' | 'started' | 'starting';
  readonly reason: string;
  /** When this state began, as an ISO 8601 time. */
  readonly since: string;
}

/** The same, with a time of `clock.now()`. */
type Judgement = Omit<ProbeAnswer, 'since'> & { readonly since: number };

/** What the probes know of the application: whether it has started, may be used, and is shutting down. */
export class ProbeState {
  readonly #options: ResolvedHealthOptions;
  readonly #clock: Clock;
  readonly #gate: AwayGate;
  readonly #bornAt: number;
  readonly #bornText: string;
  #isBooted = false;
  #isMemory = false;
  #startedText: string | null = null;
  #startReason = 'the application is starting';
  #shutdownAt: number | null = null;
  #failed: readonly string[] = [];
  // Its time is formatted once: a response must not change because a clock was set.
  #last: Judgement & { readonly text: string };

  constructor(options: ResolvedHealthOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#gate = new AwayGate(options, clock);
    this.#bornAt = clock.now();
    this.#bornText = this.#isoTime(this.#bornAt);
    this.#last = { ...notReady(this.#startReason, this.#bornAt), text: this.#bornText };
  }

  /** Nest has started. */
  booted(): void {
    this.#isBooted = true;
  }

  /** The shutdown begins: from now on the application is not ready. */
  shuttingDown(): void {
    this.#shutdownAt ??= this.#clock.now();
  }

  /** Whether {@link ProbeState.shuttingDown} was called. */
  get isShuttingDown(): boolean {
    return this.#shutdownAt !== null;
  }

  /** Takes in how Redis is. Memory mode is a choice of the operator, and no absence. */
  observe(reach: Reach, mode: RedisMode): void {
    this.#isMemory = mode === 'memory';
    this.#gate.observe(this.#isMemory || reach[this.#options.needs]);
    this.#startIfMay(reach);
    this.#update();
  }

  /** Whether something can only be noticed by observing again and again. */
  get isWatching(): boolean {
    if (this.isShuttingDown) return false;
    return this.#startedText === null || (this.#options.required && !this.#isMemory);
  }

  /** Whether the application needs Redis and it has been away for too long. */
  get isMissingRedis(): boolean {
    return this.#options.required && this.#gate.isAway;
  }

  /** The body of startup. Once started, it stays started. */
  get startup(): ProbeAnswer {
    const isStarted = this.#startedText !== null;
    return {
      status: isStarted ? 'started' : 'starting',
      reason: isStarted || !this.#isBooted ? this.#startReason : 'Redis has not been reached yet',
      since: this.#startedText ?? this.#bornText,
    };
  }

  /** The body of readiness. `failed` names checks that count for it and are down. */
  readiness(failed: readonly string[] = []): ProbeAnswer {
    this.#failed = failed;
    this.#update();
    const { status, reason, text } = this.#last;
    return { status, reason, since: text };
  }

  #startIfMay(reach: Reach): void {
    if (this.#startedText !== null || !this.#isBooted) return;
    const reason = this.#reasonToStart(reach);
    if (reason === null) return;
    this.#startedText = this.#isoTime(this.#clock.now());
    this.#startReason = reason;
  }

  // Ready since the beginning, also during a tolerated absence; not ready since the present reason began.
  #update(): void {
    const next = this.#judge();
    const { status, reason, since, text } = this.#last;
    const isSame = next.status === status && (status === 'ready' || next.reason === reason);
    this.#last = isSame ? { ...next, since, text } : { ...next, text: this.#isoTime(next.since) };
  }

  #judge(): Judgement {
    const now = this.#clock.now();
    if (this.#shutdownAt !== null) return notReady('shutting down', this.#shutdownAt);
    if (this.#startedText === null) return notReady(this.startup.reason, this.#bornAt);
    if (this.isMissingRedis) {
      return notReady(REASONS[this.#gate.state.kind], sinceOf(this.#gate.state));
    }
    const failed = this.#failed;
    if (failed.length > 0) return notReady(`a check is down: ${failed.join(', ')}`, now);
    return { status: 'ready', reason: this.#readyReason(), since: now };
  }

  #readyReason(): string {
    if (!this.#options.required) return 'the application serves without Redis';
    return this.#isMemory
      ? 'Redis is switched off (memory mode)'
      : READY_WITH[this.#gate.state.kind];
  }

  #reasonToStart(reach: Reach): string | null {
    if (this.#isMemory) return 'Redis is switched off (memory mode)';
    if (reach.reads || reach.writes) return 'Redis was reached';
    const isOver = this.#clock.now() - this.#bornAt >= this.#options.startupMs;
    return isOver ? 'Redis was not reached in time; started without it' : null;
  }

  #isoTime(at: number): string {
    const agoMs = this.#clock.now() - at;
    return new Date(this.#clock.wallTime() - agoMs).toISOString();
  }
}

const REASONS: Readonly<Record<AwayState['kind'], string>> = {
  never: 'Redis has not been reached yet',
  away: 'Redis is away',
  returning: 'Redis is back, and not for long enough yet',
  well: '',
  grace: '',
};

const READY_WITH: Readonly<Record<AwayState['kind'], string>> = {
  ...REASONS,
  well: 'Redis can be used',
  grace: 'Redis is away, and that is tolerated for a while',
};

function notReady(reason: string, since: number): Judgement {
  return { status: 'not_ready', reason, since };
}

function sinceOf(state: AwayState): number {
  return state.kind === 'returning' ? state.awaySince : state.since;
}
