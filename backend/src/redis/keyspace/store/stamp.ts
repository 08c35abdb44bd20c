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

/** A stamp further ahead of the calendar than this is taken for damage. */
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
  #wallMs = 0;
  #count = 0;

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
