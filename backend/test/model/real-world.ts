import type { Redis } from 'ioredis';
import type { ResolvedRedisOptions } from '../../src/redis/config/index.js';
import type { RedisPort } from '../../src/redis/keyspace/index.js';
import { targetOf } from '../../src/redis/keyspace/journal/disk/journal-log.js';
import { type FaultProxy, waitUntil } from '../../src/redis/testing/index.js';
import { PartitionPort } from '../support/partition-port.js';
import { WrongClock } from '../support/stepped-clock.js';
import { CacheActs } from './cache-acts.js';
import type { Step } from './histories.js';
import { RealProcess } from './real-process.js';
import { answerOf, answerInBytes, type Answer } from './redis-answers.js';
import { pick, Scene, type Op } from './scene.js';
import { SessionActs } from './session-acts.js';
import { nearIn } from '../support/decoded-view.js';

/** How often each operation comes. None waits for long. */
export const REAL_WEIGHTS: Readonly<Record<string, number>> = {
  login: 5,
  change: 8,
  logout: 3,
  logoutAll: 2,
  readSession: 9,
  set: 9,
  load: 7,
  loadAlone: 3,
  delete: 5,
  dropTag: 4,
  read: 10,
  near: 5,
  members: 2,
  cut: 4,
  reach: 6,
  holdReplica: 2,
  passReplica: 2,
  forgetScripts: 0.5,
  crash: 1.5,
};

const OFFSETS_MS = [0, 15, -15];
const KEYS = ['k0', 'k1'];
const MAX_LOAD_MS = 30;

/** Real servers, as all histories use them. */
export interface RealServers {
  readonly primary: Redis;
  /** Between the primary and its replica. */
  readonly proxy: FaultProxy;
  readonly options: ResolvedRedisOptions;
  /** The ways of one process to the primary, and to the replica. */
  readonly ports: readonly { readonly primary: RedisPort; readonly replica: RedisPort }[];
  /** Resolves when the replica has everything. */
  untilReplicated(): Promise<void>;
}

/**
 * Several processes over a real primary and a replica that may be held back: does what a history says. Time is that of
 * this machine, so only what is promised of everybody at rest is looked at, and what a process has done itself.
 */
export class RealWorld {
  readonly #servers: RealServers;
  readonly #suffix: string;
  readonly #clocks = OFFSETS_MS.map((offsetMs) => new WrongClock(offsetMs));
  readonly #processes: RealProcess[];
  readonly #scene: Scene;
  readonly #sessions: SessionActs;
  readonly #cache: CacheActs;
  readonly #ops: Readonly<Record<string, Op<RealProcess>>>;
  readonly #underWay = new Set<Promise<void>>();

