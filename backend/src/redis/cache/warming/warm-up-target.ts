import type { ValueLoader } from '../loading/value-loader.js';
import type { CacheDeps } from '../values/cache-deps.js';
import type { ResolvedLoadOptions } from '../values/cache-options.js';
import type { EntryReader } from '../values/entry-reader.js';

/** The namespace that a plan warms: what it is read and loaded with. */
export interface WarmUpTarget {
  readonly deps: CacheDeps;
  readonly reader: EntryReader;
  readonly loader: ValueLoader;
  /** The options of a call that gives none of its own. */
  readonly options: ResolvedLoadOptions;
}
