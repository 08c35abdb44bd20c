import type { Clock, Stop } from '../base/timing/index.js';

/** A read that waits until the one before it is answered. */
interface NextRead {
  readonly answer: Promise<unknown>;
  readonly send: () => void;
  readonly stopTimer: Stop;
}

/** Reads of one thing: one is under way, and all that began since then wait for the next. */
interface Line {
  underWay: object;
  next: NextRead | null;
}

/** A read that began does not wait longer for the one before it. */
const MAX_WAIT_MS = 5;

/**
 * Lets reads of one thing share an answer: while one is under way, all that begin meanwhile become one read, which
 * is sent when the first is answered. So Redis is asked after each of them has begun, and nobody gets an answer
 * that is older than his question, whoever has written meanwhile.
 */
export class SharedReads {
  readonly #clock: Clock;
  readonly #lines = new Map<string, Line>();
  /** How many reads got the answer of another one. */
  shared = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Reads, alone or with others of the same id. */
  read(id: string, send: () => Promise<unknown>): Promise<unknown> {
    const line = this.#lines.get(id);
    if (line === undefined) {
      const made: Line = { underWay: {}, next: null };
      this.#lines.set(id, made);
      return this.#send(id, made, send);
    }
    if (line.next !== null) {
      this.shared++;
      return line.next.answer;
    }
    return this.#waitFor(id, line, send);
  }

  #waitFor(id: string, line: Line, send: () => Promise<unknown>): Promise<unknown> {
    const { promise, resolve } = newPromise<unknown>();
    const begin = (): void => {
      line.next = null;
      next.stopTimer();
      resolve(this.#send(id, line, send));
    };
    // Somebody waits for it: a process that has nothing else to do must not end before.
    const next: NextRead = {
      answer: promise,
      send: begin,
      stopTimer: this.#clock.hold(MAX_WAIT_MS, begin),
    };
    line.next = next;
    return promise;
  }

  #send(id: string, line: Line, send: () => Promise<unknown>): Promise<unknown> {
    const token = {};
    line.underWay = token;
    // Also where it throws: others wait for it.
    const answer = new Promise<unknown>((resolve) => {
      resolve(send());
    });
    const end = (): void => {
      // A later one has been sent meanwhile: that one is waited for now.
      if (line.underWay !== token) return;
      if (line.next === null) this.#lines.delete(id);
      else line.next.send();
    };
    answer.then(end, end);
    return answer;
  }
}

function newPromise<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T | PromiseLike<T>) => void;
} {
  let resolve: (value: T | PromiseLike<T>) => void = () => undefined;
  const promise = new Promise<T>((give) => {
    resolve = give;
  });
  return { promise, resolve };
}
