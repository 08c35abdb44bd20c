import { EventBus } from '../../src/redis/base/events/index.js';
import { SessionService } from '../../src/redis/sessions/index.js';
import type { Step } from './histories.js';
import { KnownSessions, type Known } from './known-sessions.js';
import { doubles } from './session-doubles.js';
import { isBusy, type Process, type Stage } from './session-stage.js';

const HOUR = 3_600_000;
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

/** How long the sessions of a world live. */
interface Lives {
  readonly idleMs: number;
}

/** Several processes with sessions, and one who remembers what each of them was told. */
export class SessionWorld {
  readonly #clock: Stage['time'];
  readonly #processes: readonly Process[];
  readonly #lose: () => void;
  readonly #known: KnownSessions;
  readonly #underWay = new Set<Promise<void>>();
  #fault: string | null = null;
  #n = 0;

  constructor(
    { time, footings, lose = () => undefined }: Stage = doubles(null),
    { idleMs }: Lives = { idleMs: 12 * HOUR },
  ) {
    this.#clock = time;
    this.#known = new KnownSessions(time, idleMs);
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
    this.#known.noteDelivery();
    const process = pick(this.#processes, step.a);
    const { all } = this.#known;
    const known = all.length === 0 ? null : pick(all, step.b);
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
        this.#known.lose();
        return this.#lose();
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
    if (updated !== null) this.#known.use(known);
  }

  async #touch({ sessions }: Process, known: Known): Promise<void> {
    if ((await sessions.touch(known.token).catch(expected)) !== null) this.#known.use(known);
  }

  async #create(process: Process, userId: string): Promise<void> {
    const at = this.#known.span(process);
    const { token } = await process.sessions.create({ userId, data: { n: 0 } });
    const begun = at();
    this.#known.add({ token, userId, by: process, begun, birth: begun });
  }

  async #rotate(process: Process, known: Known): Promise<void> {
    const at = this.#known.span(process);
    const rotated = await process.sessions.rotate(known.token).catch(expected);
    if (rotated === null) return;
    this.#blame(this.#known.rotate(known, rotated.token, process, at()));
  }

  async #endAll(process: Process, userId: string, stays: Known | null): Promise<void> {
    const at = this.#known.span(process);
    const others = this.#known.all.filter((one) => one.userId === userId && one !== stays);
    const except = stays === null ? {} : { except: stays.token };
    await this.#end(
      process,
      others,
      async () => {
        await process.sessions.destroyAllOf(userId, except);
        this.#known.endAll(userId, at(), stays, others);
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
    const at = this.#known.span(process);
    const isDone = await end().then(() => true, expected);
    if (isDone === true) this.#known.end(process, whom, at(), isOfAll);
  }

  #replay({ link }: Process, choice: number): void {
    if (link.isAway) return;
    link.replayOne((targets) => Math.floor(choice * targets.length));
    this.#known.noteDelivery();
  }

  async #read(process: Process, session: Known): Promise<void> {
    const isAlone = this.#underWay.size === 0;
    const at = this.#known.span(process);
    const known = new Set(session.ends);
    const hasLearned = session.learned.has(process);
    const answer = await process.sessions.read(session.token).then(() => 'valid', reasonOf);
    if (answer === 'deleted') session.learned.add(process);
    if (answer === 'valid') this.#known.use(session);
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
    this.#known.noteDelivery();
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
      for (const known of this.#known.all) await this.#look(process, known);
    }
  }

  #blame(fault: string | null): void {
    this.#fault ??= fault;
  }

  async #look({ sessions }: Process, known: Known): Promise<void> {
    const code = await sessions.read(known.token).then(() => 'valid', codeOf);
    this.#blame(this.#known.faultAtRest(known, code));
  }
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