  /** @param suffix - of the names of its keyspaces */
  constructor(servers: RealServers, suffix: string) {
    this.#servers = servers;
    this.#suffix = suffix;
    this.#processes = OFFSETS_MS.map((_, no) => this.#newProcess(no, 0));
    const clock = this.#clocks[0]!;
    this.#scene = new Scene({
      now: () => clock.now(),
      redisTime: () => clock.wallTime(),
      offsetsMs: OFFSETS_MS,
      hasRoom: true,
      lagMs: Infinity,
    });
    this.#sessions = new SessionActs(this.#scene);
    this.#cache = new CacheActs(this.#scene, { keys: KEYS, maxLoadMs: MAX_LOAD_MS });
    this.#ops = { ...this.#sessions.ops, ...this.#cache.ops, ...this.#faults() };
  }

  /** Returns what is wrong; `null` for nothing. */
  async run(history: readonly Step[]): Promise<string | null> {
    for (const step of history) {
      const process = pick(this.#processes, step.a);
      this.#start(process, async () => this.#ops[step.op]!(process, step.b, step.c));
      if (step.isHasty) continue;
      await this.#settle();
      if (this.#scene.fault !== null) break;
    }
    await this.#settle();
    await this.#untilAtRest();
    if (this.#scene.fault === null) await this.#look();
    for (const { keyspaces } of this.#processes) await keyspaces.close();
    return this.#scene.fault;
  }

  #faults(): Readonly<Record<string, Op<RealProcess>>> {
    const { proxy, primary } = this.#servers;
    return {
      cut: ({ port }) => {
        port.isCut = true;
      },
      reach: ({ port }) => {
        port.isCut = false;
      },
      holdReplica: () => proxy.hold(),
      passReplica: () => proxy.pass(),
      forgetScripts: async () => {
        await primary.script('FLUSH');
      },
      crash: (process) => this.#crash(process),
    };
  }

  #newProcess(no: number, life: number, log?: RealProcess['log']): RealProcess {
    const { options, ports } = this.#servers;
    const { primary, replica } = ports[no]!;
    const port = new PartitionPort(primary, replica);
    const identity = { no, life, suffix: this.#suffix };
    return new RealProcess(identity, { port, clock: this.#clocks[no]!, options }, log);
  }

  async #crash(process: RealProcess): Promise<void> {
    const at = this.#processes.indexOf(process);
    if (at < 0) return;
    const { no, life } = process.identity;
    const { isCut } = process.port;
    const left = new Set(process.log.records.map(targetOf));
    const ended = process.crash();
    const next = this.#newProcess(no, life + 1, process.log.successor());
    next.port.isCut = isCut;
    this.#processes[at] = next;
    const { acts, now } = this.#scene;
    for (const act of acts) act.crash(process, left, next, now);
    this.#sessions.oracle.crash(process);
    await ended;
  }

  #start(process: RealProcess, work: () => Promise<void>): void {
    const running: Promise<void> = work().then(
      () => void this.#underWay.delete(running),
      (error: unknown) => {
        this.#underWay.delete(running);
        if (process.isOver) return;
        this.#scene.blame(error instanceof Error ? (error.stack ?? '') : String(error));
      },
    );
    this.#underWay.add(running);
  }

  async #settle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
    const { acts, now } = this.#scene;
    for (const act of acts) act.look(now);
    const { all } = this.#sessions.oracle;
    if (all.length === 0) return;
    const found = await this.#inRedis(all.map(({ id }) => `sessions${this.#suffix}:${id}`));
    const there = new Set(all.filter((_, i) => found[i]?.state === 'found').map(({ id }) => id));
    this.#sessions.oracle.look((id) => there.has(id), now);
  }

  // Everybody is there, and nothing waits any more.
  async #untilAtRest(): Promise<void> {
    this.#servers.proxy.pass();
    for (const { port } of this.#processes) port.isCut = false;
    await waitUntil(() => this.#processes.every(({ isAtRest }) => isAtRest), {
      what: 'every process has told Redis everything',
      explain: () => this.#processes.map(({ keyspaces }) => JSON.stringify(keyspaces.status)),
    });
    await this.#servers.untilReplicated();
    await this.#settle();
  }

  // Now all must agree.
  async #look(): Promise<void> {
    for (const session of this.#sessions.oracle.all) {
      await this.#agree('sessions', session.id, ({ state, body }) =>
        this.#sessions.oracle.faultAtRest(session, state, body),
      );
    }
    for (const key of KEYS) {
      await this.#agree('cache', key, ({ state, body }) =>
        state === 'found' ? this.#cache.oracle.faultAtRest(key, body) : null,
      );
    }
  }

  async #agree(
    name: 'sessions' | 'cache',
    key: string,
    faultOf: (answer: Answer) => string | null,
  ): Promise<void> {
    const answers = await this.#inRedis([`${name}${this.#suffix}:${key}`]);
    for (const process of this.#processes) {
      answers.push(answerOf(await process[name].read(key)));
      const near = nearIn(process[name], key);
      if (near !== null) answers.push(answerOf(near));
    }
    for (const answer of answers) this.#scene.blame(faultOf(answer));
    const texts = answers.map(({ state, body }) => `${state} ${body}`);
    if (new Set(texts).size > 1) this.#scene.blame(`${key} at rest is ${texts.join(', ')}`);
  }

  async #inRedis(keys: readonly string[]): Promise<Answer[]> {
    const found = await this.#servers.primary.mgetBuffer(...keys);
    return found.map((bytes) => answerInBytes(bytes, Infinity));
  }
}
