import type { HotKeyLevel } from '../config/index.js';
import type { AccessSampler } from './access-sampler.js';
import type { KeyShelf, TopKeys } from './top-keys.js';

/** What the accesses of all keyspaces are counted with. */
export interface AccessTools {
  readonly sampler: AccessSampler;
  readonly reads: TopKeys;
  readonly writes: TopKeys;
  /** Called for each access that is counted, before it is. */
  readonly onCounted: () => void;
  /** How long a copy of a hot key answers, in milliseconds. */
  readonly nearMs: number;
}

/** The accesses of one keyspace, or of plain commands. Told of each; counts some. */
export class KeyAccesses {
  /** `null` for plain commands. */
  readonly keyspace: string | null;
  readonly level: Exclude<HotKeyLevel, 'off'>;
  readonly reads: KeyShelf;
  readonly writes: KeyShelf;
  readonly #sampler: AccessSampler;
  readonly #tools: AccessTools;
  readonly #spares: boolean;
  readonly #hot = new Set<string>();
  // Whether it holds any: each command looks at it.
  #isHot = false;
  /** Reads that Redis was not asked for because their key was hot. */
  spared = 0;
  /** Called when the first key becomes hot, and when none is hot any more. */
  onHeat: ((isHot: boolean) => void) | null = null;

  /** @param spares - whether its hot reads may be spared */
  constructor(
    keyspace: string | null,
    level: Exclude<HotKeyLevel, 'off'>,
    spares: boolean,
    tools: AccessTools,
  ) {
    this.keyspace = keyspace;
    this.level = level;
    this.#spares = spares;
    this.#tools = tools;
    this.#sampler = tools.sampler;
    this.reads = tools.reads.newShelf();
    this.writes = tools.writes.newShelf();
  }

  /** Whether reads of its hot keys are spared. */
  get spares(): boolean {
    return this.#spares;
  }

  /** Whether there are reads to spare now. */
  get isHot(): boolean {
    return this.#isHot;
  }

  /** How long a copy of this key may answer: 0 unless its reads are to be spared now. */
  nearMsOf(key: string): number {
    return this.isSpared(key) ? this.#tools.nearMs : 0;
  }

  /** Whether reads of this key are to be spared now. */
  isSpared(key: string): boolean {
    return this.#isHot && this.#hot.has(key);
  }

  /** A key was read. */
  read(key: string): void {
    if (this.#sampler.skips()) return;
    this.#tools.onCounted();
    this.#tools.reads.add(this.reads, key);
  }

  /** A key was written or deleted. */
  write(key: string): void {
    if (this.#sampler.skips()) return;
    this.#tools.onCounted();
    this.#tools.writes.add(this.writes, key);
  }

  /** A key was accessed by a command that is to be counted. */
  count(key: string, isWrite: boolean): void {
    this.#tools.onCounted();
    if (isWrite) this.#tools.writes.add(this.writes, key);
    else this.#tools.reads.add(this.reads, key);
  }

  /** Whether the sampler passes over this command. */
  skips(): boolean {
    return this.#sampler.skips();
  }

  /** The reads of a key are to be spared, or no longer. */
  setHot(key: string, isHot: boolean): void {
    if (!this.#spares) return;
    const wasHot = this.#isHot;
    if (isHot) this.#hot.add(key);
    else this.#hot.delete(key);
    this.#isHot = this.#hot.size > 0;
    if (this.#isHot !== wasHot) this.onHeat?.(this.#isHot);
  }
}
