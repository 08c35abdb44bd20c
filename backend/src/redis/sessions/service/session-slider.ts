import { Remembered } from '../archive/remembered.js';
import { reportFailedWrite, type SessionDeps } from './session-reader.js';
import type { SessionRecord } from '../record/session-record.js';
import type { SessionWriter } from './session-writer.js';

const MAX_AT_A_TIME = 256;
const REST_AFTER_FAILURE_MS = 1000;
const LATELY_MS = 100;
const MAX_LATELY = 10_000;

/**
 * Extends sessions while they are used, in the background: no read waits for it or fails
 * because of it.
 */
export class SessionSlider {
  readonly #deps: SessionDeps;
  readonly #writer: SessionWriter;
  readonly #touchEveryMs: number;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #lately: Remembered<number>;
  #restUntil = 0;
  #isClosed = false;

  constructor(deps: SessionDeps, writer: SessionWriter, touchEveryMs: number) {
    this.#deps = deps;
    this.#writer = writer;
    this.#touchEveryMs = touchEveryMs;
    this.#lately = new Remembered(deps.clock, LATELY_MS, MAX_LATELY);
  }

  /** Remembers that a session was used, and writes it if the last write is long ago. */
  note(record: SessionRecord): void {
    if (!this.#isDue(record) || this.#wasJustTried(record) || !this.#hasRoom(record.id)) return;
    const writing = this.#slide(record).finally(() => this.#underWay.delete(record.id));
    this.#underWay.set(record.id, writing);
  }

  /** Starts no more writes, and resolves when the current ones have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#underWay.values());
  }

  #isDue({ lastSeenAt, idleMs }: SessionRecord): boolean {
    const half = Math.ceil(idleMs / 2);
    // Each slide takes a place in the journal while Redis is away, and logins need it more.
    const paceMs = this.#deps.keyspace.isAway ? half : Math.min(this.#touchEveryMs, half);
    return this.#deps.clock.wallTime() - lastSeenAt >= paceMs;
  }

  // What a replica shows may be behind for a moment: then the same would be tried at each read.
  #wasJustTried({ id, idleMs }: SessionRecord): boolean {
    const triedAt = this.#lately.get(id);
    if (triedAt === undefined) return false;
    return this.#deps.clock.now() - triedAt < Math.min(LATELY_MS, idleMs / 4);
  }

  #hasRoom(id: string): boolean {
    if (this.#isClosed || this.#deps.clock.now() < this.#restUntil) return false;
    return !this.#underWay.has(id) && this.#underWay.size < MAX_AT_A_TIME;
  }

  async #slide(record: SessionRecord): Promise<void> {
    try {
      // Where another write was first, it counts as use.
      await this.#writer.slide(record);
      this.#lately.set(record.id, this.#deps.clock.now());
    } catch (error) {
      this.#restUntil = this.#deps.clock.now() + REST_AFTER_FAILURE_MS;
      reportFailedWrite(this.#deps, error);
    }
  }
}
