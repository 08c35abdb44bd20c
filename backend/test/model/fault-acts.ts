import { targetOf } from '../../src/redis/keyspace/journal/disk/journal-log.js';
import {
  REFUSALS,
  type RedisInMemory,
  type Refusal,
} from '../support/redis-in-memory/redis-in-memory.js';
import type { LinkState } from '../support/redis-in-memory/in-memory-port.js';
import type { CacheOracle, Version } from './cache-oracle.js';
import { KeyspaceProcess } from './keyspace-process.js';
import type { ModelClock } from './model-clock.js';
import { MODEL, type WorldSettings } from './model-settings.js';
import { BASE_MS } from './process-clock.js';
import { kindIn } from './redis-answers.js';
import { pick, type Op, type Scene } from './scene.js';
import type { SessionOracle } from './session-oracle.js';

const DISK_TURNS = 3;
const REASONS = Object.keys(REFUSALS) as Refusal[];

/** What can go wrong. */
interface FaultyThings {
  readonly redis: RedisInMemory;
  readonly clock: ModelClock;
  /** The present lives of all processes. */
  readonly processes: KeyspaceProcess[];
  readonly settings: WorldSettings;
  readonly oracles: { readonly sessions: SessionOracle; readonly cache: CacheOracle };
  readonly isInRedis: (version: Version) => boolean;
}

/** What goes wrong, and what mends it: links, calendars, notices, processes, and Redis itself. */
export class FaultActs {
  readonly ops: Readonly<Record<string, Op<KeyspaceProcess>>>;
  readonly #scene: Scene;
  readonly #things: FaultyThings;

  constructor(scene: Scene, things: FaultyThings) {
    const { redis } = things;
    this.#scene = scene;
    this.#things = things;
    this.ops = {
      cut: (process) => this.#setLink(process, 'cut'),
      deafen: (process) => this.#setLink(process, 'deaf'),
      freeze: (process) => this.#setLink(process, 'frozen'),
      keepReplica: (process) => this.#setLink(process, 'replica'),
      reach: (process) => this.reach(process),
      delayNotices: (process) => {
        process.port.delayNotices();
        process.heardSince = Infinity;
      },
      deliverNotices: (process) => this.deliverNotices(process),
      setCalendar: ({ clock }, b) => {
        if (scene.hasCalendar) clock.set(Math.floor(b * 3) - 1);
      },
      refuse: (_, b) => {
        redis.refusal = pick(REASONS, b);
      },
      accept: () => this.accept(),
      replicate: () => redis.replicate(),
      failOver: () => this.#failOver(),
      empty: () => this.#empty(),
      evict: (_, b) => this.#evict(b),
      crash: (process, b) => this.#crash(process, b),
    };
  }

  /** A process reaches Redis again. */
  reach(process: KeyspaceProcess): void {
    const { port } = process;
    const wasLinked = port.link === 'open';
    this.#awaitDeadline(process);
    port.link = 'open';
    if (wasLinked) return;
    // Whatever happened meanwhile: another node may be the primary now.
    port.tellOfSwitch();
    this.#hearsFromNowOn(process);
  }

  /** Notices that were late arrive. */
  deliverNotices(process: KeyspaceProcess): void {
    const { port } = process;
    if (port.isPrompt) return;
    port.deliverNotices();
    this.#hearsFromNowOn(process);
  }

  /** Redis takes writes again. */
  accept(): void {
    this.#things.redis.refusal = null;
    for (const { port, isLinked } of this.#things.processes) if (isLinked) port.tellOfRecovery();
  }

  #setLink(process: KeyspaceProcess, link: LinkState): void {
    this.#awaitDeadline(process);
    process.port.link = link;
    process.heardSince = Infinity;
  }

  // Nobody waits any more for what a frozen node was asked: so much time has passed before it thaws.
  #awaitDeadline({ port }: KeyspaceProcess): void {
    if (port.link !== 'frozen') return;
    this.#things.clock.jump(MODEL.deadlineMs);
    this.#things.redis.replicate();
  }

  #hearsFromNowOn(process: KeyspaceProcess): void {
    const { isPrompt, link } = process.port;
    process.heardSince = isPrompt && link === 'open' ? this.#scene.now : Infinity;
  }

  #failOver(): void {
    const { redis } = this.#things;
    const replicatedAt = redis.replicatedAt - BASE_MS;
    redis.failOver();
    this.#lose(replicatedAt);
  }

  #empty(): void {
    this.#things.redis.empty();
    this.#lose(null);
  }

  #lose(replicatedAt: number | null): void {
    const { processes, settings, oracles, isInRedis } = this.#things;
    const { acts, now } = this.#scene;
    this.#scene.losses++;
    for (const { port } of processes) port.forgetHeld();
    for (const act of acts) act.failOver(replicatedAt, now, settings.hasRoom);
    oracles.sessions.failOver();
    oracles.cache.failOver(isInRedis);
    for (const process of processes.filter(({ isLinked }) => isLinked)) {
      process.port.tellOfSwitch();
      this.#hearsFromNowOn(process);
    }
  }

  // As Redis does with `volatile-lru`, of what belongs to caches.
  #evict(b: number): void {
    const { redis, oracles } = this.#things;
    const keys = redis.keys.filter(
      (key) => key.includes('cache') && redis.find(key)?.expiresAt !== Infinity,
    );
    if (keys.length === 0) return;
    const key = pick(keys, b);
    const isValue = key.startsWith('cache:') && kindIn(redis, key) === 'value';
    // A tombstone, a lease, a note, a mark or an index: what it would have kept out may come in.
    if (!isValue) {
      const [tag = null] = /t\d$|t\d(?=\})/.exec(key) ?? [];
      oracles.cache.forget(tag === null ? { key: /k\d$/.exec(key)?.[0] ?? null } : { tag });
    }
    redis.evict(key);
  }

  // Its journal is on its disk: it, or another process, goes on with it. One in memory is lost with it.
  async #crash(process: KeyspaceProcess, b: number): Promise<void> {
    const { processes, redis, clock, settings, oracles } = this.#things;
    // What a failover made pending once more is on the disk a moment later.
    for (let i = 0; i < DISK_TURNS; i++) await Promise.resolve();
    const at = processes.indexOf(process);
    if (at < 0) return;
    const isAdopted = settings.hasFile && b < 0.3;
    const { link } = process.port;
    const left = new Set(process.log.records.map(targetOf));
    const log = process.log.successor();
    const life = { no: process.no, life: process.life + 1 };
    const next = new KeyspaceProcess(redis, clock, life, settings, isAdopted ? undefined : log);
    next.port.link = link;
    if (link !== 'open') next.heardSince = Infinity;
    next.hasAdopted = process.hasAdopted && !isAdopted;
    processes[at] = next;
    const other = pick(
      processes.filter((one) => one !== next),
      (b * 10) % 1,
    );
    const heir = isAdopted ? other : next;
    const { acts, now } = this.#scene;
    for (const act of acts) act.crash(process, left, settings.hasFile ? heir : null, now);
    oracles.sessions.crash(process);
    if (isAdopted) other.hasAdopted = true;
    const ended = process.crash();
    if (isAdopted) await other.log.adopt(log);
    await ended;
  }
}
