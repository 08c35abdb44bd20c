import { BatchLoader } from './loading/batch-loader.js';
import { CacheLookup } from './loading/cache-lookup.js';
import { ValueLoader } from './loading/value-loader.js';
import type { CacheDeps } from './values/cache-deps.js';
import { baseLoadOptions, type ResolvedLoadOptions } from './values/cache-options.js';
import type { WarmUps } from './warming/warm-ups.js';
import { EntryReader } from './values/entry-reader.js';
import { EntryWriter } from './values/entry-writer.js';

/** What a namespace of the cache is given: everything that works for it. */
export class NamespaceDeps {
  readonly deps: CacheDeps;
  /** Those of all namespaces. */
  readonly warmUps: WarmUps;
  readonly reader: EntryReader;
  /** The options of a call that gives none of its own. */
  readonly options: ResolvedLoadOptions;
  readonly lookup: CacheLookup;
  readonly writer: EntryWriter;
  readonly loader: ValueLoader;
  readonly batch: BatchLoader;

  constructor(deps: CacheDeps, warmUps: WarmUps) {
    const reader = new EntryReader(deps);
    this.deps = deps;
    this.warmUps = warmUps;
    this.reader = reader;
    this.options = baseLoadOptions(deps.options);
    this.writer = new EntryWriter(deps);
    this.loader = new ValueLoader(deps, reader, this.writer);
    this.lookup = new CacheLookup(deps, reader, this.loader, this.options);
    this.batch = new BatchLoader(deps, reader, this.loader);
  }
}
