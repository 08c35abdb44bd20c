import type { ByteGate } from '../../base/collections/index.js';
import { compareStamps, isOfOthers, type Reading, type Stamp } from '../../keyspace/index.js';
import type { CacheDeps } from '../values/cache-deps.js';
import type { ResolvedLoadOptions } from '../values/cache-options.js';
import { type EntryReader, isFresh } from '../values/entry-reader.js';
import type { EntryWriter } from '../values/entry-writer.js';
import { LoadLeases, type LoadLease } from './load-lease.js';
import type { LoadRunner } from './load-runner.js';
import type { LoadTime } from './load-time.js';

/** A key to load, and how. */
export interface LoadJob {
  readonly key: string;
  readonly options: ResolvedLoadOptions;
  /** Makes the value. The stale one is given, if there is one. */
  readonly make: (stale: unknown, time: LoadTime) => Promise<unknown>;
  /** Called when another process loads the key, before it is waited for. */
  readonly onHeld?: () => void;
  /** Lets so many loaded values at once be written; without it any number. */
  readonly writes?: ByteGate;
}

/** A value and where it came from. */
export interface Answer {
  readonly value: unknown;
  readonly from: 'cache' | 'stale' | 'load';
}

/** Where a load starts from. */
export interface LoadStart {
  readonly seen: Stamp | null;
  /** The stale value. */
  readonly value: unknown;
  readonly mayWrite: boolean;
  readonly mayWait: boolean;
  /** Redis did not answer this call before. */
  readonly isAway: boolean;
}

/** Loads one key: alone, or as the one of all processes. */
export class KeyLoader {
  readonly #deps: CacheDeps;
  readonly #reader: EntryReader;
  readonly #writer: EntryWriter;
  readonly #runner: LoadRunner;
  readonly #leases: LoadLeases;

  constructor(
    deps: CacheDeps,
    {
      reader,
      writer,
      runner,
    }: { readonly reader: EntryReader; readonly writer: EntryWriter; readonly runner: LoadRunner },
  ) {
    this.#deps = deps;
    this.#reader = reader;
    this.#writer = writer;
    this.#runner = runner;
    this.#leases = new LoadLeases(deps);
  }

  /** Loads, alone or as the one of all processes. `null` when another one loads and waiting is not wanted. */
  async obtain(job: LoadJob, start: LoadStart, time: LoadTime): Promise<Answer | null> {
    const { key, options, onHeld } = job;
    const isAlone = !options.shareLoads || !start.mayWrite || start.isAway;
    if (isAlone) return this.#loadNow(job, start, null, time);
    for (let { seen } = start; ;) {
      const { mayWait } = start;
      const grant = await this.#leases.take(key, { seen, time, mayWait, onHeld });
      if (grant.kind === 'busy') return null;
      if (grant.kind === 'go') {
        const isAway = grant.lease === null;
        return this.#loadNow(job, { ...start, isAway }, grant.lease, time);
      }
      const known = this.#reader.noted(grant.reading);
      if (isFresh(known)) return { value: known.value, from: 'load' };
      const next = startOf(known);
      if (!isNews(next, seen)) {
        return this.#loadNow(job, { ...start, mayWrite: next.mayWrite }, null, time);
      }
      seen = next.seen;
    }
  }

  async #loadNow(
    { key, options, make, writes }: LoadJob,
    { value: stale, mayWrite, isAway }: LoadStart,
    lease: LoadLease | null,
    time: LoadTime,
  ): Promise<Answer> {
    let isStored = false;
    try {
      const stamp = lease?.stamp ?? this.#deps.keyspace.birth();
      const value = await make(stale, time);
      if (mayWrite) {
        const load = { stamp, replacesValue: stale !== undefined, isAway };
        const fill = (): Promise<boolean> => this.#writer.fill(key, value, options, load);
        isStored = await this.#runner.keep(writes?.run(1, fill) ?? fill(), { isAway, time });
      }
      return { value, from: 'load' };
    } finally {
      lease?.end(isStored);
    }
  }
}

// An unreadable entry has no stamp to compare: asking again would give the same result for ever.
function isNews({ seen, mayWrite }: LoadStart, before: Stamp | null): boolean {
  if (seen === null || !mayWrite) return false;
  return before === null || compareStamps(seen, before) !== 0;
}

/** Returns where the load of a key starts of which this is known. */
export function startOf(known: Reading<unknown>): LoadStart {
  const start = { seen: null, value: undefined, mayWrite: true, mayWait: true, isAway: false };
  switch (known.state) {
    case 'found':
      return {
        ...start,
        seen: known.entry.stamp,
        value: known.value,
        isAway: known.source !== 'redis',
      };
    case 'deleted':
      return { ...start, seen: known.stamp, isAway: known.source !== 'redis' };
    case 'missing':
      // An entry that has just expired is not newer than what the caller has read.
      return { ...start, seen: known.stamp ?? null };
    case 'unreadable':
      return { ...start, seen: known.stamp, mayWrite: !isOfOthers(known.fault) };
    case 'unknown':
      return { ...start, isAway: true };
  }
}
