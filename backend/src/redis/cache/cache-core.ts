import { BatchLoader } from './batch-loader.js';
import { CacheLookup } from './cache-lookup.js';
import type { LoadTerms } from './cache-options.js';
import type { CacheParts } from './cache-parts.js';
import { EntryReader } from './entry-reader.js';
import { EntryWriter } from './entry-writer.js';
import { baseTerms } from './resolve-options.js';
import { ValueLoader } from './value-loader.js';

/** The works of one namespace. */
export class CacheCore {
  readonly parts: CacheParts;
  /** What the namespace's options say of each call. */
  readonly terms: LoadTerms;
  readonly lookup: CacheLookup;
  readonly writer: EntryWriter;
  readonly loader: ValueLoader;
  readonly batch: BatchLoader;

  constructor(parts: CacheParts) {
    const reader = new EntryReader(parts);
    this.parts = parts;
    this.terms = baseTerms(parts.options);
    this.lookup = new CacheLookup(parts, reader);
    this.writer = new EntryWriter(parts);
    this.loader = new ValueLoader(parts, reader, this.writer);
    this.batch = new BatchLoader(parts, reader, this.writer, this.loader);
  }
}
