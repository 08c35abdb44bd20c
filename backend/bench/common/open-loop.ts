import { now } from './clock.js';

const GRAIN_MS = 5;

/** A time in which this process could not issue anything: it was busy, or the machine did not let it run. */
export interface Stall {
  readonly at: number;
  readonly ms: number;
  /** How much of it the process was really running. */
  readonly cpuMs: number;
}

/** Issues operations at a rate, whether or not earlier ones were answered. What a late timer missed is made up for. */
export class OpenLoop {
  private timer: NodeJS.Timeout | undefined;
  private issued = 0;
  private longest: Stall = { at: 0, ms: 0, cpuMs: 0 };
  private lastTick = { at: 0, cpuMs: 0 };

  constructor(
    private readonly perSecond: number,
    private readonly issue: (index: number) => void,
    /** Stalls before that are of no interest. */
    private readonly settleMs = 0,
  ) {}

  /** The longest time between two turns of the timer. */
  get stall(): Stall {
    return this.longest;
  }

  /** Begins; answers when that was. */
  start(): number {
    const startedAt = now();
    this.lastTick = { at: startedAt, cpuMs: cpuMs() };
    this.timer = setInterval(() => {
      this.noteTick(now() - startedAt >= this.settleMs);
      const due = Math.floor(((now() - startedAt) * this.perSecond) / 1000);
      while (this.issued < due) this.issue(this.issued++);
    }, GRAIN_MS);
    return startedAt;
  }

  /** Issues nothing more; answers when that was. */
  stop(): number {
    clearInterval(this.timer);
    return now();
  }

  private noteTick(isOfInterest: boolean): void {
    const tick = { at: now(), cpuMs: cpuMs() };
    const { at } = this.lastTick;
    const ms = tick.at - at;
    if (isOfInterest && ms > this.longest.ms) {
      this.longest = { at, ms, cpuMs: tick.cpuMs - this.lastTick.cpuMs };
    }
    this.lastTick = tick;
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
