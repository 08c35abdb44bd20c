import { EventBus } from '../../src/redis/base/events/index.js';
import { type CacheNamespace, RedisCache } from '../../src/redis/cache/index.js';
import { resolveOptions } from '../../src/redis/config/index.js';
import { Keyspaces } from '../../src/redis/keyspace/index.js';
import { InMemoryPort, type LinkState } from '../support/redis-in-memory/in-memory-port.js';
import {
  RedisInMemory,
  REFUSALS,
  type Refusal,
} from '../support/redis-in-memory/redis-in-memory.js';
import { randomOf, type Step } from './histories.js';
import { ModelClock } from './model-clock.js';
import { MODEL } from './model-settings.js';
import { BASE_MS, ProcessClock } from './process-clock.js';
import { answerIn } from './redis-answers.js';
import { pick } from './scene.js';

/** How often each operation comes. */
export const ORDER_WEIGHTS: Readonly<Record<string, number>> = {
  set: 12,
  setAll: 3,
  delete: 8,
  deleteAll: 2,
  deleteByTag: 6,
  get: 3,
  await: 5,
  cut: 1,
  deafen: 1,
  freeze: 1,
  reach: 4,
  refuse: 0.7,
  accept: 1.5,
  failOver: 1,
  wait: 3,
};

/** What one history has in common. */
export interface OrderSettings {
  readonly hasReplica: boolean;
  readonly nearMs: number;
  /** By how much the calendar of the process is wrong. */
  readonly offsetMs: number;
}

const NAME = 'values';
const KEYS = ['k0', 'k1', 'k2'];
const TAGS = ['t0', 't1'];
const REASONS = Object.keys(REFUSALS) as Refusal[];
const AWAITED = new Set(['await', 'wait', 'failOver']);
const STEP_MS = 5;
const MAX_PAUSES = 6;
const MAX_TURNS = 24;

const { options: OPTIONS } = resolveOptions({
  mode: 'standalone',
  host: '127.0.0.1',
  fallback: { breakerFailures: 1, breakerOpenMs: 100, stableMs: 10 },
  journal: { reapplyMs: MODEL.reapplyMs },
});

interface Process {
  readonly port: InMemoryPort;
  readonly keyspaces: Keyspaces;
  readonly values: CacheNamespace;
}

interface Kept {
  readonly value: number;
  readonly tags: readonly string[];
}

/**
 * A process that awaits none of its calls, and another one that reads. What they find in the end is what they would find
 * if each call had been awaited before the next.
 */
export class OrderWorld {
  readonly #clock = new ModelClock();
  readonly #redis = new RedisInMemory(() => BASE_MS + this.#clock.now());
  readonly #settings: OrderSettings;
  readonly #caller: Process;
  readonly #reader: Process;
  readonly #expected = new Map<string, Kept>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #ops: Readonly<Record<string, (b: number, c: number) => Promise<void> | void>>;
  #fault: string | null = null;
  #values = 0;

  constructor(settings: OrderSettings) {
    this.#settings = settings;
    this.#caller = this.#start(settings.offsetMs);
    this.#reader = this.#start(0);
    this.#redis.onPublish = (channel, message) => {
      for (const { port } of [this.#caller, this.#reader]) port.tell(channel, message);
    };
    const { port } = this.#caller;
    const link = (state: LinkState) => () => {
      this.#setLink(state);
    };
    this.#ops = {
      set: (b, c) => this.#set(pick(KEYS, b), c),
      setAll: (_, c) => this.#setAll(c),
      delete: (b) => this.#delete([pick(KEYS, b)]),
      deleteAll: () => this.#delete(KEYS),
      deleteByTag: (b) => this.#deleteByTag(pick(TAGS, b)),
      get: async (b, c) => {
        const { values: asked } = c < 0.5 ? this.#caller : this.#reader;
        await asked.get(pick(KEYS, b));
      },
      await: () => this.#settle(),
      cut: link('cut'),
      deafen: link('deaf'),
      freeze: link('frozen'),
      reach: link('open'),
      refuse: (b) => {
        this.#redis.refusal = pick(REASONS, b);
      },
      accept: () => {
        this.#accept();
      },
      failOver: () => (port.link === 'open' ? this.#failOver() : undefined),
      wait: (b) => this.#idle(b * 300),
    };
  }

  /** Returns what is wrong; `null` for nothing. */
  async run(history: readonly Step[]): Promise<string | null> {
    for (const step of history) {
      this.#pass(STEP_MS);
      const random = randomOf(Math.floor(step.c * 2 ** 32));
      this.#caller.port.pauses = () => Math.floor(random() * MAX_PAUSES);
      const done = this.#ops[step.op]!(step.b, step.c);
      if (AWAITED.has(step.op)) await done;
      else if (done !== undefined) this.#watch(done);
      for (let i = step.isHasty ? 0 : Math.floor(step.a * MAX_TURNS); i > 0; i--) {
        await Promise.resolve();
      }
    }
    await this.#rest();
    return this.#fault;
  }

  #start(offsetMs: number): Process {
    const { hasReplica, nearMs } = this.#settings;
    const port = new InMemoryPort(this.#redis, () => this.#clock.now(), hasReplica);
    const clock = new ProcessClock(this.#clock, offsetMs);
    const bus = new EventBus();
    const keyspaces = new Keyspaces(OPTIONS, port, { clock, bus });
    keyspaces.start();
    const cache = new RedisCache({
      openKeyspace: (name, { hotKeys: _, ...settings }) => keyspaces.open(name, settings),
      clock,
      random: () => 0,
      bus,
    });
    const values = cache.namespace(NAME, { ttlMs: null, ttlJitter: 0, nearMs });
    return { port, keyspaces, values };
  }

  #watch(done: Promise<void>): void {
    const running: Promise<void> = done.then(
      () => void this.#underWay.delete(running),
      (error: unknown) => {
        this.#underWay.delete(running);
        this.#fault ??= error instanceof Error ? (error.stack ?? '') : String(error);
      },
    );
    this.#underWay.add(running);
  }

  async #set(key: string, c: number): Promise<void> {
    const value = ++this.#values;
    const tags = c < 0.3 ? [] : c < 0.8 ? ['t0'] : TAGS;
    this.#expected.set(key, { value, tags });
    await this.#caller.values.set(key, value, { tags });
  }

