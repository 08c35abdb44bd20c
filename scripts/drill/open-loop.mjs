// Issues requests on a fixed schedule, whatever became of the earlier ones, and notes how late it was itself.
import { now } from './clock.mjs';

const GRAIN_MS = 1;

/** Calls `issue(dueAt)` `perSecond` times a second until it is stopped. */
export class OpenLoop {
  /** How late each request was handed over, in ms. */
  lateness = [];
  #perSecond;
  #issue;
  #startedAt = 0;
  #issued = 0;
  #timer;

  constructor(perSecond, issue) {
    this.#perSecond = perSecond;
    this.#issue = issue;
  }

  start(at = now()) {
    this.#startedAt = at;
    this.#timer = setInterval(() => this.#catchUp(now()), GRAIN_MS);
  }

  /** Issues what was due before `at` and nothing more. */
  stop(at = now()) {
    clearInterval(this.#timer);
    this.#catchUp(at);
  }

  #catchUp(at) {
    const gapMs = 1000 / this.#perSecond;
    for (;;) {
      const dueAt = this.#startedAt + this.#issued * gapMs;
      if (dueAt >= at) return;
      this.#issued += 1;
      this.lateness.push(Math.max(0, now() - dueAt));
      this.#issue(dueAt);
    }
  }
}
