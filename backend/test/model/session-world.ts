import { EventBus } from '../../src/redis/base/events/index.js';
import type {
  DeleteOptions,
  DropOptions,
  Keyspace,
  WriteOptions,
  WriteReceipt,
} from '../../src/redis/keyspace/index.js';
import type { Clock } from '../../src/redis/base/timing/index.js';
import { SessionService } from '../../src/redis/sessions/index.js';
import { ManualClock } from '../../src/redis/testing/index.js';
import { ScriptedKeyspace } from '../support/scripted-keyspace.js';
import { ScriptedRedis } from '../support/scripted-redis.js';
import type { Step } from './histories.js';

const HOUR = 3_600_000;
/** How far the calendars of the processes are ahead while Redis does not tell them the time. */
const OFFSETS_MS = [0, 4000, -4000];
/** Two events of processes with different calendars are in no certain order when they are this close. */
const UNSURE_MS = 10_000;
/** What Redis took within this time may be written again after it has lost it. */
const REAPPLIED_MS = 20_000;
/** How much later than a use is noted its note may be made, and calendars differ. */
const NOTED_MS = 90_000;
const USERS = ['ann', 'bob'];
const MAX_REPLAYS = 10_000;

/** How often each thing happens. */
export const SESSION_WEIGHTS = {
  create: 4,
  update: 4,
  touch: 4,
  rotate: 3,
  destroy: 2,
  endAll: 1.5,
  endOthers: 1.5,
  cut: 2.5,
  reach: 2,
  replay: 4,
  moments: 3,
  minutes: 3,
  read: 4,
};

/** A mistake that the library once made, put back. */
export type Relapse =
  | 'ends are kept for an hour, and changes begin a session again'
  | 'an end is compared with what it ends'
  | 'a rotation does not look whether the old session is still there'
  | 'a change is born anew'
  | 'the one that stays is not named';

/** A keyspace that makes a mistake. */
class RelapsedKeyspace extends ScriptedKeyspace {
  relapse: Relapse | null = null;

  override write(
    key: string,
    draft: Parameters<ScriptedKeyspace['write']>[1],
    options: WriteOptions = {},
  ): Promise<WriteReceipt> {
    const { replaces, birth, ...rest } = options;
    const forgetsBase =
      this.relapse === 'ends are kept for an hour, and changes begin a session again' &&
      this.isAway;
    return super.write(key, draft, {
      ...rest,
      ...(replaces !== undefined && !forgetsBase && { replaces }),
      ...(birth !== undefined && this.relapse !== 'a change is born anew' && { birth }),
    });
  }

  override delete(key: string, options: DeleteOptions = {}): Promise<WriteReceipt> {
    const isBlind =
      this.relapse === 'a rotation does not look whether the old session is still there';
    const { replaces, ...rest } = this.#spoilt(options);
    return super.delete(key, { ...rest, ...(replaces !== undefined && !isBlind && { replaces }) });
  }

  override dropGroup(group: string, options: DropOptions = {}): Promise<WriteReceipt> {
    const isNameless = this.relapse === 'the one that stays is not named';
    return super.dropGroup(group, { ...this.#spoilt(options), ...(isNameless && { except: [] }) });
  }

  #spoilt<O extends DeleteOptions | DropOptions>(options: O): O {
    if (this.relapse === 'an end is compared with what it ends')
      return { ...options, isFinal: false };
    const isShort = this.relapse === 'ends are kept for an hour, and changes begin a session again';
    return isShort ? { ...options, keepMs: HOUR } : options;
  }
}

/** The way of a process to Redis, and what waits to go there. */
interface Link {
  readonly isAway: boolean;
  /** How many changes Redis has still to hear of. */
  readonly pending: number;
  goAway(): void;
  reach(): void;
  /** Hands one change to Redis, where changes do not go by themselves. */
  replayOne(choose: (targets: readonly string[]) => number): unknown;
}

/** What sessions of a process stand on. */
export interface Footing {
  readonly keyspace: Keyspace;
  readonly link: Link;
  readonly clock: Clock;
}

/** Time that is moved by hand, and the processes that live in it. */
export interface Stage {
  readonly time: Pick<ManualClock, 'wallTime' | 'advance'>;
  readonly footings: readonly Footing[];
  /** Redis comes back without anything. */
  readonly lose?: () => void;
}

/** How long the sessions of a world live. */
interface Lives {
  readonly idleMs: number;
}

interface Process {
  readonly link: Link;
  readonly sessions: SessionService<{ n: number }>;
}

/** When something was under way, and whether its process was cut off at any time of it. */
interface Span {
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
interface Known {
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

/** Several processes with sessions, and one who remembers what each of them was told. */
export class SessionWorld {
  readonly #clock: Stage['time'];
  readonly #processes: readonly Process[];
  readonly #idleMs: number;
  readonly #lose: () => void;
  readonly #known: Known[] = [];
  readonly #endsOfAll: { readonly userId: string; readonly at: Span }[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #fault: string | null = null;
  #n = 0;