  async #setAll(c: number): Promise<void> {
    const tags = c < 0.5 ? [] : TAGS;
    const entries = KEYS.map((key) => [key, ++this.#values] as const);
    for (const [key, value] of entries) this.#expected.set(key, { value, tags });
    await this.#caller.values.setMany(entries, { tags });
  }

  async #delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#expected.delete(key);
    await this.#caller.values.delete(keys);
  }

  async #deleteByTag(tag: string): Promise<void> {
    for (const [key, { tags }] of this.#expected)
      if (tags.includes(tag)) this.#expected.delete(key);
    await this.#caller.values.deleteByTag(tag);
  }

  // Nobody waits any more for what a frozen node was asked: so much time has passed before it thaws.
  #setLink(state: LinkState): void {
    const { port } = this.#caller;
    const was = port.link;
    if (was === 'frozen') this.#pass(MODEL.deadlineMs);
    port.link = state;
    if (state === 'open' && was !== 'open') port.tellOfSwitch();
  }

  #accept(): void {
    this.#redis.refusal = null;
    if (this.#caller.port.link === 'open') this.#caller.port.tellOfRecovery();
  }

  // What was answered is known before it is heard of the switch, what is on its way is lost or goes to the new primary.
  async #failOver(): Promise<void> {
    const ports = [this.#caller.port, this.#reader.port];
    const goOn = ports.map((port) => port.stopAll());
    for (let i = 0; i < MAX_TURNS; i++) await Promise.resolve();
    this.#redis.failOver();
    for (const port of ports) {
      port.forgetHeld();
      port.tellOfSwitch();
    }
    for (const goesOn of goOn) goesOn();
  }

  #pass(ms: number): void {
    this.#clock.jump(Math.round(ms));
    const lagMs = BASE_MS + this.#clock.now() - this.#redis.replicatedAt;
    if (lagMs > MODEL.lagMs) this.#redis.replicate();
  }

  async #idle(ms: number): Promise<void> {
    this.#pass(ms);
    await turn();
    await turn();
  }

  async #settle(): Promise<void> {
    for (let i = 0; this.#underWay.size > 0 && i < 500; i++) await this.#idle(STEP_MS);
    if (this.#underWay.size > 0) this.#fault ??= 'a call did not end';
  }

  async #rest(): Promise<void> {
    await this.#settle();
    this.#accept();
    this.#setLink('open');
    const { keyspaces } = this.#caller;
    const isBusy = (): boolean =>
      keyspaces.status.mode !== 'healthy' || keyspaces.status.journal.entries > 0;
    for (let i = 0; isBusy() && i < 400; i++) await this.#idle(50);
    if (isBusy()) this.#fault ??= 'something waits for ever';
    await this.#idle(MODEL.reapplyMs);
    await this.#idle(MODEL.reapplyMs);
    this.#redis.replicate();
    for (const key of KEYS) await this.#compare(key);
    const closed = [this.#caller, this.#reader].map((one) => one.keyspaces.close(0));
    await this.#idle(1);
    await Promise.all(closed);
  }

  async #compare(key: string): Promise<void> {
    const { body } = answerIn(this.#redis, `${NAME}:${key}`, BASE_MS + this.#clock.now());
    const found = [
      body === '' ? undefined : Number(body),
      await this.#caller.values.get<number>(key),
      await this.#reader.values.get<number>(key),
    ];
    const wanted = this.#expected.get(key)?.value;
    if (found.every((value) => value === wanted)) return;
    const texts = found.map(String).join(', ');
    this.#fault ??= `${key} is ${texts} in Redis, for its caller and for others, and not ${String(wanted)}`;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
