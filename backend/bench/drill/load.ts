import { now, sleep, sleepUntil } from '../common/clock.js';
import { eachCall, Ledger, OK } from '../common/ledger.js';
import { OpenLoop } from '../../src/cli/measure/open-loop.js';
import { summaryOf } from '../../src/cli/measure/statistics.js';
import { HttpPool } from './http-pool.js';
import { anyUser, REQUEST_KINDS, requestMix, seededRandom, type RequestKind } from './mix.js';
import {
  askSession,
  logIn,
  logOut,
  readProduct,
  type LoadRequest,
  type Session,
} from './requests.js';
import type { LoadRun, Stretch, Verified } from './results.js';
import { ofStretch, perSecond, worstDrop } from './series.js';

const AT_ONCE = 4;
const SEED = 20_260_101;
const VERIFY_TRIES = 3;
const DRAIN_MS = 500;
const LOOK_AGAIN_MS = 300;
/** What an instance says of a session that it knows, and of one that is none. */
const CLEAR = [OK, '401'];

/** Where an instance of the service listens. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** Whom the load is for, and its bounds. */
export interface LoadSettings {
  readonly targets: readonly Target[];
  readonly timeoutMs: number;
  readonly maxSockets: number;
}

/** What is to be offered. */
export interface LoadPlan {
  readonly rate: number;
  readonly seconds: number;
  readonly phases: readonly Stretch[];
}

interface Drive extends LoadPlan {
  readonly startedAt: number;
  readonly endsAt: number;
  readonly ledger: Ledger<RequestKind>;
  readonly loop: OpenLoop;
}

/** Drives the instances of one service: sessions made beforehand, an open-loop run, and in the end a look at every session. */
export class Load {
  private readonly pools: readonly HttpPool[];
  private readonly random = seededRandom(SEED);
  private turn = 0;
  /** Made before the run; nobody logs them out. */
  private readonly lasting: Session[] = [];
  /** Made during the run, and not logged out again. */
  private readonly fresh: Session[] = [];
  private readonly ended: Session[] = [];
  private drive: Drive | null = null;

  constructor(private readonly settings: LoadSettings) {
    const { targets, timeoutMs, maxSockets } = settings;
    this.pools = targets.map((target) => new HttpPool({ ...target, timeoutMs, maxSockets }));
  }

  /** Logs users in, a few at a time. Fails with what was answered if that cannot be done. */
  async makeSessions(count: number): Promise<{ sessions: number; tookMs: number }> {
    const startedAt = now();
    let next = 1;
    const work = async (): Promise<void> => {
      while (next <= count) {
        const user = next++;
        const request = logIn(user, (session) => this.lasting.push(session));
        const outcome = await ask(this.nextPool(), request);
        if (outcome !== OK) throw new Error(`The login of user ${user} failed: ${outcome}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return { sessions: this.lasting.length, tookMs: now() - startedAt };
  }

  /** Offers a load that is not measured, so that the run begins warm. */
  async warmUp(rate: number, seconds: number): Promise<void> {
    await this.end(this.start({ rate, seconds, phases: [] }));
  }

  /** Begins to offer the load; returns when that was. */
  begin(plan: LoadPlan): number {
    this.drive = this.start(plan);
    return this.drive.startedAt;
  }

  /** Resolves with what was measured when the load that was begun is over. */
  async finish(): Promise<LoadRun> {
    if (this.drive === null) throw new Error('No load was begun.');
    const { rate, seconds, phases, startedAt, ledger } = await this.end(this.drive);
    const requests = [...eachCall(ledger.copy())];
    const rows = perSecond(requests, startedAt, seconds);
    return {
      rate,
      seconds: rows,
      whole: ofStretch(requests, startedAt, { name: 'all', fromMs: 0, toMs: seconds * 1000 }),
      phases: phases.map((phase) => ({
        ...ofStretch(requests, startedAt, phase),
        worstDrop: worstDrop(rows, phase),
      })),
      lateness: summaryOf(requests.map(({ issuedAt, dueAt }) => issuedAt - dueAt)),
    };
  }

  /** Asks every instance for every session, those that must be there and those that must not. */
  async verify(): Promise<Verified> {
    return {
      lasting: this.lasting.length,
      lastingLost: await this.countUnless(OK, this.lasting),
      fresh: this.fresh.length,
      freshLost: await this.countUnless(OK, this.fresh),
      ended: this.ended.length,
      endedAlive: await this.countUnless('401', this.ended),
    };
  }

  /** Closes all connections. */
  close(): void {
    for (const pool of this.pools) pool.close();
  }

  private start(plan: LoadPlan): Drive {
    const ledger = new Ledger(REQUEST_KINDS);
    const nextKind = requestMix(plan.rate, this.random);
    const loop = new OpenLoop(plan.rate, (_, dueAt) => {
      const request = this.make(nextKind());
      const number = ledger.begin(request.kind, dueAt, now());
      send(this.nextPool(), request, dueAt, (outcome) => ledger.settle(number, now(), outcome));
    });
    const startedAt = loop.start();
    return { ...plan, startedAt, endsAt: startedAt + plan.seconds * 1000, ledger, loop };
  }

  /** Resolves when its time is over and every request is settled. */
  private async end(drive: Drive): Promise<Drive> {
    await sleepUntil(drive.endsAt);
    drive.loop.stop(drive.endsAt);
    const giveUpAt = now() + this.settings.timeoutMs + DRAIN_MS;
    while (drive.ledger.pending > 0 && now() < giveUpAt) await sleep(20);
    return drive;
  }

  private make(kind: RequestKind): LoadRequest {
    const { random } = this;
    if (kind === 'catalogue') return readProduct(random);
    if (kind === 'login') return logIn(anyUser(random), (session) => this.fresh.push(session));
    const leaving = kind === 'logout' ? this.fresh.shift() : undefined;
    if (leaving !== undefined) return logOut(leaving, (session) => this.ended.push(session));
    return askSession(this.lasting[Math.floor(random() * this.lasting.length)]!);
  }

  private nextPool(): HttpPool {
    return this.pools[this.turn++ % this.pools.length]!;
  }

  /** How many of the sessions are not what is wanted at every instance, looking at a few at a time. */
  private async countUnless(wanted: string, sessions: readonly Session[]): Promise<number> {
    let count = 0;
    const rest = [...sessions];
    const work = async (): Promise<void> => {
      for (let session = rest.pop(); session !== undefined; session = rest.pop()) {
        if (!(await this.isEverywhere(wanted, session))) count += 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE * 2 }, work));
    return count;
  }

  // An instance that is busy may tell later. One that has told does not change its mind.
  private async isEverywhere(wanted: string, session: Session): Promise<boolean> {
    for (const pool of this.pools) {
      let outcome = await ask(pool, askSession(session));
      for (let tries = 1; tries < VERIFY_TRIES && !CLEAR.includes(outcome); tries++) {
        await sleep(LOOK_AGAIN_MS);
        outcome = await ask(pool, askSession(session));
      }
      if (outcome !== wanted) return false;
    }
    return true;
  }
}

/** Sends a request now; resolves with what came of it. */
function ask(pool: HttpPool, request: LoadRequest): Promise<string> {
  return new Promise((resolve) => send(pool, request, now(), resolve));
}

function send(
  pool: HttpPool,
  request: LoadRequest,
  dueAt: number,
  settle: (outcome: string) => void,
): void {
  const { text, isRepeatable } = request;
  pool.send({
    text,
    dueAt,
    isRepeatable,
    settle(outcome, body) {
      settle(typeof outcome === 'string' ? outcome : request.judge(outcome, body));
    },
  });
}
