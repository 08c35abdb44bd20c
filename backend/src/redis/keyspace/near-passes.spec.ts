import { KEPT_BODIES } from '../../../test/support/decoded-view.js';
import { randomHistory, type Step, writtenSteps } from '../../../test/support/random-histories.js';
import { replaceMethod } from '../../../test/support/replace-method.js';
import { FIRST_SEED, SeededSearch } from '../../../test/support/seeded-search.js';
import { SteppedClock } from '../../../test/support/stepped-clock.js';
import { deleteOf } from '../../../test/support/stored-writes.js';
import { RedisCalendar } from '../base/timing/index.js';
import type { KeyspaceDeps } from './keyspace-deps.js';
import { KeyspaceKeys } from './keyspace-keys.js';
import { KeyspaceReads, type KeyspaceSenses } from './keyspace-reads.js';
import { NearCopies } from './near-copies.js';
import { BODIES, type Reading } from './reading.js';
import { encodeEntry } from './store/entry.js';
import { MemoryRecord, ShortKeys } from './store/memory-records.js';
import { MemoryStore } from './store/memory-store.js';
import type { RedisPort } from './store/redis-port.js';
import { HybridClock, stampDigits, type Stamp } from './store/stamp.js';

const SEARCH = 60;
const STEPS = 300;
const HISTORY_MS = 1_000;
const NEAR_MS = 400;
const KEYS = ['a', 'b', 'c', 'd', 'a key that is longer than those'] as const;
const OPS = [
  ...(['write', 'write', 'own', 'delete', 'drop', 'forget', 'confirm', 'distrust'] as const),
  ...(['distrustAll', 'notice', 'gap', 'lost', 'flush', 'calendar', 'wait', 'wait'] as const),
  ...(['waitLong', 'read', 'read', 'read', 'unkeep', 'crowd'] as const),
];
type Op = (typeof OPS)[number];

/** One keyspace, read in two ways: with passes, and without any, which judges a copy at each read. */
class Pair {
  readonly #local = new SteppedClock();
  readonly #clock = new RedisCalendar(this.#local);
  readonly #memory = new MemoryStore({ maxEntries: 12, maxBytes: 40_000 }, this.#clock);
  readonly #stamps = new HybridClock(this.#clock, '0000000000000001');
  readonly #keys = new KeyspaceKeys('users');
  readonly #near: NearCopies;
  readonly #passing: KeyspaceReads<Buffer>;
  readonly #judging: KeyspaceReads<Buffer>;
  #publish: (message: string) => void = () => undefined;
  #onHearing: () => void = () => undefined;
  #onLost: () => void = () => undefined;
  #onFlush: () => void = () => undefined;
  #no = 0;
  passes = 0;

  constructor() {
    const port = {
      listen: (...[, onMessage, onHearing, onLost]: Parameters<RedisPort['listen']>) => {
        this.#publish = onMessage;
        this.#onHearing = onHearing;
        this.#onLost = () => {
          onLost();
        };
        onHearing();
        return Promise.resolve(() => undefined);
      },
      onFlush: (told: () => void) => {
        this.#onFlush = told;
        return () => undefined;
      },
    };
    const parts = { memory: this.#memory, clock: this.#clock, stamps: this.#stamps };
    const refused = (): void => undefined;
    this.#near = new NearCopies(port as unknown as RedisPort, this.#keys, parts, refused);
    this.#near.wake();
    const options = { policy: 'cache', nearMs: NEAR_MS, maxStaleMs: 0 } as const;
    const identity = { keys: this.#keys, options, hits: () => null as never };
    const deps = { ...parts, redis: {}, reads: { isOpen: true } } as unknown as KeyspaceDeps;
    const senses = { near: this.#near } as unknown as KeyspaceSenses;
    this.#passing = new KeyspaceReads(identity, deps, senses, KEPT_BODIES);
    this.#judging = new KeyspaceReads(identity, deps, senses, BODIES);
  }

  async run(history: readonly Step<Op>[]): Promise<string | null> {
    await this.#local.advance(1);
    for (const [op, choice] of history) {
      await this.#step(op, choice);
      const fault = this.#compare();
      if (fault !== null) return fault;
    }
    this.#near.close();
    return this.#compare();
  }

  #compare(): string | null {
    const now = this.#clock.now();
    for (const key of KEYS) {
      if (this.#near.passed(key, now) !== null) this.passes++;
      const [one, other] = [this.#passing, this.#judging].map((reads) =>
        shown(reads.near(key, NEAR_MS, now) as Reading | null),
      );
      if (one !== other) return `${key} is ${String(one)} by its pass, and ${String(other)}`;
    }
    return null;
  }

  async #step(op: Op, choice: number): Promise<void> {
    const key = KEYS[choice % KEYS.length]!;
    const entry = this.#keys.entry(key);
    if (op === 'write' || op === 'own') this.#write(entry, choice);
    else if (op === 'delete') this.#memory.apply(deleteOf(entry, this.#stamp()));
    else if (op === 'drop')
      this.#memory.drop({ group: 'users#g', stamp: this.#stamp(), ttlMs: 500 });
    else if (op === 'forget') this.#memory.forget(entry);
    else if (op === 'confirm') this.#memory.confirm(entry);
    else if (op === 'distrust') this.#memory.distrust(entry);
    else if (op === 'distrustAll') this.#memory.distrustAll();
    else if (op === 'notice') this.#publish(stampDigits(this.#stamp()) + entry);
    else await this.#happen(op, choice);
  }

  async #happen(op: Op, choice: number): Promise<void> {
    const key = this.#keys.entry(KEYS[choice % KEYS.length]!);
    if (op === 'gap') this.#onHearing();
    else if (op === 'lost') this.#onLost();
    else if (op === 'flush') this.#onFlush();
    else if (op === 'calendar') this.#turnCalendar(choice);
    else if (op === 'wait') await this.#local.advance(choice % 40);
    else if (op === 'waitLong') await this.#local.advance(choice % 600);
    else if (op === 'unkeep') this.#memory.peek(key)?.keepDecoded(undefined, 0);
    else if (op === 'crowd')
      for (let i = 0; i < 8; i++) this.#write(`users:${choice % 40}x${i}`, 1);
    else this.#near.passed(key, this.#clock.now());
  }

