import { types } from 'node:util';
import { ByteGate } from '../../base/collections/index.js';
import type { Found, Reading } from '../../keyspace/index.js';
import type { CacheDeps } from '../values/cache-deps.js';
import { refusal } from '../values/cache-keys.js';
import type { ResolvedLoadOptions } from '../values/cache-options.js';
import { type EntryReader, isFresh, valueIn } from '../values/entry-reader.js';
import { SharedCall } from './shared-call.js';
import type { Load } from './load-runner.js';
import type { Answer } from './key-loader.js';
import type { WithJob } from './refresh-ahead.js';
import type { ValueLoader } from './value-loader.js';

/** Makes the values of several keys at once. A key that is not in the result has no value. */
export type BatchLoadFunction<T = unknown> = (
  keys: readonly string[],
  context: { readonly signal: AbortSignal },
) => ReadonlyMap<string, T> | Promise<ReadonlyMap<string, T>>;

/** A request for several values. */
interface BatchRequest {
  readonly keys: readonly string[];
  readonly loader: BatchLoadFunction;
  readonly options: ResolvedLoadOptions;
}

/** A key that must be loaded, and what is known of it. */
interface OpenKey {
  readonly key: string;
  readonly known: Reading<unknown>;
  readonly stale: Found<unknown> | null;
}

const WRITES_AT_ONCE = 100;

/** Finds many values, and loads the missing ones together. */
export class BatchLoader {
  readonly #deps: CacheDeps;
  readonly #reader: EntryReader;
  readonly #single: ValueLoader;

  constructor(deps: CacheDeps, reader: EntryReader, single: ValueLoader) {
    this.#deps = deps;
    this.#reader = reader;
    this.#single = single;
  }

  /** Returns the results in the order of the keys. Joins loads that are under way for some of them. */
  async ask(request: BatchRequest): Promise<Answer[]> {
    const { keys, options } = request;
    this.#single.runner.assertOpen();
    const known = await this.#reader.nearOrReadMany(keys);
    const answers = new Map<string, Answer>();
    const open: OpenKey[] = [];
    const due = new Map<string, Found<unknown>>();
    for (const [i, key] of keys.entries()) {
      const one = known[i] ?? UNKNOWN;
      if (isFresh(one) && this.#single.isRefreshDue(key, options, one)) due.set(key, one);
      const answer = this.#answerAtOnce(key, one, options);
      if (answer === null) open.push(toOpenKey(key, one));
      else answers.set(key, answer);
    }
    if (due.size > 0) {
      const withJob = this.#together([...due.keys()], request);
      this.#single.refreshes.startEach(due, options.hardTimeoutMs, withJob);
    }
    const loads = this.#loadsOf(open, request);
    return Promise.all(
      keys.map(async (key) => answers.get(key) ?? this.#settle(loads.get(key), options)),
    );
  }

  #answerAtOnce(key: string, known: Reading<unknown>, options: ResolvedLoadOptions): Answer | null {
    if (isFresh(known)) return { value: known.value, from: 'cache' };
    const stale = valueIn(known);
    if (stale === null || !this.#single.isResting(key, options)) return null;
    return { value: stale.value, from: 'stale' };
  }

  #loadsOf(open: readonly OpenKey[], request: BatchRequest): Map<string, OpenLoad> {
    const loads = new Map<string, OpenLoad>();
    const own: OpenKey[] = [];
    for (const one of open) {
      this.#single.refuseToWaitForItself(one.key, one.stale, request.options);
      const load = this.#single.loads.get(one.key);
      if (load === undefined) own.push(one);
      else loads.set(one.key, { load, stale: one.stale });
    }
    this.#deps.counters.add('joined', open.length - own.length);
    if (own.length === 0) return loads;
    const stale = new Map(own.map((one) => [one.key, one.stale]));
    for (const load of this.#begin(own, request)) {
      loads.set(load.key, { load, stale: stale.get(load.key) ?? null });
    }
    return loads;
  }

  async #settle(open: OpenLoad | undefined, options: ResolvedLoadOptions): Promise<Answer> {
    if (open === undefined) return { value: undefined, from: 'load' };
    return this.#single.join(open.load, open.stale, options);
  }

  #begin(open: readonly OpenKey[], request: BatchRequest): Load<Answer>[] {
    const known = new Map(open.map((one) => [one.key, one.known]));
    const keys = [...known.keys()];
    const { runner, loads } = this.#single;
    const withJob = this.#together(keys, request);
    return runner.beginEach(loads, keys, request.options.hardTimeoutMs, (key, time) =>
      withJob(key, time, (job) => this.#single.load(job, known.get(key) ?? UNKNOWN, time)),
    );
  }

  // Each key is loaded like one alone, with a lease of its own, but for the call of the loader.
  #together(keys: readonly string[], { loader, options }: BatchRequest): WithJob {
    const { runner } = this.#single;
    const writes = new ByteGate(WRITES_AT_ONCE);
    let call: SharedCall | null = null;
    return async (key, time, run) => {
      const shared = (call ??= new SharedCall(keys, async (some) => {
        const { signal } = time;
        const values = await runner.call(some, () => loader(some, { signal }), undefined, time);
        if (!types.isMap(values)) throw notAMap(values);
        return values;
      }));
      const onHeld = (): void => {
        shared.leaveOut(key);
      };
      const make = (): Promise<unknown> => shared.load(key);
      try {
        return await run({ key, options, make, onHeld, writes });
      } finally {
        shared.leaveOut(key);
      }
    };
  }
}

const UNKNOWN: Reading<unknown> = { state: 'unknown' };

interface OpenLoad {
  readonly load: Load<Answer>;
  readonly stale: Found<unknown> | null;
}

function toOpenKey(key: string, known: Reading<unknown>): OpenKey {
  return { key, known, stale: valueIn(known) };
}

function notAMap(value: unknown): Error {
  const message = 'the loader of several keys must answer a Map from keys to values';
  return refusal('loader', `(${typeof value})`, message, 'For example: new Map(rows.map(…))');
}
