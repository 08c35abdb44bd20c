export {
  cacheChannel,
  commandChannel,
  noteAgain,
  noteSent,
  noteWaiting,
  sessionChannel,
  type CommandStep,
} from './operation-channels.js';
export {
  CommandOperation,
  SOMEWHERE,
  type CommandPlace,
  type CommandText,
} from './command-operation.js';
export { CacheOperation, noteOutcome, SessionOperation } from './keyed-operations.js';
export { Operation, type Surround } from './operation.js';
export { isWatched, published, resumed, sampleBy, SAMPLED_CHANNEL } from './publish-operation.js';
export { watchedMethods, type WatchedCalls } from './watched-method.js';
export { isDriverQuiet, quietenDriver, quietly } from './quiet-driver.js';
