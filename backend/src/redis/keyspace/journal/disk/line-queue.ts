import type { JournalFileError } from '../../../base/errors/index.js';
import { stampOfLine, targetOfLine, type LogLine } from './journal-lines.js';
import { weightOf } from './journal-log.js';
import { compareStamps, type Stamp } from '../../store/stamp.js';

/** Told once: `null` when the disk has the line. */
export type Waiter = (error: JournalFileError | null) => void;

/** A line that the disk does not have yet, and who waits for it. */
interface Queued {
  readonly line: LogLine;
  readonly weight: number;
  readonly waiting: Waiter[];
}

const SETTLED_BYTES = 200;

/** Lines on their way to the disk together. */
export class Batch {
  readonly lines: readonly LogLine[];
  /** The bytes of each line, in the same order. */
  readonly frames: readonly Buffer[];
  readonly bytes: number;
  readonly hasRecords: boolean;
  readonly #targets: ReadonlySet<string>;
  readonly #waiting: Waiter[];

  constructor(lines: readonly LogLine[], frames: readonly Buffer[], waiting: Waiter[]) {
    this.lines = lines;
    this.frames = frames;
    this.bytes = frames.reduce((sum, { length }) => sum + length, 0);
    this.hasRecords = lines.some(({ kind }) => kind !== 'settled');
    this.#targets = new Set(lines.map(targetOfLine));
    this.#waiting = waiting;
  }

  /** Returns whether it has a line of this target. */
  holds(target: string): boolean {
    return this.#targets.has(target);
  }

  /** Tells everybody who waits for it. */
  end(error: JournalFileError | null): void {
    for (const tell of this.#waiting.splice(0)) tell(error);
  }
}

/**
 * What the disk does not have yet: the newest line of each target. However long the disk takes, and however
 * often a key is written meanwhile, it holds one line for each.
 */
export class LineQueue {
  readonly #queued = new Map<string, Queued>();
  #waitingForAll: Waiter[] = [];
  #bytes = 0;

  /** How many lines it holds. */
  get size(): number {
    return this.#queued.size;
  }

  /** About how many bytes they take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a line, unless there is a newer one of its target; `waiter` then waits for that one. */
  add(line: LogLine, waiter: Waiter | null = null): void {
    const target = targetOfLine(line);
    const present = this.#queued.get(target);
    const isLate =
      present !== undefined && compareStamps(stampOfLine(present.line), stampOfLine(line)) > 0;
    const queued = isLate ? present : this.#put(target, line, present?.waiting ?? []);
    if (waiter !== null) queued.waiting.push(waiter);
  }

  /** Takes out the line of a target up to a stamp. Nobody needs it any more: those who wait are let go. */
  settle(target: string, stamp: Stamp): void {
    const present = this.#queued.get(target);
    if (present === undefined || compareStamps(stampOfLine(present.line), stamp) > 0) return;
    this.#remove(target);
    for (const tell of present.waiting.splice(0)) tell(null);
  }

  /** Calls back when all that is queued now is on the disk. */
  afterAll(waiter: Waiter): void {
    this.#waitingForAll.push(waiter);
  }

  /** Takes the oldest lines out, up to about so many bytes. */
  take(maxBytes: number, encode: (line: LogLine) => Buffer): Batch {
    const lines: LogLine[] = [];
    const frames: Buffer[] = [];
    const waiting: Waiter[] = [];
    let bytes = 0;
    for (const [target, queued] of this.#queued) {
      if (bytes >= maxBytes) break;
      const frame = encode(queued.line);
      lines.push(queued.line);
      frames.push(frame);
      for (const waiter of queued.waiting) waiting.push(waiter);
      bytes += frame.length;
      this.#remove(target);
    }
    if (this.size === 0) waiting.push(...this.#waitingForAll.splice(0));
    return new Batch(lines, frames, waiting);
  }

  /** Takes lines back that did not reach the disk, unless newer ones have come. */
  putBack(batch: Batch): void {
    const later = [...this.#queued];
    for (const line of batch.lines) {
      const present = this.#queued.get(targetOfLine(line));
      // One of the same stamp says that the record was settled meanwhile.
      const isOver =
        present !== undefined && compareStamps(stampOfLine(present.line), stampOfLine(line)) >= 0;
      if (!isOver) this.add(line);
    }
    // Their order stays that in which they came.
    for (const [target, queued] of later) {
      if (this.#queued.get(target) !== queued) continue;
      this.#queued.delete(target);
      this.#queued.set(target, queued);
    }
  }

  /** Tells everybody who waits that the disk does not take lines now. The lines stay. */
  refuse(error: JournalFileError): void {
    const waiting = [...this.#queued.values()].flatMap((queued) => queued.waiting.splice(0));
    for (const tell of [...waiting, ...this.#waitingForAll.splice(0)]) tell(error);
  }

  #put(target: string, line: LogLine, waiting: Waiter[]): Queued {
    this.#remove(target);
    const weight = line.kind === 'settled' ? SETTLED_BYTES + 2 * target.length : weightOf(line);
    const queued = { line, weight, waiting };
    this.#queued.set(target, queued);
    this.#bytes += weight;
    return queued;
  }

  #remove(target: string): void {
    this.#bytes -= this.#queued.get(target)?.weight ?? 0;
    this.#queued.delete(target);
  }
}
