import { now } from '../common/clock.js';

const GRAIN_MS = 1;
/** Less is what timers do anyway. */
const NOTABLE_MS = 1;

/** A moment at which a process that has nothing else to do was late. */
export interface Lag {
  readonly at: number;
  readonly ms: number;
}

/** How late timers are in this process. In one that has nothing to do, that is what the machine does to everybody. */
export class LagWatch {
  private timer: NodeJS.Timeout | undefined;
  private lags: Lag[] = [];

  /** Begins, with nothing noticed yet. */
  start(): void {
    this.lags = [];
    let expected = now() + GRAIN_MS;
    this.timer = setInterval(() => {
      const at = now();
      if (at - expected > NOTABLE_MS) this.lags.push({ at, ms: at - expected });
      expected = at + GRAIN_MS;
    }, GRAIN_MS);
  }

  /** Ends; answers what was noticed. */
  stop(): readonly Lag[] {
    clearInterval(this.timer);
    return this.lags;
  }
}