  #write(key: string, choice: number): void {
    const stamp = this.#stamp();
    const wallMs = this.#clock.wallTime();
    const entry = encodeEntry({
      kind: choice % 11 === 0 ? 'nothing' : 'value',
      stamp,
      madeAt: wallMs,
      freshUntil: choice % 3 === 0 ? 0 : wallMs + (choice % 500),
      codec: 3,
      isCompressed: false,
      groups: choice % 2 === 0 ? ['g'] : [],
      body: Buffer.from(String(this.#no)),
    });
    const groups = choice % 2 === 0 ? ['users#g'] : [];
    this.#memory.apply({ key, stamp, entry, ttlMs: 1 + (choice % 700), groups });
  }

  #turnCalendar(choice: number): void {
    const distanceMs = this.#local.wallTime() - this.#local.now() + (choice % 1_000) - 500;
    this.#clock.follow({ distanceMs, errorMs: 1, measuredAt: this.#local.now() });
  }

  #stamp(): Stamp {
    this.#no++;
    return this.#stamps.next();
  }
}

function shown(reading: Reading | null): string {
  if (reading?.state !== 'found') return reading?.state ?? 'not near';
  const { value, isFresh, source, entry } = reading;
  return `${value.toString()} ${isFresh ? 'fresh' : 'old'} ${source} ${stampDigits(entry.stamp)}`;
}

const search = new SeededSearch<Step<Op>>({
  runs: SEARCH,
  historyOf: (seed) => randomHistory(seed, OPS, STEPS),
  faultOf: (history) => new Pair().run(history),
  written: writtenSteps,
});

const MISTAKES: Readonly<Record<string, () => () => void>> = {
  'a pass outlives distrust': () =>
    replaceMethod(
      MemoryRecord.prototype,
      'distrust',
      () =>
        function (this: MemoryRecord) {
          this.isTrusted = false;
        },
    ),
  'what was replaced is still listed': () =>
    replaceMethod(ShortKeys.prototype, 'replace', () => () => undefined),
  'what was given up is still listed': () =>
    replaceMethod(ShortKeys.prototype, 'remove', () => () => undefined),
  'a pass outlives its round': () =>
    replaceMethod(
      MemoryRecord.prototype,
      'hasPass',
      (real) =>
        function (this: MemoryRecord, last, now, wallTime) {
          const rounds = Array.from({ length: last }, (_, i) => i + 1);
          return rounds.some((round) => real.call(this, round, now, wallTime));
        },
    ),
  'a pass outlives its time to live': () =>
    replaceMethod(
      MemoryRecord.prototype,
      'hasPass',
      (real) =>
        function (this: MemoryRecord, round, _now, wallTime) {
          return real.call(this, round, 0, wallTime);
        },
    ),
  'a pass outlives what it answers with': () =>
    replaceMethod(
      MemoryRecord.prototype,
      'hasPass',
      (real) =>
        function (this: MemoryRecord, round, now) {
          return real.call(this, round, now, -Infinity);
        },
    ),
};

describe('copies with passes', () => {
  it(
    'say what they would say if each read judged them, in any course of events',
    async () => {
      expect(await search.firstFault()).toBeNull();
    },
    search.limitMs(HISTORY_MS),
  );

  it('answer often enough for that to mean something', async () => {
    const pair = new Pair();
    await pair.run(randomHistory(FIRST_SEED, OPS, STEPS));
    expect(pair.passes).toBeGreaterThan(STEPS / 4);
  });

  it.each(Object.entries(MISTAKES))(
    'are watched closely enough to see when %s',
    async (name, make) => {
      expect(await search.faultWith(name, make, SEARCH)).not.toBeNull();
    },
    SEARCH * HISTORY_MS,
  );
});
