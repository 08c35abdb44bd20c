import { classifyFailure, replyPrefix } from '../../base/errors/index.js';
import type { EventBus } from '../../base/events/index.js';
import type { Clock, Stop } from '../../base/timing/index.js';

/** Since when the primary refuses writes, and why. */
export interface Refusal {
  /** The first word of what it answers, such as `NOREPLICAS`. */
  readonly reason: string;
  /** When it refused the first one, on the engine's clock. */
  readonly since: number;
}

/** A node that can be sent one command. */
interface Askable {
  call(name: string, ...args: readonly string[]): Promise<unknown>;
}

const CHECK_KEY = 'nestjs-redis-ha:write-check';

/** The words with which a primary refuses any write, whatever it is. */
const WORDS: ReadonlySet<string> = new Set(['NOREPLICAS', 'MISCONF', 'OOM', 'LOADING', 'BUSY']);

// A new primary refuses writes until its first replica is linked, mostly for some milliseconds. Nobody
// must be told of that; what lasts longer than a second is more than a switch.
const COUNTS_AFTER_MS = 1000;

// While nobody writes, nobody would notice that writes are accepted again: a process that is not ready
// gets no requests, and would stay so for ever.
const TRY_EVERY_MS = 1000;

/** Returns whether an error with this first word says that the node refuses writes as such. */
function isWriteRefusal(word: string): boolean {
  return WORDS.has(word);
}

/**
 * Knows whether the primary refuses every write: since the first refusal, and until it accepts a write or
 * another node is the primary. It counts as refusing when it still does after a second without any
 * accepted write.
 */
export class WriteRefusal {
  readonly #clock: Clock;
  readonly #bus: EventBus;
  readonly #primary: () => Askable | null;
  #refusal: Refusal | null = null;
  #notedAt = 0;
  #stopTrying: Stop | null = null;
  #isTrying = false;

  constructor(clock: Clock, bus: EventBus, primary: () => Askable | null) {
    this.#clock = clock;
    this.#bus = bus;
    this.#primary = primary;
  }

  /** Why writes are refused and since when; `null` while they are not, or not for long enough to count. */
  get present(): Refusal | null {
    return this.#stopTrying === null ? null : this.#refusal;
  }

  /** The primary refused a write. Words that do not concern all writes are ignored. */
  noteRefused(reason: string): void {
    if (!isWriteRefusal(reason)) return;
    const now = this.#clock.now();
    this.#notedAt = now;
    if (this.#refusal?.reason !== reason) {
      this.#refusal = { reason, since: this.#refusal?.since ?? now };
    }
    if (this.#stopTrying !== null || now - this.#refusal.since < COUNTS_AFTER_MS) return;
    this.#stopTrying = this.#clock.every(TRY_EVERY_MS, () => void this.#look());
    this.#bus.emit({ type: 'writes.refused', reason });
  }

  /** The primary accepted a write. */
  noteAccepted(): void {
    if (this.#refusal !== null) this.end('a write was accepted');
  }

  /** Forgets the refusal: it does not hold any more, or nobody knows whether it does. */
  end(reason: string): void {
    const refusal = this.#refusal;
    if (refusal === null) return;
    this.#refusal = null;
    if (this.#stopTrying === null) return;
    this.close();
    const refusedMs = this.#clock.now() - refusal.since;
    this.#bus.emit({ type: 'writes.accepted', reason, refusedMs });
  }

  /** Tries no more writes. */
  close(): void {
    this.#stopTrying?.();
    this.#stopTrying = null;
  }

  async #look(): Promise<void> {
    const refusal = this.#refusal;
    // The refused writes of the application tell as much.
    if (this.#isTrying || this.#clock.now() - this.#notedAt < TRY_EVERY_MS) return;
    this.#isTrying = true;
    const answer = await tryWrite(this.#primary());
    this.#isTrying = false;
    // Meanwhile it may have ended, or a write of the application was refused.
    if (this.#refusal !== refusal) return;
    if (answer === 'accepted') this.noteAccepted();
    else if (isWriteRefusal(answer)) this.noteRefused(answer);
    else if (answer !== 'unknown') this.end(`whether writes are accepted is not known: ${answer}`);
  }
}

// Writes nothing, whether or not there is the key, and is refused as any write is. The rights of the
// user may not suffice for it: then only the writes of the application can tell.
async function tryWrite(primary: Askable | null): Promise<string> {
  if (primary === null) return 'unknown';
  try {
    await primary.call('setrange', CHECK_KEY, '0', '');
    return 'accepted';
  } catch (error) {
    const isAnswer = error instanceof Error && classifyFailure(error) !== 'unknown';
    return isAnswer ? replyPrefix(error) : 'unknown';
  }
}
