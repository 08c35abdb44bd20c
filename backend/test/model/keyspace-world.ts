import { JournalFullError } from '../../src/redis/base/errors/index.js';
import type { Keyspace } from '../../src/redis/keyspace/index.js';
import { RedisInMemory } from '../support/redis-in-memory/redis-in-memory.js';
import { BRIEF_MS, CACHE_KEYS, CacheActs } from './cache-acts.js';
import type { Version } from './cache-oracle.js';
import { FaultActs } from './fault-acts.js';
import { randomOf, type Step } from './histories.js';
import { KeyspaceProcess } from './keyspace-process.js';
import { ModelClock } from './model-clock.js';
import { MODEL, type WorldSettings } from './model-settings.js';
import { BASE_MS } from './process-clock.js';
import { answerIn, answerOf, kindIn, type Answer } from './redis-answers.js';
import { pick, Scene, type Op } from './scene.js';
import { SessionActs } from './session-acts.js';
import { nearIn } from '../support/decoded-view.js';

/** How often each operation comes. */
export const WEIGHTS: Readonly<Record<string, number>> = {
  login: 5,
  change: 8,
  logout: 3,
  logoutAll: 2,
  readSession: 9,
  set: 9,
  load: 7,
  loadAlone: 3,
  delete: 4,
  dropTag: 3,
  read: 10,
  near: 5,
  members: 2,
  fill: 8,
  cut: 4,
  deafen: 1,
  freeze: 1.5,
  keepReplica: 1.5,
  reach: 6,
  delayNotices: 1.5,
  deliverNotices: 2,
  setCalendar: 1,
  refuse: 2,
  accept: 3,
  wait: 10,
  waitLong: 2,
  replicate: 5,
  failOver: 1.5,
  empty: 0.4,
  evict: 2,
  crash: 1.5,
};

const STEP_MS = 5;
const WAIT_MS = 400;
const MAX_PAUSES = 4;

/** Several processes over one Redis: does what a history says, and finds what breaks a promise. */
export class KeyspaceWorld {
  readonly #settings: WorldSettings;
  readonly #clock = new ModelClock();
  readonly #redis = new RedisInMemory(() => BASE_MS + this.#clock.now());
  readonly #processes: KeyspaceProcess[] = [];
  readonly #scene: Scene;
  readonly #sessions: SessionActs;
  readonly #cache: CacheActs;
  readonly #faults: FaultActs;
  readonly #ops: Readonly<Record<string, Op<KeyspaceProcess>>>;
  readonly #underWay = new Set<Promise<void>>();
  /** Loads go on while other things happen. */
  readonly #loads = new Set<Promise<void>>();
  readonly #trace: (text: string) => void;

