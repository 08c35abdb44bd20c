import { BatchLoader, CacheLookup, ValueLoader } from './loading/index.js';
import {
  baseTerms,
  type CacheParts,
  EntryReader,
  EntryWriter,
  type LoadTerms,
} from './values/index.js';

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
