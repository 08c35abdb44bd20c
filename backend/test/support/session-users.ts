import type { DoorAnswer, SessionDoor } from './session-door.js';
import { seededRandom } from './random-histories.js';

/** A session, as the one who holds its token knows it. */
interface HeldSession {
  readonly token: string;
  readonly userId: string;
  isEnded: boolean;
  /** An end was asked for, and nobody can say whether it was done. */
  isUnsure: boolean;
  /** The process that has ended it: it must know. */
  endedBy: SessionDoor | null;
  /** It was spared when the others of its user were ended. */
  hasStayed: boolean;
  /** What it may hold: the last update that was acknowledged, and what a rotation may have been based on. */
  mayHold: ReadonlySet<number>;
}

/** What users did that was acknowledged, and what went wrong. */
export interface UsersReport {
  readonly done: Readonly<Record<string, number>>;
  /** Logins that were refused, and answers that are never right. */
  readonly faults: readonly string[];
}

/** How often each thing is done, once a user has a session. */
const WEIGHTS = {
  create: 3,
  read: 4,
  update: 4,
  touch: 3,
  rotate: 2,
  destroy: 2,
  destroyOthers: 1,
  'use an ended one': 3,
} as const;

type Operation = keyof typeof WEIGHTS;

const MIX = (Object.keys(WEIGHTS) as Operation[]).flatMap((name) =>
  Array.from({ length: WEIGHTS[name] }, () => name),
);
// Longer than the calendars of two processes may differ: so what a user does is in one order for all.
const MIN_PAUSE_MS = 50;
const MORE_PAUSE_MS = 100;

/**
 * Users who log in, use their sessions, give them new tokens and end them, each time in another process. A user does one
 * thing at a time, and remembers what was acknowledged.
 */
export class SessionUsers {
  readonly #doors: readonly SessionDoor[];
  readonly #random: () => number;
  readonly #sessions: HeldSession[] = [];
  readonly #done: Record<string, number> = {};
  readonly #faults: string[] = [];
  readonly #users: Promise<unknown>;
  #isStopping = false;
  #n = 0;

  constructor(doors: readonly SessionDoor[], { users, seed }: { users: number; seed: number }) {
    this.#doors = doors;
    this.#random = seededRandom(seed);
    this.#users = Promise.all(
      Array.from({ length: users }, (_, i) => this.#live(`user-${String(seed)}-${String(i)}`)),
    );
  }

  /** How many sessions there were, and how many of them were ended. */
  get sessions(): { readonly begun: number; readonly ended: number } {
    const ended = this.#sessions.filter(({ isEnded }) => isEnded).length;
    return { begun: this.#sessions.length, ended };
  }

  /** How many operations were acknowledged. */
  get acknowledged(): number {
    return Object.values(this.#done).reduce((sum, count) => sum + count, 0);
  }

  /** Resolves when nobody does anything any more. */
  async stop(): Promise<UsersReport> {
    this.#isStopping = true;
    await this.#users;
    return { done: this.#done, faults: this.#faults };
  }

  /** At rest: whom each process refuses although he was never logged out, and whom it lets in although he was. */
  async wrongAtRest(): Promise<string[]> {
    const tokens = this.#sessions.map(({ token }) => token);
    const wrong: string[] = [];
    for (const [i, door] of this.#doors.entries()) {
      const answers = await door.readAll(tokens);
      for (const [at, session] of this.#sessions.entries()) {
        const what = wrongIn(session, answers[at] ?? { code: 'NO_ANSWER' });
        if (what !== null) wrong.push(`process ${String(i)}: ${what}`);
      }
    }
    return wrong;
  }

  async #live(userId: string): Promise<void> {
    const own: HeldSession[] = [];
    while (!this.#isStopping) {
      const live = own.filter(({ isEnded, isUnsure }) => !isEnded && !isUnsure);
      const ended = own.filter(({ isEnded }) => isEnded);
      const wanted = live.length === 0 ? 'create' : this.#pick(MIX);
      const door = this.#pick(this.#doors);
      if (wanted === 'create') await this.#create(door, userId, own);
      else if (wanted === 'use an ended one') await this.#useEnded(door, ended);
      else await this.#use(wanted, door, { session: this.#pick(live), own });
      await pause(MIN_PAUSE_MS + this.#random() * MORE_PAUSE_MS);
    }
  }

  async #create(door: SessionDoor, userId: string, own: HeldSession[]): Promise<void> {
    const n = ++this.#n;
    const { token, code } = await door.create(userId, n);
    if (token === undefined) this.#faults.push(`a login was refused: ${String(code)}`);
    else this.#hold({ token, userId, mayHold: new Set([n]) }, own);
    this.#count('create', code);
  }

  async #use(
    operation: Exclude<Operation, 'create' | 'use an ended one'>,
    door: SessionDoor,
    { session, own }: { readonly session: HeldSession; readonly own: HeldSession[] },
  ): Promise<void> {
    const { token, userId } = session;
    switch (operation) {
      case 'read':
        return this.#note('read', await door.read(token));
      case 'touch':
        return this.#note('touch', await door.touch(token));
      case 'update':
        return this.#update(door, session);
      case 'rotate':
        return this.#rotate(door, session, own);
      case 'destroy': {
        const answer = await door.destroy(token);
        this.#count('destroy', answer.code);
        return this.#noteEnd(door, [session], answer);
      }
      case 'destroyOthers': {
        const answer = await door.destroyOthers(userId, token);
        this.#note('destroyOthers', answer);
        // Nothing is ended for one that the process does not know.
        if (answer.code?.startsWith('SESSION_') === true) return;
        session.hasStayed = true;
        return this.#noteEnd(
          door,
          own.filter((one) => one !== session && !one.isEnded),
          answer,
        );
      }
    }
  }

