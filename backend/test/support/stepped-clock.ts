import { SystemClock } from '../../src/redis/base/timing/index.js';
import { ManualClock } from '../../src/redis/testing/index.js';

/** A clock moved by hand, whose calendar can be set, back as well. */
export class SteppedClock extends ManualClock {
  #stepMs = 0;

  /** Somebody sets the calendar of the machine. */
  step(ms: number): void {
    this.#stepMs += ms;
  }

  override wallTime(): number {
    return super.wallTime() + this.#stepMs;
  }
}

/** The clock of this machine, with a calendar that is wrong. */
export class WrongClock extends SystemClock {
  /** @param aheadMs - by how much its calendar is ahead; negative when it is behind */
  constructor(public aheadMs: number) {
    super();
  }

  override wallTime(): number {
    return super.wallTime() + this.aheadMs;
  }
}
