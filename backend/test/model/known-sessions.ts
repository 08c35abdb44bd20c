import { isBusy, type Process, type Stage } from './session-stage.js';

const HOUR = 3_600_000;
/** Two events of processes with different calendars are in no certain order when they are this close. */
const UNSURE_MS = 10_000;
/** What Redis took within this time may be written again after it has lost it. */
const REAPPLIED_MS = 20_000;
/** How much later than a use is noted its note may be made, and calendars differ. */
const NOTED_MS = 90_000;

/** When something was under way, and whether its process was cut off at any time of it. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly wasAway: boolean;
}

/** An end that a process has acknowledged. */
interface End {
  readonly by: Process;
  readonly at: Span;
  /** It ends all that were born before, also what they are rotated to. */
  readonly isOfAll: boolean;
  /** Redis has it. */
  isDelivered: boolean;
}

/** A session, as the one who holds its token knows it. */
export interface Known {
  readonly token: string;
  readonly userId: string;
  /** The process that has begun it, and when. What it was rotated from was born before. */
  readonly by: Process;
  readonly begun: Span;
  readonly birth: Span;
  readonly ends: End[];
  /** Who was told that it is over. */
  readonly learned: Set<Process>;
  /** Some other session of the user was ended, and this one stayed. */
  hasStayed: boolean;
  /** Nobody can say what has become of it. */
  isUnsure: boolean;
  /** Redis has lost it: it may be there all the same, for whoever has it writes it again. */
  isLost: boolean;
  /** When it was last used, by anybody. */
  usedAt: number;
  /** It may have been idle for too long, as far as what was noted of its uses tells. */
  mayBeIdle: boolean;
  /** Redis heard of its login more than an hour later, when a journal hands nothing new in. */
  isLate: boolean;
  rotations: number;
}

/** What each process was told of sessions, and what is promised after that. */
export class KnownSessions {
  readonly #clock: Pick<Stage['time'], 'wallTime'>;
  readonly #idleMs: number;
  readonly #all: Known[] = [];
  readonly #endsOfAll: { readonly userId: string; readonly at: Span }[] = [];

  constructor(clock: Pick<Stage['time'], 'wallTime'>, idleMs: number) {
    this.#clock = clock;
    this.#idleMs = idleMs;
  }

  get all(): readonly Known[] {
    return this.#all;
  }

  /** One has begun, or is what another was rotated to. */
  add(known: Pick<Known, 'token' | 'userId' | 'by' | 'begun' | 'birth'>): Known {
    const { from, wasAway } = known.birth;
    const isUnsure = this.#endsOfAll.some(
      ({ userId, at }) =>
        userId === known.userId && from - at.to < UNSURE_MS && (wasAway || at.wasAway),
    );
    const rest = { hasStayed: false, isUnsure, isLate: false, rotations: 0 };
    const uses = { isLost: false, usedAt: this.#clock.wallTime(), mayBeIdle: false };
    const added: Known = { ...known, ends: [], learned: new Set(), ...rest, ...uses };
    this.#all.push(added);
    return added;
  }

  /** One was rotated. Returns what is wrong with that; `null` for nothing. */
  rotate(known: Known, token: string, by: Process, begun: Span): string | null {
    if (!begun.wasAway) known.rotations++;
    const { userId, birth } = known;
    // One that stayed when others were ended may be born anew.
    const span = known.hasStayed ? { from: birth.from, to: begun.to, wasAway: true } : birth;
    const successor = this.add({ token, userId, by, begun, birth: span });
    successor.ends.push(...known.ends.filter(({ isOfAll }) => isOfAll));
    successor.isUnsure ||= known.isUnsure || (known.hasStayed && successor.ends.length > 0);
    this.end(by, [known], begun, false);
    return known.rotations > 1 ? 'one token was rotated twice' : null;
  }

  /** Some were ended. */
  end(by: Process, whom: readonly Known[], at: Span, isOfAll: boolean): void {
    const end: End = { by, at, isOfAll, isDelivered: !at.wasAway };
    for (const one of whom) {
      const isClose = at.from - one.birth.to < UNSURE_MS && (at.wasAway || one.birth.wasAway);
      const isSure = !isOfAll || (at.from >= one.birth.to && !isClose);
      if (isSure) one.ends.push(end);
      else one.isUnsure = true;
    }
  }

  /** All of a user, whom it had then, were ended but one. */
  endAll(userId: string, at: Span, stays: Known | null, others: readonly Known[]): void {
    if (stays !== null) {
      stays.hasStayed = true;
      // The newest end of all decides who stays. Of one that Redis has never had, an earlier end elsewhere
      // cannot tell: it has nothing to end.
      stays.isUnsure ||= at.wasAway && stays.begun.wasAway;
    }
    this.#endsOfAll.push({ userId, at });
    // What was begun meanwhile: nobody can say whether that was before or after.
    for (const one of this.#all) {
      if (one.userId === userId && one !== stays && !others.includes(one)) one.isUnsure = true;
    }
  }

  /** Somebody uses one. While Redis is away that is noted when half of the idle time is over: only within that it surely counts. */
  use(known: Known): void {
    if (this.#isPerhapsIdle(known)) known.mayBeIdle = true;
    known.usedAt = this.#clock.wallTime();
  }

  /** What was ended does not come back: only who has begun it while cut off, or a moment ago, writes it again. */
  lose(): void {
    const now = this.#clock.wallTime();
    for (const known of this.#all) {
      known.isLost = true;
      const isWrittenAgain = known.begun.wasAway || now - known.begun.to < REAPPLIED_MS;
      const isEndLost = known.ends.some(({ at }) => now - at.to > REAPPLIED_MS || at.wasAway);
      if (isWrittenAgain && isEndLost) known.isUnsure = true;
    }
  }

  /** Notes what Redis has by now. */
  noteDelivery(): void {
    const now = this.#clock.wallTime();
    for (const one of this.#all) {
      for (const end of one.ends) end.isDelivered ||= end.by.link.pending === 0;
      const isPending = one.begun.wasAway && one.by.link.pending > 0;
      if (isPending && now - one.begun.from > HOUR) one.isLate = true;
    }
  }

  /** Something is under way now. Returns what it was in the end. */
  span(process: Process): () => Span {
    const from = this.#clock.wallTime();
    const startedAway = isBusy(process);
    return () => ({
      from,
      to: this.#clock.wallTime(),
      wasAway: startedAway || isBusy(process),
    });
  }

  /** What is wrong with what everybody is told in the end; `null` for nothing. */
  faultAtRest(known: Known, code: string): string | null {
    const { mayBeIdle, isLost, isLate, isUnsure, ends } = known;
    if (isUnsure) return null;
    if (ends.length > 0 && code !== 'SESSION_INVALID') return `at rest an ended session is ${code}`;
    if (this.#isSurelyIdle(known) && code !== 'SESSION_INVALID') {
      return `at rest a session that nobody has used is ${code}`;
    }
    const mayBeGone = isLate || isLost || mayBeIdle || this.#isPerhapsIdle(known);
    const isMissed = ends.length === 0 && code !== 'valid' && !mayBeGone;
    return isMissed ? `at rest a session that nobody has ended is ${code}` : null;
  }

  #isPerhapsIdle({ usedAt }: Known): boolean {
    return this.#clock.wallTime() - usedAt > this.#idleMs / 2 - NOTED_MS;
  }

  #isSurelyIdle({ usedAt }: Known): boolean {
    return this.#clock.wallTime() - usedAt > this.#idleMs + NOTED_MS;
  }
}