  constructor(
    { time, footings, lose = () => undefined }: Stage = doubles(null),
    { idleMs }: Lives = { idleMs: 12 * HOUR },
  ) {
    this.#clock = time;
    this.#idleMs = idleMs;
    this.#lose = lose;
    const options = { idleMs, absoluteMs: 12 * HOUR };
    this.#processes = footings.map(({ keyspace, link, clock }) => {
      const deps = { clock, bus: new EventBus() };
      return { link, sessions: new SessionService<{ n: number }>(keyspace, options, deps) };
    });
  }

  /** Runs a history. Returns what was wrong; `null` when every promise was kept. */
  async run(history: readonly Step[]): Promise<string | null> {
    for (const step of history) {
      this.#do(step);
      if (!step.isHasty) await this.#settle();
      if (this.#fault !== null) return this.#fault;
    }
    await this.#settle();
    await this.#rest(history);
    return this.#fault;
  }

  #do(step: Step): void {
    this.#noteDelivery();
    const process = pick(this.#processes, step.a);
    const known = this.#known.length === 0 ? null : pick(this.#known, step.b);
    switch (step.op) {
      case 'create':
        return this.#start(() => this.#create(process, pick(USERS, step.b)));
      case 'endAll':
        return this.#start(() => this.#endAll(process, pick(USERS, step.b), null));
      case 'cut':
        return process.link.goAway();
      case 'reach':
        return process.link.reach();
      case 'lose':
        return this.#loseAll();
      case 'replay':
        return this.#replay(process, step.b);
      case 'moments':
        return this.#start(() => this.#clock.advance(Math.ceil(step.b * 3000)));
      case 'minutes':
        return this.#start(() => this.#clock.advance(Math.ceil((step.b * HOUR) / 2)));
      default:
        if (known !== null) this.#start(() => this.#use(step.op, process, known));
    }
  }

  #start(work: () => Promise<unknown>): void {
    const running: Promise<void> = work().then(
      () => void this.#underWay.delete(running),
      (error: unknown) => {
        this.#underWay.delete(running);
        this.#fault ??= String(error);
      },
    );
    this.#underWay.add(running);
  }

  /** Lets everything end that is under way. */
  async #settle(): Promise<void> {
    for (let i = 0; this.#underWay.size > 0 && i < 1000; i++) await this.#clock.advance(10);
    if (this.#underWay.size > 0) this.#fault ??= 'a call did not end';
  }

  async #use(op: string, process: Process, known: Known): Promise<void> {
    const { sessions } = process;
    switch (op) {
      case 'read':
        return this.#read(process, known);
      case 'update':
        return this.#update(process, known);
      case 'touch':
        return this.#touch(process, known);
      case 'rotate':
        return this.#rotate(process, known);
      case 'destroy':
        return this.#end(process, [known], () => sessions.destroy(known.token), false);
      default:
        return this.#endAll(process, known.userId, known);
    }
  }

  async #update({ sessions }: Process, known: Known): Promise<void> {
    // What changes the data decides about the last use, though a process that is cut off has used it later.
    if (this.#processes.some(isBusy)) known.mayBeIdle = true;
    const updated = await sessions.update(known.token, { n: ++this.#n }).catch(expected);
    if (updated !== null) this.#noteUse(known);
  }

  async #touch({ sessions }: Process, known: Known): Promise<void> {
    if ((await sessions.touch(known.token).catch(expected)) !== null) this.#noteUse(known);
  }

  // While Redis is away a use is noted when half of the idle time is over: only within that it surely counts.
  #noteUse(known: Known): void {
    if (this.#isPerhapsIdle(known)) known.mayBeIdle = true;
    known.usedAt = this.#clock.wallTime();
  }

  #isPerhapsIdle({ usedAt }: Known): boolean {
    return this.#clock.wallTime() - usedAt > this.#idleMs / 2 - NOTED_MS;
  }

