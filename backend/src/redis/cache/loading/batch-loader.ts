import { types } from 'node:util';
import { type Flight, inPortions } from '../../base/collections/index.js';
import type { CacheDeps } from '../values/cache-deps.js';
import { refusal } from '../values/cache-keys.js';
import type { ResolvedLoadOptions } from '../values/cache-options.js';
import type { EntryReader, Known, KnownValue } from '../values/entry-reader.js';
import type { EntryWriter } from '../values/entry-writer.js';
import { isFresh, isFromAway, valueOf, type Answer, type ValueLoader } from './value-loader.js';

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

/** A key that must be loaded. */
interface OpenKey {
  readonly key: string;
  readonly stale: KnownValue | null;
  readonly mayWrite: boolean;
  /** Redis did not answer. */
  readonly isAway: boolean;
}

const WRITES_AT_ONCE = 100;

/** Finds many values, and loads the missing ones together. */
export class BatchLoader {
  readonly #deps: CacheDeps;
  readonly #reader: EntryReader;
  readonly #writer: EntryWriter;
  readonly #single: ValueLoader;

  constructor(deps: CacheDeps, reader: EntryReader, writer: EntryWriter, single: ValueLoader) {
    this.#deps = deps;
    this.#reader = reader;
    this.#writer = writer;
    this.#single = single;
  }

  /** Returns the results in the order of the keys. Joins loads that are under way for some of them. */
  async ask(request: BatchRequest): Promise<Answer[]> {
    const { keys, options } = request;
    this.#single.runner.assertOpen();
    const known = await this.#reader.readMany(keys);
    const answers = new Map<string, Answer>();
    const open: OpenKey[] = [];
    for (const [i, key] of keys.entries()) {
      const one = known[i] ?? ({ state: 'unknown' } as const);
      const answer = this.#answerAtOnce(key, one, options);
      if (answer === null) open.push(toOpenKey(key, one));
      else answers.set(key, answer);
    }
    const flights = this.#flightsOf(open, request);
    return Promise.all(
      keys.map(async (key) => answers.get(key) ?? this.#settle(flights.get(key), options)),
    );
  }

  #answerAtOnce(key: string, known: Known, options: ResolvedLoadOptions): Answer | null {
    if (isFresh(known)) return { value: valueOf(known), from: 'cache' };
    const isResting = known.state === 'value' && this.#single.isResting(key, options);
    return isResting ? { value: known.value, from: 'stale' } : null;
  }

  #flightsOf(open: readonly OpenKey[], request: BatchRequest): Map<string, OpenFlight> {
    const { loads } = this.#single;
    const flights = new Map<string, OpenFlight>();
    const own: OpenKey[] = [];
    for (const one of open) {
      this.#single.refuseToWaitForItself(one.key, one.stale, request.options);
      const flight = loads.get(one.key);
      if (flight === undefined) own.push(one);
      else flights.set(one.key, { flight, stale: one.stale });
    }
    this.#deps.counters.add('joined', open.length - own.length);
    if (own.length === 0) return flights;
    const batch = this.#load(own, request);
    for (const { key, stale } of own) {
      const answer = async (): Promise<Answer> => ({ value: (await batch).get(key), from: 'load' });
      flights.set(key, { flight: loads.start(key, answer), stale });
    }
    return flights;
  }

  async #settle(open: OpenFlight | undefined, options: ResolvedLoadOptions): Promise<Answer> {
    if (open === undefined) return { value: undefined, from: 'load' };
    return this.#single.settle(open.flight, open.stale, options);
  }

  #load(
    open: readonly OpenKey[],
    { loader, options }: BatchRequest,
  ): Promise<ReadonlyMap<string, unknown>> {
    const keys = open.map(({ key }) => key);
    const { runner } = this.#single;
    return runner.run(keys, options.hardTimeoutMs, async (signal) => {
      const stamp = this.#deps.keyspace.birth();
      const values = await runner.call(keys, () => loader(keys, { signal }), signal);
      if (!types.isMap(values)) throw notAMap(values);
      const filling = inPortions(
        open.filter(({ mayWrite }) => mayWrite),
        WRITES_AT_ONCE,
        ({ key, stale }) =>
          this.#writer.fill(key, values.get(key), options, {
            stamp,
            replacesValue: stale !== null,
          }),
      );
      await runner.keep(filling, { isAway: open.some((one) => one.isAway), signal });
      return values;
    });
  }
}

interface OpenFlight {
  readonly flight: Flight<Answer>;
  readonly stale: KnownValue | null;
}

function toOpenKey(key: string, known: Known): OpenKey {
  return {
    key,
    stale: known.state === 'value' ? known : null,
    mayWrite: known.state !== 'absent' || known.mayWrite,
    isAway: isFromAway(known),
  };
}

function notAMap(value: unknown): Error {
  const message = 'the loader of several keys must answer a Map from keys to values';
  return refusal('loader', `(${typeof value})`, message, 'For example: new Map(rows.map(…))');
}
