import type { Act, Knowledge } from './acts.js';
import type { Actor } from './actor.js';
import { MODEL } from './model-settings.js';

/** A session, as the one who holds its token knows it. */
export interface KnownSession {
  readonly id: string;
  readonly user: string;
  readonly bornFrom: number;
  bornTo: number;
  created: Act | null;
  readonly ends: Act[];
  /** Ends of all of its user. */
  readonly dropEnds: Act[];
  /** Nobody can say whether it is there. */
  isDoubtful: boolean;
  /** Nobody promises any more that it is there. */
  mayBeGone: boolean;
  /** A process crashed before Redis had it: whoever takes over the journal judges its age by another calendar. */
  isLeft: boolean;
  /** Some write of it was lost by Redis. */
  isLossy: boolean;
  isInRedis: boolean;
  versions: number;
  /** What was replaced by an acknowledged change. */
  readonly beaten: Map<string, Act>;
  /** Nobody has tried to end it, so whoever holds it need not doubt. */
  isHoldingSure: boolean;
  /** Who has it in memory. */
  readonly holders: Set<Actor>;
}

/**
 * What is promised of sessions:
 * - what was ended is not found again by who has ended it, a moment later by nobody who can ask, and at rest by nobody
 * - what was not ended is there at rest, unless Redis has lost it or its process never came back in time
 * - what was changed is not as before for who has changed it, and at rest for nobody
 * - whoever holds one in memory goes on knowing it
 */
export class SessionOracle {
  readonly #sessions = new Map<string, KnownSession>();
  readonly #drops: { readonly user: string; from: number; to: number }[] = [];
  readonly #sureMs: number;

  /** @param sureMs - what happened so much earlier did so for everybody */
  constructor(sureMs: number) {
    this.#sureMs = sureMs;
  }

  get all(): readonly KnownSession[] {
    return [...this.#sessions.values()];
  }

  /** One that its owner has the token of. */
  pick(at: number): KnownSession | null {
    const begun = this.all.filter(({ bornTo }) => bornTo !== Infinity);
    return begun[Math.floor(at * begun.length)] ?? null;
  }

  begin(user: string, now: number): KnownSession {
    const id = `s${String(this.#sessions.size)}`;
    // By the calendars an end of all shortly before may come after it.
    const isDoubtful = this.#drops.some(
      (drop) => drop.user === user && now - drop.to < this.#sureMs,
    );
    const session: KnownSession = {
      id,
      user,
      bornFrom: now,
      bornTo: Infinity,
      created: null,
      ends: [],
      dropEnds: [],
      isDoubtful,
      mayBeGone: false,
      isLeft: false,
      isLossy: false,
      isInRedis: false,
      versions: 0,
      beaten: new Map(),
      isHoldingSure: !isDoubtful,
      holders: new Set(),
    };
    this.#sessions.set(id, session);
    return session;
  }

  begun(session: KnownSession, act: Act, { by, now }: { by: Actor; now: number }): void {
    session.created = act;
    session.bornTo = now;
    session.holders.add(by);
  }

  /** An end of all begins. Returns how it is noted when it is acknowledged; `null` when it has failed. */
  beginDrop(
    user: string,
    spared: string | null,
    now: number,
  ): (act: Act | null, at: number) => void {
    const drop = { user, from: now, to: Infinity };
    this.#drops.push(drop);
    for (const one of this.all) if (one.user === user) one.isHoldingSure = false;
    const others = this.all.filter((one) => one.user === user && one.id !== spared);
    return (act, at) => {
      drop.to = at;
      for (const one of this.all.filter((known) => known.user === user && known.id !== spared)) {
        const isSure = others.includes(one) && now - one.bornTo >= this.#sureMs;
        one.isHoldingSure = false;
        if (act === null || !isSure) one.isDoubtful = true;
        else one.dropEnds.push(act);
      }
    };
  }

  /** What Redis has now. */
  look(has: (id: string) => boolean, now: number): void {
    for (const one of this.#sessions.values()) {
      one.isInRedis = has(one.id);
      // Before it is too old to create anything, with the time of the longest step to spare.
      const ageMs = (one.created?.delayMs(now) ?? 0) + (one.isLeft ? this.#sureMs : 0);
      if (ageMs > 0.45 * MODEL.maxAgeMs) one.mayBeGone = true;
    }
  }

  /** Redis has lost something. */
  failOver(): void {
    for (const one of this.#sessions.values()) {
      one.isLossy = true;
      if (one.created?.isLost !== false) one.mayBeGone = true;
      one.holders.clear();
    }
  }

  /** A process has crashed, and what it had not handed in yet is lost, or not. */
  crash(process: Actor): void {
    for (const one of this.#sessions.values()) {
      one.holders.delete(process);
      if (one.created?.isLost === true) one.mayBeGone = true;
      if (one.created?.deliveredAt === null) one.isLeft = true;
    }
  }

  /** What is wrong with what a process has found; `null` for nothing. */
  read(session: KnownSession, body: string, knowledge: Knowledge): string | null {
    const { id, isLossy, beaten } = session;
    const { name } = knowledge.by;
    if (endsOf(session).some((act) => act.isOf(knowledge))) {
      return `${id} was ended by ${name}, which finds it`;
    }
    if (endsOf(session).some((act) => act.isKnownTo(knowledge))) {
      return `${id} was ended, and ${name} finds it although it can ask`;
    }
    const isBeaten = !isLossy && beaten.get(body)?.isOf(knowledge) === true;
    return isBeaten ? `${name} has changed ${body}, and reads it again` : null;
  }

  /** What is wrong with what everybody finds in the end. */
  faultAtRest(session: KnownSession, state: string, body: string): string | null {
    const { id, created, isDoubtful, mayBeGone, ends, dropEnds, isLossy, beaten } = session;
    if (endsOf(session).some((act) => act.isPromised)) {
      return state === 'found' ? `${id} was ended and is there at rest` : null;
    }
    if (state === 'found') {
      const isBeaten = !isLossy && beaten.get(body)?.isPromised === true;
      return isBeaten ? `${id} is ${body} at rest, which was changed` : null;
    }
    const wasEnded = ends.length + dropEnds.length > 0;
    if (created === null || isDoubtful || mayBeGone || wasEnded) return null;
    return `${id} was not ended and is ${state} at rest`;
  }
}

// An end of its own stands, whoever is in doubt about an end of all.
function endsOf({ ends, dropEnds, isDoubtful }: KnownSession): readonly Act[] {
  return isDoubtful ? ends : [...ends, ...dropEnds];
}
