import { now } from '../common/clock.js';

const GRAIN_MS = 1;

/**
 * Calls at a rate, each with the moment at which it is due, whether or not earlier ones were answered. What a late timer
 * missed is issued at once, and its due moment stays what it was: a process that cannot run makes latencies longer,
 * not fewer.
 */
export class PacedLoad {
  private timer: NodeJS.Timeout | undefined;
  private issued = 0;
  private startedAt = 0;

  constructor(
    private readonly perSecond: number,
    private readonly capacity: number,
    private readonly issue: (index: number, intendedAt: number) => void,
  ) {}

  /** Begins; answers when that was. */
  start(): number {
    this.startedAt = now();
    this.timer = setInterval(() => {
      this.catchUp();
    }, GRAIN_MS);
    return this.startedAt;
  }

  /** Issues nothing more; answers when that was. */
  stop(): number {
    clearInterval(this.timer);
    return now();
  }

  private catchUp(): void {
    const everyMs = 1000 / this.perSecond;
    const due = Math.floor((now() - this.startedAt) / everyMs);
    while (this.issued < Math.min(due, this.capacity)) {
      this.issued += 1;
      this.issue(this.issued - 1, this.startedAt + this.issued * everyMs);
    }
  }
}
