import { now } from './machine-now.js';

const GRAIN_MS = 1;

/** A time in which this process could not issue anything: it was busy, or the machine did not let it run. */
export interface Stall {
  readonly at: number;
  readonly ms: number;
  /** How much of it the process was really running. */
  readonly cpuMs: number;
}

/** How the schedule is kept. */
export interface Pace {
  /** Time between two looks at the clock, in ms. @defaultValue 1 */
  readonly grainMs?: number;
  /** From when on stalls are noted, in ms after the start. Without it none are. */
  readonly noteStallsAfterMs?: number;
}

/**
 * Issues calls at a rate, each with the moment at which it is due, whether or not earlier ones were answered. What a late
 * timer missed is issued at once, and its due moment stays what it was: a process that cannot run makes latencies longer,
 * not fewer.
 */
export class OpenLoop {
  private timer: NodeJS.Timeout | undefined;
  private startedAt = 0;
  private issued = 0;
  private longest: Stall = { at: 0, ms: 0, cpuMs: 0 };
  private lastTurn = { at: 0, cpuMs: 0 };

  constructor(
    private readonly perSecond: number,
    private readonly issue: (index: number, dueAt: number) => void,
    private readonly pace: Pace = {},
  ) {}

  /** The longest time between two looks at the clock. */
  get stall(): Stall {
    return this.longest;
  }

  /** Begins; returns when that was. The first call is due at that moment. */
  start(at = now()): number {
    this.startedAt = at;
    this.lastTurn = { at, cpuMs: cpuMs() };
    const { grainMs = GRAIN_MS, noteStallsAfterMs = Infinity } = this.pace;
    this.timer = setInterval(() => {
      const turnAt = now();
      if (noteStallsAfterMs !== Infinity) this.noteTurn(turnAt, turnAt >= at + noteStallsAfterMs);
      this.catchUp(turnAt);
    }, grainMs);
    return at;
  }

  /** Issues what was due before `at` and nothing more; returns that moment. */
  stop(at = now()): number {
    clearInterval(this.timer);
    this.catchUp(at);
    return at;
  }

  private catchUp(at: number): void {
    const everyMs = 1000 / this.perSecond;
    for (;;) {
      const dueAt = this.startedAt + this.issued * everyMs;
      if (dueAt >= at) return;
      this.issue(this.issued++, dueAt);
    }
  }

  private noteTurn(at: number, isOfInterest: boolean): void {
    const turn = { at, cpuMs: cpuMs() };
    const ms = at - this.lastTurn.at;
    if (isOfInterest && ms > this.longest.ms) {
      this.longest = { at: this.lastTurn.at, ms, cpuMs: turn.cpuMs - this.lastTurn.cpuMs };
    }
    this.lastTurn = turn;
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
