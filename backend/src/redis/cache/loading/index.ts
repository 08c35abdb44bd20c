export { type BatchLoadFunction, BatchLoader } from './batch-loader.js';
export { CacheLookup } from './cache-lookup.js';
export {
  type LoadContext,
  type LoadRequest,
  type Loader,
  ValueLoader,
  isFresh,
  valueOf,
} from './value-loader.js';
