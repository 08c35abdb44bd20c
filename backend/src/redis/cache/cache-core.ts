import { BatchLoader, CacheLookup, ValueLoader } from './loading/index.js';
import {
  baseLoadOptions,
  type CacheDeps,
  EntryReader,
  EntryWriter,
  type ResolvedLoadOptions,
} from './values/index.js';

/** What the classes of one namespace share. */
export class CacheCore {
  readonly deps: CacheDeps;
  /** The options of a call that gives none of its own. */
  readonly options: ResolvedLoadOptions;
  readonly lookup: CacheLookup;
  readonly writer: EntryWriter;
  readonly loader: ValueLoader;
  readonly batch: BatchLoader;

  constructor(deps: CacheDeps) {
    const reader = new EntryReader(deps);
    this.deps = deps;
    this.options = baseLoadOptions(deps.options);
    this.lookup = new CacheLookup(deps, reader);
    this.writer = new EntryWriter(deps);
    this.loader = new ValueLoader(deps, reader, this.writer);
    this.batch = new BatchLoader(deps, reader, this.writer, this.loader);
  }
}