  #isSurelyIdle({ usedAt }: Known): boolean {
    return this.#clock.wallTime() - usedAt > this.#idleMs + NOTED_MS;
  }

  /** What was ended does not come back: only who has begun it while cut off, or a moment ago, writes it again. */
  #loseAll(): void {
    const now = this.#clock.wallTime();
    for (const known of this.#known) {
      known.isLost = true;
      const isWrittenAgain = known.begun.wasAway || now - known.begun.to < REAPPLIED_MS;
      const isEndLost = known.ends.some(({ at }) => now - at.to > REAPPLIED_MS || at.wasAway);
      if (isWrittenAgain && isEndLost) known.isUnsure = true;
    }
    this.#lose();
  }

  async #create(process: Process, userId: string): Promise<void> {
    const at = this.#span(process);
    const { token } = await process.sessions.create({ userId, data: { n: 0 } });
    const begun = at();
    this.#remember({ token, userId, by: process, begun, birth: begun });
  }

  #remember(known: Pick<Known, 'token' | 'userId' | 'by' | 'begun' | 'birth'>): void {
    const { from, wasAway } = known.birth;
    const isUnsure = this.#endsOfAll.some(
      ({ userId, at }) =>
        userId === known.userId && from - at.to < UNSURE_MS && (wasAway || at.wasAway),
    );
    const rest = { hasStayed: false, isUnsure, isLate: false, rotations: 0 };
    const uses = { isLost: false, usedAt: this.#clock.wallTime(), mayBeIdle: false };
    this.#known.push({ ...known, ends: [], learned: new Set(), ...rest, ...uses });
  }

  async #rotate(process: Process, known: Known): Promise<void> {
    const at = this.#span(process);
    const rotated = await process.sessions.rotate(known.token).catch(expected);
    if (rotated === null) return;
    const begun = at();
    if (!begun.wasAway) known.rotations++;
    if (known.rotations > 1) this.#fault ??= 'one token was rotated twice';
    const { userId, birth } = known;
    // One that stayed when others were ended may be born anew.
    const span = known.hasStayed ? { from: birth.from, to: begun.to, wasAway: true } : birth;
    this.#remember({ token: rotated.token, userId, by: process, begun, birth: span });
    const successor = this.#known.at(-1)!;
    successor.ends.push(...known.ends.filter(({ isOfAll }) => isOfAll));
    successor.isUnsure ||= known.isUnsure || (known.hasStayed && successor.ends.length > 0);
    this.#note(process, [known], begun, false);
  }

  async #endAll(process: Process, userId: string, stays: Known | null): Promise<void> {
    const at = this.#span(process);
    const others = this.#known.filter((one) => one.userId === userId && one !== stays);
    const except = stays === null ? {} : { except: stays.token };
    await this.#end(
      process,
      others,
      async () => {
        await process.sessions.destroyAllOf(userId, except);
        const span = at();
        if (stays !== null) {
          stays.hasStayed = true;
          // The newest end of all decides who stays. Of one that Redis has never had, an earlier end elsewhere
          // cannot tell: it has nothing to end.
          stays.isUnsure ||= span.wasAway && stays.begun.wasAway;
        }
        this.#endsOfAll.push({ userId, at: span });
        // What was begun meanwhile: nobody can say whether that was before or after.
        for (const one of this.#known) {
          if (one.userId === userId && one !== stays && !others.includes(one)) one.isUnsure = true;
        }
      },
      true,
    );
  }

  async #end(
    process: Process,
    whom: readonly Known[],
    end: () => Promise<void>,
    isOfAll: boolean,
  ): Promise<void> {
    const at = this.#span(process);
    const isDone = await end().then(() => true, expected);
    if (isDone === true) this.#note(process, whom, at(), isOfAll);
  }

  #note(by: Process, whom: readonly Known[], at: Span, isOfAll: boolean): void {
    const end: End = { by, at, isOfAll, isDelivered: !at.wasAway };
    for (const one of whom) {
      const isClose = at.from - one.birth.to < UNSURE_MS && (at.wasAway || one.birth.wasAway);
      const isSure = !isOfAll || (at.from >= one.birth.to && !isClose);
      if (isSure) one.ends.push(end);
      else one.isUnsure = true;
    }
  }

  #replay({ link }: Process, choice: number): void {
    if (link.isAway) return;
    link.replayOne((targets) => Math.floor(choice * targets.length));
    this.#noteDelivery();
  }

  #noteDelivery(): void {
    const now = this.#clock.wallTime();
    for (const one of this.#known) {
      for (const end of one.ends) end.isDelivered ||= end.by.link.pending === 0;
      const isPending = one.begun.wasAway && one.by.link.pending > 0;
      if (isPending && now - one.begun.from > HOUR) one.isLate = true;
    }
  }

  async #read(process: Process, session: Known): Promise<void> {
    const isAlone = this.#underWay.size === 0;
    const at = this.#span(process);
    const known = new Set(session.ends);
    const hasLearned = session.learned.has(process);
    const answer = await process.sessions.read(session.token).then(() => 'valid', reasonOf);
    if (answer === 'deleted') session.learned.add(process);
    if (answer === 'valid') this.#noteUse(session);
    // While it has something to hand in, Redis cannot tell it everything.
    const canAsk = !at().wasAway;
    const knows = [...known].some((end) => end.by === process || (end.isDelivered && canAsk));
    if (answer === 'valid' && (knows || hasLearned) && isAlone && !session.isUnsure) {
      this.#fault ??= 'a session that was ended was read as valid by a process that could know';
    }
  }

  /** All are there again, and have handed in what they had: now everybody agrees. */
  async #rest(history: readonly Step[]): Promise<void> {
    for (const { link } of this.#processes) link.reach();
    this.#noteDelivery();
    for (let i = 0; this.#processes.some(isBusy); i++) {
      if (i > MAX_REPLAYS) return this.#blame('something is never handed in');
      const choice = history[i % history.length]?.c ?? 0;
      const waiting = this.#processes.filter(isBusy);
      this.#replay(pick(waiting, choice), history[(i * 7) % history.length]?.b ?? 0);
      await this.#clock.advance(10);
    }
    // What was missing a moment ago is not asked for again at once.
    await this.#clock.advance(2000);
    for (const process of this.#processes) {
      for (const known of this.#known) await this.#look(process, known);
    }
  }

  #blame(fault: string): void {
    this.#fault ??= fault;
  }

  async #look({ sessions }: Process, known: Known): Promise<void> {
    const { mayBeIdle, isLost, isLate } = known;
    const isPerhapsIdle = mayBeIdle || this.#isPerhapsIdle(known);
    const isSurelyIdle = this.#isSurelyIdle(known);
    const code = await sessions.read(known.token).then(() => 'valid', codeOf);
    if (known.isUnsure) return;
    if (known.ends.length > 0 && code !== 'SESSION_INVALID') {
      this.#fault ??= `at rest an ended session is ${code}`;
    }
    if (isSurelyIdle && code !== 'SESSION_INVALID') {
      this.#fault ??= `at rest a session that nobody has used is ${code}`;
    }
    if (known.ends.length === 0 && code !== 'valid' && !isLate && !isLost && !isPerhapsIdle) {
      this.#fault ??= `at rest a session that nobody has ended is ${code}`;
    }
  }

  #span({ link }: Process): () => Span {
    const from = this.#clock.wallTime();
    const startedAway = link.isAway || link.pending > 0;
    return () => ({
      from,
      to: this.#clock.wallTime(),
      wasAway: startedAway || link.isAway || link.pending > 0,
    });
  }
}

/** Processes over a double of the keyspace, which makes a mistake if it is told to. */
export function doubles(relapse: Relapse | null): Stage {
  const time = new ManualClock();
  const redis = new ScriptedRedis();
  const footings = OFFSETS_MS.map((offsetMs, i) => {
    const origin = String(OFFSETS_MS.length - i).padStart(16, '0');
    const keyspace = new RelapsedKeyspace(redis, time, origin, offsetMs);
    keyspace.relapse = relapse;
    return { keyspace, link: keyspace, clock: keyspace.calendar() };
  });
  return { time, footings };
}

// It is cut off, or has something to hand in.
function isBusy({ link }: Process): boolean {
  return link.isAway || link.pending > 0;
}

/** What a session can answer when it was ended, or is not known. */
function expected(error: unknown): null {
  const code = codeOf(error);
  if (code === 'SESSION_INVALID' || code === 'SESSION_UNAVAILABLE') return null;
  throw error;
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}

function reasonOf(error: unknown): unknown {
  return (error as { details?: { reason?: unknown } }).details?.reason;
}

function pick<T>(list: readonly T[], choice: number): T {
  return list[Math.floor(choice * list.length)]!;
}
