import type { CacheNamespace, Loader } from '../../src/redis/index.js';
import { seededRandom } from '../../test/support/random-histories.js';
import { countBy } from '../common/groups.js';
import { sleep } from '../common/clock.js';
import type { SkewKey } from './skew-keys.js';
import type { SourceOfTruth } from './source-of-truth.js';

/** What the load of one process came to. */
export interface LoadReport {
  /** How often each thing was done. */
  readonly done: Readonly<Record<string, number>>;
  /** Keys with a change that the cache was told of in vain: nothing is promised of them. */
  readonly untold: readonly string[];
}

const CALLERS = 6;
const MAX_LOAD_MS = 8;
const MAX_PAUSE_MS = 8;
const TELL_TRIES = 3;

/** How often each thing is done. */
const WEIGHTS = {
  read: 12,
  'read without lease': 2,
  'read many': 1,
  get: 3,
  change: 4,
} as const;

type Operation = keyof typeof WEIGHTS;

const MIX = (Object.keys(WEIGHTS) as Operation[]).flatMap((name) =>
  Array.from({ length: WEIGHTS[name] }, () => name),
);

/** Some callers of one process, which read and change the same keys as those of the others. */
export class SkewLoad {
  private readonly done: string[] = [];
  private readonly untold = new Set<string>();
  private readonly random: () => number;
  private loading = 0;

  constructor(
    private readonly cache: CacheNamespace,
    private readonly source: SourceOfTruth,
    private readonly keys: readonly SkewKey[],
    seed: number,
  ) {
    this.random = seededRandom(seed);
  }

  /** How many loaders run, those of refreshes included. */
  get loaders(): number {
    return this.loading;
  }

  /** Makes so many calls, and waits until all have ended. */
  async run(calls: number): Promise<void> {
    let left = calls;
    const callOnAndOn = async (): Promise<void> => {
      while (left-- > 0) {
        await this.callOnce(this.pick(MIX));
        await sleep(this.random() * MAX_PAUSE_MS);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, callOnAndOn));
  }

  report(): LoadReport {
    return { done: countBy(this.done), untold: [...this.untold] };
  }

  private async callOnce(operation: Operation): Promise<void> {
    const key = this.pick(this.keys);
    this.done.push(operation);
    try {
      await this.call(operation, key);
    } catch (error) {
      // A busy machine may miss a deadline. What is stale at rest is what counts.
      this.done.push((error as { code?: string }).code ?? String(error));
    }
  }

  private async call(operation: Operation, key: SkewKey): Promise<void> {
    const { name, tags } = key;
    switch (operation) {
      case 'read':
        await this.cache.getOrSet(name, this.loaderOf(name), { tags });
        return;
      case 'read without lease':
        await this.cache.getOrSet(name, this.loaderOf(name), { tags, shareLoads: false });
        return;
      case 'read many':
        return this.readMany(key);
      case 'get':
        await this.cache.get(name);
        return;
      case 'change':
        return this.change(key);
    }
  }

  private async readMany({ kind, tags }: SkewKey): Promise<void> {
    const same = this.keys.filter((key) => key.kind === kind && key.tags[0] === tags[0]);
    const load = async (names: readonly string[]): Promise<Map<string, number>> =>
      this.slowly(async () => {
        const numbers = await this.source.readMany(names);
        return new Map(names.map((name, i) => [name, numbers[i] ?? 0]));
      });
    await this.cache.getOrSetMany(
      same.map(({ name }) => name),
      load,
      { tags },
    );
  }

  private loaderOf(name: string): Loader<number> {
    return () => this.slowly(() => this.source.read(name));
  }

  // What it has read grows old before it is written.
  private async slowly<T>(read: () => Promise<T>): Promise<T> {
    this.loading += 1;
    try {
      const found = await read();
      await sleep(this.random() * MAX_LOAD_MS);
      return found;
    } finally {
      this.loading -= 1;
    }
  }

  private async change(key: SkewKey): Promise<void> {
    const { name, kind } = key;
    if (kind !== 'written') {
      await this.source.change(name);
      await this.tell(key, () => this.invalidate(key));
      return;
    }
    // Two that write what they have read would be in no order otherwise, whatever a cache does.
    const wasAlone = await this.source.alone(name, async () => {
      const value = await this.source.change(name);
      const how = this.random();
      await this.tell(key, () => {
        if (how < 0.2) return this.cache.delete(name);
        if (how < 0.4) return this.invalidate(key);
        return this.cache.set(name, value, { tags: key.tags });
      });
    });
    if (!wasAlone) this.done.push('change by another');
  }

  private invalidate({ name, tags: [tag] }: SkewKey): Promise<unknown> {
    return tag === undefined ? this.cache.delete(name) : this.cache.deleteByTag(tag);
  }

  private async tell({ name }: SkewKey, tell: () => Promise<unknown>): Promise<void> {
    for (let tries = 1; tries <= TELL_TRIES; tries++) {
      try {
        await tell();
        this.untold.delete(name);
        return;
      } catch {
        this.untold.add(name);
      }
    }
  }

  private pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)]!;
  }
}
