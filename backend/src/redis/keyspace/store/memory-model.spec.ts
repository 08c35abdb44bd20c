import { seededRandom } from '../../../../test/support/random-histories.js';
import { FIRST_SEED, runsOr } from '../../../../test/support/seeded-search.js';
import { StoreModel, type ModelRecord } from '../../../../test/support/store-model.js';
import { deleteOf, endOf, setOf, stampNo } from '../../../../test/support/stored-writes.js';
import { ManualClock } from '../../testing/index.js';
import type { StampedDrop, StampedWrite } from './key-value-store.js';
import { MemoryStore } from './memory-store.js';
import { compareStamps, MAX_AHEAD_MS, type Stamp } from './stamp.js';

const SEEDS = runsOr(5);
const STEPS = 2000;
const KEYSPACES = ['sessions', 'cache', 'prices', 'locks'];
const KEYS = KEYSPACES.flatMap((name) => Array.from({ length: 12 }, (_, i) => `${name}:${i}`));
const GROUPS = KEYSPACES.flatMap((name) => [`${name}#a`, `${name}#b`]);
const NEVER: Stamp = { wallMs: 0, count: 0, origin: '0'.repeat(16) };
// Older than everything: whatever is there wins against them, the record of a key alone or a mark alone. Asking does
// not count as use.
const PROBES = new Map(KEYS.map((key) => [key, setOf(key, NEVER, { replaces: NEVER })]));
const PROBES_OF_MARKS = new Map(
  [...GROUPS, ...KEYS].map((name) => [name, setOf(`${name}?`, NEVER, { groups: [name] })]),
);