  async #update(door: SessionDoor, session: HeldSession): Promise<void> {
    const n = ++this.#n;
    const answer = await door.update(session.token, n);
    this.#note('update', answer);
    // One that failed may have been written.
    session.mayHold = new Set(answer.code === undefined ? [n] : [...session.mayHold, n]);
  }

  async #rotate(door: SessionDoor, session: HeldSession, own: HeldSession[]): Promise<void> {
    const answer = await door.rotate(session.token);
    this.#note('rotate', answer);
    if (answer.token === undefined) return;
    session.isEnded = true;
    session.endedBy = door;
    // A process that is cut off knows what it knew.
    const mayHold = new Set(Array.from({ length: this.#n }, (_, i) => i + 1));
    this.#hold({ token: answer.token, userId: session.userId, mayHold }, own);
    // A process that is cut off cannot know that others were ended since the login, and that this one was spared.
    if (session.hasStayed) own.at(-1)!.isUnsure = true;
  }

  // Who is cut off cannot know that it was ended, and does it no good in the end.
  async #useEnded(door: SessionDoor, ended: readonly HeldSession[]): Promise<void> {
    if (ended.length === 0) return;
    const session = this.#pick(ended);
    const [how, ask] = this.#pick([
      ['read', () => door.read(session.token)],
      ['touch', () => door.touch(session.token)],
      ['update', () => door.update(session.token, ++this.#n)],
    ] as const);
    const { code } = await ask();
    if (code === undefined && session.endedBy === door) {
      this.#faults.push(`${how} of a session was allowed by the process that had ended it`);
    }
    this.#count('use an ended one', undefined);
  }

  #hold(known: Pick<HeldSession, 'token' | 'userId' | 'mayHold'>, own: HeldSession[]): void {
    const fresh = { isEnded: false, isUnsure: false, endedBy: null, hasStayed: false };
    const session: HeldSession = { ...known, ...fresh };
    this.#sessions.push(session);
    own.push(session);
  }

  #note(operation: string, { code, reason }: DoorAnswer): void {
    this.#count(operation, code);
    // Another process may not have heard of it yet. That it was ended nobody can have heard.
    const isRight = code === undefined || code === 'SESSION_UNAVAILABLE' || reason === 'missing';
    if (!isRight) {
      this.#faults.push(`${operation} of a session that is alive: ${code} ${reason ?? ''}`);
    }
  }

  #noteEnd(door: SessionDoor, ended: readonly HeldSession[], { code }: DoorAnswer): void {
    for (const session of ended) {
      if (code !== undefined) session.isUnsure = true;
      else {
        session.isEnded = true;
        session.endedBy = door;
      }
    }
  }

  #count(operation: string, code: string | undefined): void {
    const name = code === undefined ? operation : `${operation}: ${code}`;
    this.#done[name] = (this.#done[name] ?? 0) + 1;
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)]!;
  }
}

function wrongIn(session: HeldSession, { code, n, reason }: DoorAnswer): string | null {
  const { token, isEnded, isUnsure, mayHold } = session;
  const name = token.slice(0, 6);
  if (isUnsure) return null;
  if (isEnded)
    return code === 'SESSION_INVALID' ? null : `${name} was ended and is ${code ?? 'let in'}`;
  if (code !== undefined) return `${name} was not ended and is ${code} ${reason ?? ''}`;
  if (mayHold.has(n ?? NaN)) return null;
  return `${name} holds ${String(n)} in place of ${[...mayHold].join(' or ')}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
