import { InvalidArgumentError } from '../../base/errors/index.js';
import type { Clock } from '../../base/timing/index.js';

/**
 * When a write was made, and by whom: a hybrid logical clock. Stamps order all writes of all
 * processes; no two are equal. Of two writes to a key the one with the later stamp wins, whichever
 * arrives first.
 */
export interface Stamp {
  /** Calendar time in milliseconds, or a little ahead of it when other processes are. */
  readonly wallMs: number;
  /** Orders the stamps of one millisecond, from 0 to 65535. */
  readonly count: number;
  /** The process, as 16 hexadecimal digits. */
  readonly origin: string;
}

/** Size of a stamp in bytes. Compared byte by byte, stamps are in order of time. */
export const STAMP_BYTES = 16;
/** How many hexadecimal digits it has as text, as in notices. */
export const STAMP_DIGITS = STAMP_BYTES * 2;

/**
 * A stamp further ahead of the calendar than this is taken for damage. A process stamps by the calendar
 * of Redis, so its stamps are ahead by the error of measuring: milliseconds. What sets the bound is a
 * process that has not reached Redis since its start: it stamps by the calendar of its host, and what it
 * wrote meanwhile must still be believed when its journal is replayed.
 */
export const MAX_AHEAD_MS = 3_600_000;

const MAX_COUNT = 0xffff;
// A valid stamp at this limit may be passed without being treated as a stray.
const STRAY_SLACK_MS = 1_000;
const LATEST_ORIGIN = 'f'.repeat(16);
const ORIGIN = /^[0-9a-f]{16}$/;
const DIGITS = /^[0-9a-f]{32}$/;

/** Negative when `a` is earlier than `b`, positive when it is later, 0 when they are the same. */
export function compareStamps(a: Stamp, b: Stamp): number {
  if (a.wallMs !== b.wallMs) return a.wallMs - b.wallMs;
  if (a.count !== b.count) return a.count - b.count;
  if (a.origin === b.origin) return 0;
  return a.origin < b.origin ? -1 : 1;
}

/** Writes the sixteen bytes of a stamp. */
export function writeStamp(stamp: Stamp, target: Buffer, offset: number): void {
  target.writeUIntBE(stamp.wallMs, offset, 6);
  target.writeUInt16BE(stamp.count, offset + 6);
  target.write(stamp.origin, offset + 8, 8, 'hex');
}

/** Reads what {@link writeStamp} wrote. */
export function readStamp(source: Buffer, offset: number): Stamp {
  return {
    wallMs: source.readUIntBE(offset, 6),
    count: source.readUInt16BE(offset + 6),
    origin: source.toString('hex', offset + 8, offset + STAMP_BYTES),
  };
}

/** Whether a stamp is too far ahead of the calendar to be believed. It orders nothing; it may be overwritten. */
export function isDamaged(stamp: Stamp, wallTime: number): boolean {
  return stamp.wallMs > wallTime + MAX_AHEAD_MS;
}

/**
 * The stamp of a write that Redis itself dates, from the two numbers that `TIME` answers. The scripts
 * make the same from them: `wallMs = seconds * 1000 + floor(micros / 1000)`, and
 * `count = floor((micros % 1000) * 65536 / 1000)`, so that the stamps of one millisecond are in the
 * order of their microseconds.
 *
 * @param origin - {@link HybridClock.scriptOrigin} of the process whose script it is
 */
export function stampOfServerTime(seconds: number, micros: number, origin: string): Stamp {
  return {
    wallMs: seconds * 1_000 + Math.floor(micros / 1_000),
    count: Math.floor(((micros % 1_000) * (MAX_COUNT + 1)) / 1_000),
    origin,
  };
}

/** The stamp itself, or the next one of its process after another that is not earlier. */
export function laterThan(stamp: Stamp, other: Stamp): Stamp {
  if (compareStamps(stamp, other) > 0) return stamp;
  return nextCount({ ...other, origin: stamp.origin });
}

/**
 * The stamp that comes right after another: after it, before the next one that its process makes, and equal to none
 * that any process makes.
 */
export function rightAfter({ wallMs, count, origin }: Stamp): Stamp {
  const own = otherOrigin(origin, 4);
  return own > origin ? { wallMs, count, origin: own } : nextCount({ wallMs, count, origin: own });
}

function nextCount({ wallMs, count, origin }: Stamp): Stamp {
  return count < MAX_COUNT
    ? { wallMs, count: count + 1, origin }
    : { wallMs: wallMs + 1, count: 0, origin };
}

/** The bytes of a stamp. */
export function stampBytes(stamp: Stamp): Buffer {
  const bytes = Buffer.allocUnsafe(STAMP_BYTES);
  writeStamp(stamp, bytes, 0);
  return bytes;
}