  constructor(settings: WorldSettings, trace: (text: string) => void = () => undefined) {
    const { offsetsMs, hasRoom, hasReplica } = settings;
    this.#settings = settings;
    this.#trace = trace;
    for (const no of offsetsMs.keys()) {
      const first = { no, life: 0 };
      this.#processes.push(new KeyspaceProcess(this.#redis, this.#clock, first, settings));
    }
    this.#redis.onPublish = (channel, message) => {
      for (const { port } of this.#processes) port.tell(channel, message);
    };
    this.#scene = new Scene({
      now: () => this.#clock.now(),
      redisTime: () => BASE_MS + this.#clock.now(),
      offsetsMs,
      hasRoom,
      lagMs: hasReplica ? MODEL.lagMs : 0,
    });
    this.#sessions = new SessionActs(this.#scene);
    const isInRedis = (version: Version): boolean => this.#hasVersion(version);
    this.#cache = new CacheActs(this.#scene, { isInRedis });
    this.#faults = new FaultActs(this.#scene, {
      redis: this.#redis,
      clock: this.#clock,
      processes: this.#processes,
      settings,
      oracles: { sessions: this.#sessions.oracle, cache: this.#cache.oracle },
      isInRedis,
    });
    this.#ops = {
      ...this.#sessions.ops,
      ...this.#cache.ops,
      ...this.#faults.ops,
      wait: (_, b) => this.#pass(b * WAIT_MS),
      waitLong: (_, b) => this.#pass(b * 1.5 * MODEL.maxAgeMs),
    };
  }

  /** Returns what is wrong; `null` for nothing. */
  async run(history: readonly Step[]): Promise<string | null> {
    const scene = this.#scene;
    for (const step of history) {
      this.#pass(STEP_MS);
      const random = randomOf(Math.floor(step.c * 2 ** 32));
      for (const { port } of this.#processes) {
        port.pauses = () => Math.floor(random() * MAX_PAUSES);
      }
      const process = pick(this.#processes, step.a);
      this.#trace(`-- ${String(scene.now)} ${step.op} ${process.name}`);
      const set = step.op.startsWith('load') ? this.#loads : this.#underWay;
      this.#start(set, process, async () => this.#ops[step.op]!(process, step.b, step.c));
      if (step.isHasty) continue;
      await this.#settle(this.#underWay);
      this.#look();
      if (scene.fault !== null) break;
    }
    await this.#settle(this.#underWay);
    await this.#settle(this.#loads);
    if (scene.fault === null) await this.#rest();
    await this.#close();
    return scene.fault;
  }

  #hasVersion({ key, name }: Version): boolean {
    return answerIn(this.#redis, `cache:${key}`, BASE_MS + this.#clock.now()).body === name;
  }

  #start(set: Set<Promise<void>>, process: KeyspaceProcess, work: () => Promise<void>): void {
    const running: Promise<void> = work().then(
      () => void set.delete(running),
      (error: unknown) => {
        set.delete(running);
        const isRefused = error instanceof JournalFullError && !this.#settings.hasRoom;
        // Nobody is told what becomes of the calls of a process that has crashed.
        if (isRefused || process.isOver) return;
        this.#scene.blame(error instanceof Error ? (error.stack ?? '') : String(error));
      },
    );
    set.add(running);
  }

  /** Lets everything end that is under way, but for what is still loaded. */
  async #settle(set: ReadonlySet<Promise<void>>): Promise<void> {
    await turn();
    for (let i = 0; set.size > 0 && i < 500; i++) {
      this.#pass(STEP_MS);
      await turn();
    }
    if (set.size > 0) this.#scene.blame('a call did not end');
  }

  #look(): void {
    const { acts, now } = this.#scene;
    for (const act of acts) act.look(now);
    this.#sessions.oracle.look((id) => kindIn(this.#redis, `sessions:${id}`) === 'value', now);
    for (const process of this.#processes) this.#scene.blame(process.excess);
  }

  // Everybody is there, and nothing waits any more: now all must agree.
  async #rest(): Promise<void> {
    const processes = this.#processes;
    this.#trace('-- rest');
    this.#faults.accept();
    for (const process of processes) {
      this.#faults.reach(process);
      this.#faults.deliverNotices(process);
    }
    const isBusy = ({ keyspaces, pending }: KeyspaceProcess): boolean =>
      keyspaces.status.mode !== 'healthy' || pending > 0;
    for (let i = 0; processes.some(isBusy) && i < 400; i++) await this.#idle(50);
    if (processes.some(isBusy)) {
      this.#scene.blame('something waits for ever');
      return;
    }
    this.#look();
    await this.#idle(2 * BRIEF_MS + 2 * Math.max(...this.#settings.offsetsMs));
    await this.#idle(MODEL.reapplyMs);
    for (const session of this.#sessions.oracle.all) {
      await this.#agree('sessions', session.id, ({ state, body }) =>
        this.#sessions.oracle.faultAtRest(session, state, body),
      );
    }
    for (const key of CACHE_KEYS) {
      await this.#agree('cache', key, ({ state, body }) =>
        state === 'found' ? this.#cache.oracle.faultAtRest(key, body) : null,
      );
    }
  }

  // A replay that is under way ends at its deadline.
  async #close(): Promise<void> {
    const closed = this.#processes.map(({ keyspaces }) => keyspaces.close(0));
    await this.#idle(1);
    await Promise.all(closed);
  }

  // A replica is never further behind than it may be.
  #pass(ms: number): void {
    // Whole milliseconds: the calendar has no room for more digits.
    this.#clock.jump(Math.round(ms));
    const lagMs = BASE_MS + this.#clock.now() - this.#redis.replicatedAt;
    if (lagMs > MODEL.lagMs) this.#redis.replicate();
  }

  async #idle(ms: number): Promise<void> {
    this.#pass(ms);
    await turn();
    await turn();
  }

  async #agree(
    name: 'sessions' | 'cache',
    key: string,
    faultOf: (answer: Answer) => string | null,
  ): Promise<void> {
    const now = BASE_MS + this.#clock.now();
    const answers = [answerIn(this.#redis, `${name}:${key}`, now)];
    for (const process of this.#processes) {
      const keyspace: Keyspace = process[name];
      answers.push(answerOf(await keyspace.read(key)));
      const near = nearIn(keyspace, key);
      if (near !== null) answers.push(answerOf(near));
    }
    for (const answer of answers) this.#scene.blame(faultOf(answer));
    const texts = answers.map(({ state, body }) => `${state} ${body}`);
    if (new Set(texts).size > 1) this.#scene.blame(`${key} at rest is ${texts.join(', ')}`);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
