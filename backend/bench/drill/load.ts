// The load on one service: sessions made beforehand, an open-loop run, and in the end a look at every session.
import { HttpPool } from './http-pool.mjs';
import { now, sleep } from './clock.mjs';
import { requestMix, seededRandom } from './mix.mjs';
import { OpenLoop } from './open-loop.mjs';
import { anyUser, askSession, logIn, logOut, readProduct } from './requests.mjs';
import { Ledger, ofPhase, perSecond, summary, worstDrop } from './series.mjs';

const AT_ONCE = 4;
const SEED = 20_260_101;
const VERIFY_TRIES = 3;
/** What an instance says of a session that it knows, and of one that is none. */
const CLEAR = new Set(['ok', '401']);

/** Drives the instances of one service. */
export class Load {
  #pools;
  #random = seededRandom(SEED);
  #turn = 0;
  #timeoutMs;
  /** Made before the run; nobody logs them out. */
  #lasting = [];
  /** Made during the run, and not logged out again. */
  #fresh = [];
  #ended = [];

  constructor({ targets, timeoutMs, maxSockets }) {
    this.#timeoutMs = timeoutMs;
    this.#pools = targets.map((target) => new HttpPool({ ...target, timeoutMs, maxSockets }));
  }

  /** Logs users in, a few at a time. Fails with what was answered if that cannot be done. */
  async makeSessions(count) {
    const startedAt = now();
    let next = 1;
    const work = async () => {
      while (next <= count) {
        const user = next++;
        const outcome = await this.#ask(logIn(user, (session) => this.#lasting.push(session)));
        if (outcome !== 'ok') throw new Error(`login of user ${user}: ${outcome}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return { sessions: this.#lasting.length, tookMs: now() - startedAt };
  }

  /** Lets every instance answer for every session and many products, so that the run begins warm. */
  async run({ rate, seconds, warmUpSeconds = 0, phases = [] }, onStart = () => undefined) {
    if (warmUpSeconds > 0) await this.#drive(rate, warmUpSeconds);
    const startedAt = now();
    onStart(startedAt);
    const { ledger, lateness } = await this.#drive(rate, seconds, startedAt);
    const rows = perSecond(ledger, seconds);
    const whole = ofPhase(ledger, { name: 'all', fromMs: 0, toMs: seconds * 1000 });
    return {
      startedAt,
      rate,
      seconds: rows,
      whole,
      phases: phases.map((phase) => ({
        ...ofPhase(ledger, phase),
        worstDrop: worstDrop(rows, phase),
      })),
      lateness: summary(lateness),
    };
  }

  /** Asks every instance for every session, those that must be there and those that must not. */
  async verify() {
    const lost = await this.#notValid(this.#lasting);
    const freshLost = await this.#notValid(this.#fresh);
    const isAlive = async (session) => !(await this.#endsAs(session, '401'));
    const alive = await countOf(this.#ended, isAlive);
    return {
      lasting: this.#lasting.length,
      lastingLost: lost,
      fresh: this.#fresh.length,
      freshLost,
      ended: this.#ended.length,
      endedAlive: alive,
    };
  }

  close() {
    for (const pool of this.#pools) pool.close();
  }

  #notValid(sessions) {
    return countOf(sessions, async (session) => !(await this.#endsAs(session, 'ok')));
  }

  // An instance that is busy may tell later. One that has told does not change its mind.
  async #endsAs(session, wanted) {
    for (const pool of this.#pools) {
      let outcome;
      for (let tries = 0; tries < VERIFY_TRIES && !CLEAR.has(outcome); tries++) {
        if (tries > 0) await sleep(300);
        outcome = await ask(pool, askSession(session), now());
      }
      if (outcome !== wanted) return false;
    }
    return true;
  }

  async #drive(rate, seconds, startedAt = now()) {
    const ledger = new Ledger();
    const nextKind = requestMix(rate, this.#random);
    const open = new Set();
    const loop = new OpenLoop(rate, (dueAt) => {
      const request = this.#make(nextKind());
      const pool = this.#pools[this.#turn++ % this.#pools.length];
      open.add(request);
      request.dueAt = dueAt;
      request.settle = (status, body) => {
        open.delete(request);
        const outcome = typeof status === 'string' ? status : request.judge(status, body);
        ledger.add(request.kind, dueAt - startedAt, now() - dueAt, outcome);
      };
      pool.send(request);
    });
    loop.start(startedAt);
    await sleep(startedAt + seconds * 1000 - now());
    loop.stop(startedAt + seconds * 1000);
    const giveUpAt = now() + this.#timeoutMs + 500;
    while (open.size > 0 && now() < giveUpAt) await sleep(20);
    return { ledger, lateness: loop.lateness };
  }

  #make(kind) {
    const random = this.#random;
    if (kind === 'catalogue') return readProduct(random);
    if (kind === 'login') return logIn(anyUser(random), (session) => this.#fresh.push(session));
    if (kind === 'logout' && this.#fresh.length > 0) {
      return logOut(this.#fresh.shift(), (session) => this.#ended.push(session));
    }
    return askSession(this.#lasting[Math.floor(random() * this.#lasting.length)]);
  }

  #ask(request) {
    return ask(this.#pools[this.#turn++ % this.#pools.length], request, now());
  }
}

function ask(pool, request, dueAt) {
  return new Promise((resolve) => {
    request.dueAt = dueAt;
    request.settle = (status, body) => {
      resolve(typeof status === 'string' ? status : request.judge(status, body));
    };
    pool.send(request);
  });
}

/** How many of the sessions are so, looking at a few at a time. */
async function countOf(sessions, isSo) {
  let count = 0;
  const rest = [...sessions];
  const work = async () => {
    for (let session = rest.pop(); session !== undefined; session = rest.pop()) {
      if (await isSo(session)) count += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE * 2 }, work));
  return count;
}
