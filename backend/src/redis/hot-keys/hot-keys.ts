import type { HotKeyLevel, ResolvedRedisOptions } from '../config/index.js';
import type { Direction, EventBus } from '../base/events/index.js';
import type { Clock, Random, Stop } from '../base/timing/index.js';
import { AccessSampler } from './access-sampler.js';
import { HotList, type HotKey } from './hot-list.js';
import { KeyAccesses, type AccessTools } from './key-accesses.js';
import { FADE_MS, fadeFactor, perMinuteOf } from './key-rates.js';
import { shownKey } from './shown-key.js';
import { TopKeys, type KeyShelf } from './top-keys.js';

/** One of the keys that are accessed most often. */
export interface AccessedKey {
  /** As the application gives it: without `node.keyPrefix`, and without the name of the keyspace. */
  readonly key: string;
  /** As it may leave the process: see `hotKeys.showKeys`. */
  readonly shown: string;
  /** The keyspace (for the cache: the namespace); `null` for plain commands. */
  readonly keyspace: string | null;
  readonly readsPerMinute: number;
  readonly writesPerMinute: number;
  /** In which direction it is hot, and since when, in calendar milliseconds; `null` where it is not. */
  readonly hotSince: { readonly reads: number | null; readonly writes: number | null };
  /** Whether its reads are spared now: by near copies, or in that reads of one moment share an answer. */
  readonly isSpared: boolean;
}

/** What this process knows of the keys it accesses. Rates are those of the last seconds. */
export interface HotKeysReport {
  readonly level: HotKeyLevel;
  /** From how many accesses a minute on a key is hot. */
  readonly perMinute: number;
  /** One in so many accesses is counted. */
  readonly sampledEvery: number;
  /** How many keys are hot. */
  readonly hot: { readonly reads: number; readonly writes: number };
  /** Reads that Redis was not asked for because their key was hot, since the process began. */
  readonly sparedReads: number;
  /** The ten keys with the most accesses, the first has the most. Hot or not. */
  readonly top: readonly AccessedKey[];
}

/** What hot keys are found with. */
interface HotKeysDeps {
  readonly clock: Clock;
  readonly bus: EventBus;
  readonly random: Random;
}

type ResolvedHotKeyOptions = ResolvedRedisOptions['hotKeys'];

// About 64 kB for each direction, and the kept keys: see `npm run bench:hot-keys`.
const SKETCH = { width: 2048, kept: 512 };
const TOP = 10;
const DIRECTIONS: readonly Direction[] = ['reads', 'writes'];

/** Finds the keys that this process accesses most often, says which of them are hot, and tells of them. */
export class HotKeys {
  readonly #options: ResolvedHotKeyOptions;
  readonly #deps: HotKeysDeps;
  readonly #keys: Readonly<Record<Direction, TopKeys>>;
  readonly #lists: Readonly<Record<Direction, HotList>>;
  readonly #sampler: AccessSampler;
  readonly #tools: AccessTools;
  readonly #accesses = new Map<KeyShelf, KeyAccesses>();
  #fadedAt = 0;
  #stopTimer: Stop | null = null;
  #isClosed = false;

