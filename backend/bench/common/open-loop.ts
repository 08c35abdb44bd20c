import { now } from './clock.js';

const GRAIN_MS = 5;

/** Issues operations at a rate, whether or not earlier ones were answered. What a late timer missed is made up for. */
export class OpenLoop {
  private timer: NodeJS.Timeout | undefined;
  private issued = 0;

  constructor(
    private readonly perSecond: number,
    private readonly issue: (index: number) => void,
  ) {}

  /** Begins; answers when that was. */
  start(): number {
    const startedAt = now();
    this.timer = setInterval(() => {
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
}