/** The bytes of a stamp as 32 hexadecimal digits, whose order as text is the order of the stamps. */
export function stampDigits(stamp: Stamp): string {
  return stampBytes(stamp).toString('hex');
}

/** The stamp that {@link stampDigits} wrote. */
export function stampOfDigits(digits: string): Stamp {
  return readStamp(Buffer.from(digits, 'hex'), 0);
}

/** Whether {@link stampDigits} could have written this. */
export function isStampDigits(text: unknown): text is string {
  return typeof text === 'string' && DIGITS.test(text);
}

/** Makes stamps that always grow, whatever the calendar does, and are later than every stamp it has seen. */
export class HybridClock {
  readonly #clock: Clock;
  readonly #origin: string;
  readonly #readOrigin: string;
  /** The process, in the stamps that scripts take for it from `TIME`. No stamp that it makes itself equals one of those. */
  readonly scriptOrigin: string;
  #wallMs = 0;
  #count = 0;
  #reads = 0;

  /**
   * @param origin - 16 hexadecimal digits that no other process has
   * @throws {@link InvalidArgumentError} (`INVALID_ARGUMENT`) when they are not: stamps would not be in order.
   */
  constructor(clock: Clock, origin: string) {
    if (!ORIGIN.test(origin)) {
      throw new InvalidArgumentError({
        field: 'origin',
        value: origin,
        message: 'a process is named with 16 hexadecimal digits in small letters',
        remedy: 'Make it of 8 random bytes',
      });
    }
    this.#clock = clock;
    this.#origin = origin;
    this.#readOrigin = otherOrigin(origin, 1);
    this.scriptOrigin = otherOrigin(origin, 2);
  }

  /**
   * Returns a stamp of now, later than every stamp before it.
   *
   * @param aheadMs - how much later than now, to be after processes whose calendar is ahead
   */
  next(aheadMs = 0): Stamp {
    const wallMs = Math.floor(this.#clock.wallTime()) + aheadMs;
    // The calendar was far ahead and was corrected: other processes would treat such stamps as damaged.
    const isStray = this.#wallMs > wallMs + MAX_AHEAD_MS + STRAY_SLACK_MS;
    if (wallMs > this.#wallMs || isStray) {
      this.#wallMs = wallMs;
      this.#count = 0;
    } else if (this.#count < MAX_COUNT) {
      this.#count++;
    } else {
      this.#wallMs++;
      this.#count = 0;
    }
    return { wallMs: this.#wallMs, count: this.#count, origin: this.#origin };
  }

  /**
   * Returns a stamp that is surely not later than now, as Redis tells the time: for a value that is about
   * to be read from its source without a lease. A delete or a mark that Redis stamps from now on is
   * later, so it wins, even if the value is written after it.
   *
   * It is earlier than now by what the calendar may be wrong, and a millisecond, whatever stamps were
   * seen. Before the calendar of Redis was measured it rests on the calendars of the hosts. It has an
   * origin of its own, so that no stamp of {@link HybridClock.next} equals it.
   */
  before(): Stamp {
    const uncertaintyMs = Math.ceil(this.#clock.uncertaintyMs?.() ?? 0);
    const wallMs = Math.floor(this.#clock.wallTime()) - uncertaintyMs - 1;
    // Any count will do: with all of them it is in a millisecond that is over.
    this.#reads = (this.#reads + 1) & MAX_COUNT;
    return { wallMs, count: this.#reads, origin: this.#readOrigin };
  }

  /** Learns from another process's stamp, so that the next write is later. A damaged stamp is ignored. */
  observe(stamp: Stamp): void {
    if (isDamaged(stamp, this.#clock.wallTime())) return;
    if (stamp.wallMs < this.#wallMs) return;
    if (stamp.wallMs > this.#wallMs) {
      this.#wallMs = stamp.wallMs;
      this.#count = stamp.count;
    } else if (stamp.count > this.#count) {
      this.#count = stamp.count;
    }
  }

  /** The latest stamp that is believed, see {@link isDamaged}: a stored stamp beyond it may be overwritten. */
  ceiling(): Stamp {
    const wallMs = Math.floor(this.#clock.wallTime()) + MAX_AHEAD_MS;
    return { wallMs, count: MAX_COUNT, origin: LATEST_ORIGIN };
  }
}

// Random origins differ in more than three bits.
function otherOrigin(origin: string, bit: 1 | 2 | 4): string {
  const last = Number.parseInt(origin.slice(-1), 16) ^ bit;
  return origin.slice(0, -1) + last.toString(16);
}
