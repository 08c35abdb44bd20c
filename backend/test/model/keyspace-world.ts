import type { EntryDraft, Reading } from '../../src/redis/keyspace/index.js';
import { JournalFullError } from '../../src/redis/base/errors/index.js';
import { ManualClock } from '../../src/redis/testing/index.js';
import type { Step } from './histories.js';
import { KeyspaceProcess, MODEL } from './keyspace-process.js';
import { ModelRedis } from './model-redis.js';
import { CacheOracle, SessionOracle } from './keyspace-oracles.js';

/** How often each operation comes. */
export const WEIGHTS: Readonly<Record<string, number>> = {
  login: 5,
  touch: 8,
  logout: 3,
  logoutAll: 2,
  readSession: 8,
  set: 10,
  delete: 4,
  dropTag: 3,
  read: 10,
  fill: 12,
  cut: 4,
  heal: 5,
  replay: 6,
  wait: 10,
  waitLong: 2,
  replicate: 5,
  failOver: 1.5,
  evict: 1,
};

const OFFSETS_MS = [0, 15, -15];
const MAX_SESSIONS = 6;
const MAX_DROPS = 4;
const FILLS = 40;
const FOR_EVER_MS = 1_000 * MODEL.maxAgeMs;
const STEP_MS = 5;

function pick<T>(list: readonly T[], at: number): T {
  return list[Math.floor(at * list.length)]!;
}

/** Several processes over one Redis: does what a history says, and finds what breaks a promise. */
export class KeyspaceWorld {
  readonly #clock = new ManualClock();
  readonly #redis = new ModelRedis(this.#clock);
  readonly #processes = OFFSETS_MS.map(
    (offsetMs, i) => new KeyspaceProcess(this.#redis, this.#clock, i + 1, offsetMs),
  );
  readonly #sessions = new SessionOracle();
  readonly #cache = new CacheOracle();
  #replicatedAt = 0;
  #drops = 0;
  #fault: string | null = null;

  /** Returns what is wrong; `null` for nothing. */
  async run(history: readonly Step[]): Promise<string | null> {
    for (const step of history) {
      await this.#clock.advance(STEP_MS);
      await this.#do(step);
      for (const key of this.#redis.valueKeys()) this.#sessions.seenInRedis(key, this.#clock.now());
      if (this.#fault !== null) return this.#fault;
    }
    await this.#settle();
    return this.#fault;
  }

  async #do({ op, a, b, c }: Step): Promise<void> {
    const process = pick(this.#processes, a);
    try {
      await this.#ops[op]!(process, b, c);
    } catch (error) {
      if (error instanceof JournalFullError)
        this.#blame('a write that must be taken found the journal full');
      else throw error;
    }
  }

  readonly #ops: Readonly<
    Record<string, (process: KeyspaceProcess, b: number, c: number) => Promise<void> | void>
  > = {
    login: (process, b) => this.#login(process, b),
    touch: (process, b) => this.#touch(process, b),
    logout: (process, b) => this.#logout(process, b),
    logoutAll: (process, b, c) => this.#logoutAll(process, b, c),
    readSession: (process, b) => this.#readSession(process, b),
    set: (process, b, c) => this.#set(process, b, c),
    delete: (process, b) => this.#delete(process, b),
    dropTag: (process, b) => this.#dropTag(process, b),
    read: (process, b) => this.#read(process, b),
    fill: async (process, b, c) => {
      const count = 1 + Math.floor(c * 12);
      for (let i = 0; i < count; i++) {
        const key = `fill${String(Math.floor(b * FILLS + i) % FILLS)}`;
        await process.cache.write(key, draftOf('fill', []));
      }
    },
    cut: (process) => {
      process.cut();
    },
    heal: (process) => {
      process.heal();
    },
    replay: (process, b) => process.replay(1 + Math.floor(b * 8)),
    wait: (_, b) => this.#clock.advance(b * 400),
    waitLong: (_, b) => this.#clock.advance(b * 1.5 * MODEL.maxAgeMs),
    replicate: () => {
      this.#replicatedAt = this.#clock.now();
      this.#redis.replicate();
    },
    failOver: () => this.#failOver(),
    evict: (_, b) => {
      const keys = this.#redis.valueKeys();
      if (keys.length === 0) return;
      const key = pick(keys, b);
      this.#redis.evict(key);
      this.#sessions.evicted(key);
    },
  };

  async #login(process: KeyspaceProcess, b: number): Promise<void> {
    if (this.#sessions.size >= MAX_SESSIONS) return;
    const user = `u${String(Math.floor(b * 2))}`;
    const id = this.#sessions.newId(user, this.#clock.now());
    await process.sessions.write(id, draftOf(id, [user]));
  }

  async #touch(process: KeyspaceProcess, b: number): Promise<void> {
    const id = this.#sessions.pick(b);
    if (id === null) return;
    const reading = await process.sessions.read(id, { onPrimary: true });
    this.#judgeSession(process, id, reading);
    if (reading.state !== 'found') return;
    const { stamp, birth, groups } = reading.entry;
    await process.sessions.write(id, draftOf(id, groups), { replaces: stamp, birth });
  }

  async #logout(process: KeyspaceProcess, b: number): Promise<void> {
    const id = this.#sessions.pick(b);
    if (id === null) return;
    this.#sessions.end(id, process);
    await process.sessions.delete(id, { isFinal: true, keepMs: FOR_EVER_MS });
  }

