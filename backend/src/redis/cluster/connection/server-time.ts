import { replyPrefix, type Problem } from '../../base/errors/index.js';
import { TimeSamples, type Clock, type TimeDistance } from '../../base/timing/index.js';
import type { Wire } from './wire/wire.js';

// The right is missing, or the command has another name there. Anything else passes.
const FOR_GOOD: ReadonlySet<string> = new Set(['NOPERM', 'ERR']);

/** Measures how far the calendar of a node is from the clock of this process, with `TIME`. */
export class ServerTime {
  readonly #clock: Clock;
  readonly #onRefused: (problem: Problem) => void;
  readonly #samples = new TimeSamples();
  #isRefused = false;

  /** @param onRefused - the node does not tell its time: it is asked no more on this connection */
  constructor(clock: Clock, onRefused: (problem: Problem) => void) {
    this.#clock = clock;
    this.#onRefused = onRefused;
  }

  /** The distance as the last answers say; `null` while it is not known. */
  get distance(): TimeDistance | null {
    return this.#samples.best;
  }

  /** Begins anew, for a new connection: another server may have the address now. */
  restart(): void {
    this.#samples.clear();
    this.#isRefused = false;
  }

  /** Writes the question. It leaves with the next command that is flushed. */
  ask(wire: Wire): void {
    if (this.#isRefused) return;
    const sentAt = this.#clock.now();
    wire.write('time', [], 'utf8').then(
      (answer) => {
        const serverMs = parseTime(answer);
        if (serverMs === null) return;
        this.#samples.add({ sentAt, receivedAt: this.#clock.now(), serverMs });
      },
      (error: unknown) => {
        this.#onError(error);
      },
    );
  }

  #onError(error: unknown): void {
    const isReply = error instanceof Error && error.name === 'ReplyError';
    if (!isReply || !FOR_GOOD.has(replyPrefix(error))) return;
    this.#isRefused = true;
    this.#onRefused({
      field: 'TIME',
      value: replyPrefix(error),
      message:
        'a server does not tell its time, so cached values and sessions go by the calendar of this host',
      remedy: 'Give the ACL user +time, or keep the calendars of all hosts right with NTP',
    });
  }
}

/** Reads the answer to `TIME`: seconds and microseconds. Returns calendar milliseconds, or `null`. */
function parseTime(answer: unknown): number | null {
  if (!Array.isArray(answer) || answer.length !== 2) return null;
  const [seconds, micros] = answer.map(Number) as [number, number];
  const serverMs = seconds * 1_000 + micros / 1_000;
  return Number.isFinite(serverMs) ? serverMs : null;
}