/** A store in tight bounds beside a model without any, which is told what had to leave. */
class Pair {
  readonly clock = new ManualClock();
  readonly store: MemoryStore;
  readonly model = new StoreModel(this.clock);
  readonly #random: () => number;
  #left = 0;
  #refused = 0;
  #no = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    const maxEntries = 10 + this.#below(50);
    const maxBytes = 12_000 + this.#below(60_000);
    this.store = new MemoryStore({ maxEntries, maxBytes }, this.clock);
    this.store.open('sessions', { policy: 'session' });
    this.store.open('cache', { policy: 'cache' });
    this.store.open('prices', { policy: 'cache', memoryPercent: 25 });
  }

  async step(): Promise<void> {
    const dice = this.#below(20);
    if (dice < 12) this.#apply(this.#write());
    else if (dice < 15) this.#drop();
    else if (dice === 15) this.store.peek(this.#pick(KEYS));
    else if (dice === 16) this.#keepDecoded();
    else if (dice === 17) this.#forget(this.#pick(KEYS));
    else await this.clock.advance(this.#below(60));
    this.model.expire();
    this.#compare();
  }

  #apply(write: StampedWrite): void {
    this.model.expire();
    expect(this.store.apply(write)).toEqual(this.model.apply(write));
  }

  #drop(): void {
    const group = this.#pick(GROUPS);
    const keyspace = group.slice(0, group.indexOf('#'));
    const drop: StampedDrop = {
      group,
      stamp: this.#stamp(false),
      ttlMs: 1 + this.#below(900),
      ...(this.#below(3) === 0 && { except: [`${keyspace}:1`, `${keyspace}:${this.#below(12)}`] }),
      ...(this.#below(3) === 0 && { isFinal: true }),
    };
    expect(this.store.drop(drop)).toBe(this.model.drop(drop));
  }

  #keepDecoded(): void {
    const copy = this.store.peek(this.#pick(KEYS));
    copy?.keepDecoded({}, this.#below(4000), this.#below(2) === 0);
  }

  // What has expired expires first: it would be forgotten without being counted.
  #forget(key: string): void {
    this.store.peek(key);
    this.store.supersededBy(PROBES_OF_MARKS.get(key)!);
    this.store.forget(key);
    this.model.expire();
    this.model.records.delete(key);
    this.model.marks.delete(key);
  }

  #write(): StampedWrite {
    const key = this.#pick(KEYS);
    const stamp = this.#stamp();
    const ttlMs = this.#below(10) === 0 ? 0 : this.#below(4) === 0 ? null : 1 + this.#below(600);
    const dice = this.#below(12);
    const replaces = this.#replaces(key);
    const condition = replaces === undefined ? {} : { replaces };
    if (dice === 0) return { ...deleteOf(key, stamp, ttlMs ?? 500), ...condition };
    if (dice === 1) return endOf(key, stamp, { ttlMs, ...condition });
    const body = 'x'.repeat(this.#below(15) === 0 ? this.#below(30_000) : this.#below(900));
    const groups = GROUPS.filter((group) => group.startsWith(key.slice(0, key.indexOf(':'))));
    const birth = this.#below(3) === 0 ? stampNo(this.#below(this.#no + 1)) : stamp;
    const some = groups.slice(this.#below(3));
    return setOf(key, stamp, { body, ttlMs, birth, groups: some, ...condition });
  }

  #replaces(key: string): Stamp | 'any' | undefined {
    const dice = this.#below(8);
    if (dice === 0) return 'any';
    if (dice > 2) return undefined;
    return this.model.records.get(key)?.stamp ?? stampNo(1);
  }

  // Mostly newer than everything, sometimes older, seldom too far ahead to be believed.
  #stamp(mayBeStray = true): Stamp {
    const no = ++this.#no;
    const dice = this.#below(30);
    if (dice > 9) return stampNo(no);
    if (dice > 0 || !mayBeStray)
      return { ...stampNo(this.#below(no)), origin: `${no}`.padStart(16, '0') };
    return { ...stampNo(no), wallMs: this.clock.wallTime() + MAX_AHEAD_MS + 1 + this.#below(100) };
  }

  #compare(): void {
    const missing = [...this.#missing(this.model.records), ...this.#missing(this.model.marks)];
    this.#left += missing.length;
    const { usage, refused, expirations } = this.store;
    if (refused === this.#refused) this.#checkWhoLeft(missing);
    this.#refused = refused;
    const live = this.model.records.size + this.model.marks.size;
    // What is still there after its time was not removed yet; nothing else is unaccounted for.
    expect(usage.entries - live).toBe(
      this.#left + this.model.expired - usage.evictions - expirations - refused,
    );
    expect(usage.entries).toBeLessThanOrEqual(usage.maxEntries);
    expect(usage.bytes).toBeLessThanOrEqual(usage.maxBytes);
    const key = this.#pick(KEYS);
    expect(this.store.peek(key)?.entry).toEqual(this.model.records.get(key)?.entry);
    const group = this.#pick(GROUPS);
    expect(this.store.members(group).toSorted()).toEqual(this.model.members(group).toSorted());
  }

  // A session that left leaves no cached value behind; the end of one leaves no end of a cached value.
  #checkWhoLeft(missing: readonly (readonly [string, ModelRecord])[]): void {
    for (const isEnd of [false, true]) {
      const hasLost = missing.some(
        ([name, { isTombstone }]) => name.startsWith('sessions') && isTombstone === isEnd,
      );
      if (hasLost) expect(this.#givesWay(isEnd)).toEqual([]);
    }
  }

  // What should have left before a session, or the end of one.
  #givesWay(isEnd: boolean): string[] {
    return [...this.model.records, ...this.model.marks]
      .filter(([, { isTombstone }]) => isTombstone === isEnd)
      .map(([name]) => name)
      .filter((name) => !name.startsWith('sessions') && (isEnd || !name.startsWith('prices')));
  }

  #missing(home: Map<string, ModelRecord>): [string, ModelRecord][] {
    const isMark = home === this.model.marks;
    const missing = [...home].filter(([name, record]) => !this.#isThere(name, record, isMark));
    for (const [name] of missing) home.delete(name);
    return missing;
  }

  #isThere(name: string, { stamp }: ModelRecord, isMark: boolean): boolean {
    const question = (isMark ? PROBES_OF_MARKS : PROBES).get(name)!;
    const found = this.store.supersededBy(question)?.by;
    if (found !== undefined) return compareStamps(found, stamp) === 0;
    // A stamp that is too far ahead wins against nothing.
    return this.store.peek(name)?.stamp === stamp;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]!;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

describe('memory beside a model that knows no bounds', () => {
  it.each(Array.from({ length: SEEDS }, (_, i) => FIRST_SEED + i))(
    'comes to the same in any course of events, but for what had to leave: seed %d',
    async (seed) => {
      const pair = new Pair(seed);
      for (let i = 0; i < STEPS; i++) await pair.step();
      pair.store.clear();
      expect(pair.store.usage).toMatchObject({ entries: 0, bytes: 0 });
      expect(pair.store.usage.evictions).toBeGreaterThan(100);
    },
    30_000,
  );
});