  async #logoutAll(process: KeyspaceProcess, b: number, c: number): Promise<void> {
    if (++this.#drops > MAX_DROPS) return;
    const user = `u${String(Math.floor(b * 2))}`;
    // Who spares a session uses it: it is there for this process.
    const wanted = c < 0.4 ? this.#sessions.pick((c / 0.4) * 0.999) : null;
    const isThere = wanted !== null && (await process.sessions.read(wanted)).state === 'found';
    const spared = isThere ? wanted : null;
    this.#sessions.endAllOf(user, process, { spared, now: this.#clock.now() });
    const except = spared === null ? [] : [spared];
    await process.sessions.dropGroup(user, { isFinal: true, keepMs: FOR_EVER_MS, except });
  }

  async #readSession(process: KeyspaceProcess, b: number): Promise<void> {
    const id = this.#sessions.pick(b);
    if (id !== null) this.#judgeSession(process, id, await process.sessions.read(id));
  }

  #judgeSession(process: KeyspaceProcess, id: string, reading: Reading): void {
    const { state } = reading;
    if (state === 'found' && this.#sessions.hasEnded(id, process)) {
      this.#blame(`${id} was ended by this process and is there`);
    }
  }

  async #set(process: KeyspaceProcess, b: number, c: number): Promise<void> {
    const key = keyOf(b);
    const tags = c < 0.3 ? [] : c < 0.8 ? ['t0'] : ['t0', 't1'];
    const version = this.#cache.newVersion(tags, this.#clock.now());
    const { outcome } = await process.cache.write(key, draftOf(version, tags));
    if (outcome !== 'superseded') this.#cache.saw(process, key, version);
  }

  async #delete(process: KeyspaceProcess, b: number): Promise<void> {
    const key = keyOf(b);
    const { outcome } = await process.cache.delete(key);
    if (outcome !== 'superseded') this.#cache.deleted(process, key);
  }

  async #dropTag(process: KeyspaceProcess, b: number): Promise<void> {
    const tag = b < 0.5 ? 't0' : 't1';
    await process.cache.dropGroup(tag);
    this.#cache.dropped(process, tag, this.#clock.now());
  }

  async #read(process: KeyspaceProcess, b: number): Promise<void> {
    const key = keyOf(b);
    const reading = await process.cache.read(key);
    if (reading.state !== 'found') return;
    const version = reading.entry.body.toString();
    if (this.#cache.isBanned(process, key, version)) {
      this.#blame(`${key} is ${version}, which this process has deleted`);
    }
    this.#cache.saw(process, key, version);
  }

  #failOver(): void {
    // A replica that lags by more than what is written again loses what nobody promises to keep.
    if (this.#clock.now() - this.#replicatedAt > MODEL.windowMs) this.#redis.replicate();
    const before = new Set(this.#redis.valueKeys());
    this.#redis.failOver();
    for (const key of before) {
      if (!this.#redis.holds(key)) this.#sessions.lost(key, this.#clock.now());
    }
    for (const { own } of this.#processes) own.flip();
  }

  // Everybody is there, and nothing waits any more: now all must agree.
  async #settle(): Promise<void> {
    for (const process of this.#processes) process.heal();
    for (const process of this.#processes) await process.replay(Infinity);
    await this.#clock.advance(MODEL.windowMs + 1);
    for (const process of this.#processes) {
      for (const id of this.#sessions.ids) {
        const { state } = await process.sessions.read(id);
        this.#blame(this.#sessions.faultAtRest(id, state, this.#clock.now()));
      }
      for (let i = 0; i < CACHE_KEYS; i++) {
        const key = `k${String(i)}`;
        const reading = await process.cache.read(key);
        if (reading.state !== 'found') continue;
        this.#blame(this.#cache.faultAtRest(key, reading.entry.body.toString()));
      }
    }
  }

  #blame(fault: string | null): void {
    this.#fault ??= fault;
  }
}

const CACHE_KEYS = 3;

function keyOf(at: number): string {
  return `k${String(Math.floor(at * CACHE_KEYS))}`;
}

function draftOf(body: string, groups: readonly string[]): EntryDraft {
  return {
    kind: 'value',
    codec: 0,
    isCompressed: false,
    body: Buffer.from(body),
    freshMs: null,
    staleMs: 0,
    groups,
  };
}