  constructor(options: ResolvedHotKeyOptions, deps: HotKeysDeps) {
    this.#options = options;
    this.#deps = deps;
    const { random } = deps;
    this.#keys = { reads: new TopKeys(SKETCH, random), writes: new TopKeys(SKETCH, random) };
    this.#lists = {
      reads: new HotList(this.#keys.reads, options),
      writes: new HotList(this.#keys.writes, options),
    };
    this.#sampler = new AccessSampler(random, (factor) => {
      this.#multiply(factor);
    });
    this.#tools = {
      ...this.#keys,
      sampler: this.#sampler,
      onCounted: this.#wake,
      nearMs: options.nearMs,
    };
  }

  /**
   * Returns what is to be told of the accesses of a keyspace; `null` where nothing is wanted of them.
   *
   * @param keyspace - `null` for plain commands
   * @param level - its own; `null` for that of the connection
   * @param maySpare - whether memory may answer its reads
   */
  open(
    keyspace: string | null,
    { level = null, maySpare }: { readonly level?: HotKeyLevel | null; readonly maySpare: boolean },
  ): KeyAccesses | null {
    const own = level ?? this.#options.level;
    if (own === 'off') return null;
    const accesses = new KeyAccesses(keyspace, own, own === 'on' && maySpare, this.#tools);
    this.#accesses.set(accesses.reads, accesses);
    this.#accesses.set(accesses.writes, accesses);
    return accesses;
  }

  /** What is known now. */
  get report(): HotKeysReport {
    const { level, perMinute } = this.#options;
    const all = new Set(this.#accesses.values());
    return {
      level,
      perMinute,
      sampledEvery: this.#sampler.every,
      hot: { reads: this.#lists.reads.size, writes: this.#lists.writes.size },
      sparedReads: [...all].reduce((sum, { spared }) => sum + spared, 0),
      top: this.#top(),
    };
  }

  /** Looks no more. */
  close(): void {
    this.#isClosed = true;
    this.#stopTimer?.();
    this.#stopTimer = null;
  }

  // While nothing is accessed there is nothing to look at, and no timer.
  readonly #wake = (): void => {
    if (this.#stopTimer !== null || this.#isClosed) return;
    this.#fadedAt = this.#deps.clock.now();
    this.#schedule();
  };

  #schedule(): void {
    this.#stopTimer = this.#deps.clock.after(FADE_MS, this.#look);
  }

  readonly #look = (): void => {
    const { clock } = this.#deps;
    const rateOf = this.#ratesNow();
    for (const direction of DIRECTIONS) {
      const { risen, fallen } = this.#lists[direction].look(rateOf, clock.wallTime());
      for (const one of fallen) this.#tellFall(direction, one);
      for (const one of risen) this.#tellRise(direction, one);
    }
    const now = clock.now();
    this.#multiply(fadeFactor(now - this.#fadedAt));
    this.#fadedAt = now;
    this.#sampler.endSecond();
    this.#stopTimer = null;
    if (this.#isAnythingLeft && !this.#isClosed) this.#schedule();
  };

  get #isAnythingLeft(): boolean {
    const { reads, writes } = this.#keys;
    if (reads.size + writes.size > 0 || this.#sampler.every > 1) return true;
    return DIRECTIONS.some((direction) => this.#lists[direction].size > 0);
  }

  #multiply(factor: number): void {
    this.#keys.reads.fade(factor);
    this.#keys.writes.fade(factor);
  }

  // Returns what makes a rate of a count: many are asked for at a time.
  #ratesNow(): (count: number) => number {
    const sinceFadeMs = Math.max(0, this.#deps.clock.now() - this.#fadedAt);
    const perMinuteOfOne = perMinuteOf(1, this.#sampler.every, sinceFadeMs);
    return (count) => Math.round(count * perMinuteOfOne);
  }

  #tellRise(direction: Direction, { shelf, key, perMinute }: HotKey): void {
    const accesses = this.#accesses.get(shelf);
    if (direction === 'reads') accesses?.setHot(key, true);
    this.#deps.bus.emit({
      type: 'hot-key.rose',
      keyspace: accesses?.keyspace ?? null,
      key: shownKey(key, this.#options.showKeys),
      direction,
      perMinute,
      isSpared: accesses?.isSpared(key) === true && direction === 'reads',
    });
  }

  #tellFall(direction: Direction, { shelf, key, perMinute, since }: HotKey): void {
    const accesses = this.#accesses.get(shelf);
    if (direction === 'reads') accesses?.setHot(key, false);
    this.#deps.bus.emit({
      type: 'hot-key.fell',
      keyspace: accesses?.keyspace ?? null,
      key: shownKey(key, this.#options.showKeys),
      direction,
      perMinute,
      hotMs: Math.max(0, this.#deps.clock.wallTime() - since),
    });
  }

  #top(): AccessedKey[] {
    const counts = new Map<string, { accesses: KeyAccesses; key: string; sum: number }>();
    for (const direction of DIRECTIONS) {
      for (const { shelf, key, count } of this.#keys[direction]) {
        const accesses = this.#accesses.get(shelf);
        if (accesses === undefined) continue;
        const id = `${accesses.keyspace ?? ''}:${key}`;
        const known = counts.get(id) ?? { accesses, key, sum: 0 };
        known.sum += count;
        counts.set(id, known);
      }
    }
    return [...counts.values()]
      .sort((a, b) => b.sum - a.sum)
      .slice(0, TOP)
      .map(({ accesses, key }) => this.#described(accesses, key));
  }

  #described(accesses: KeyAccesses, key: string): AccessedKey {
    const { reads, writes, keyspace } = accesses;
    const rateOf = this.#ratesNow();
    return {
      key,
      shown: shownKey(key, this.#options.showKeys),
      keyspace,
      readsPerMinute: rateOf(reads.kept.get(key)?.count ?? 0),
      writesPerMinute: rateOf(writes.kept.get(key)?.count ?? 0),
      hotSince: {
        reads: this.#lists.reads.get(reads, key)?.since ?? null,
        writes: this.#lists.writes.get(writes, key)?.since ?? null,
      },
      isSpared: accesses.isSpared(key),
    };
  }
}
