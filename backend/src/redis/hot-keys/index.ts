export { type CounterOptions, GatheredCounter, GatheredCounters } from './gathered-counter.js';
export { type AccessedKey, HotKeys, type HotKeysReport } from './hot-keys.js';
export type { KeyAccesses } from './key-accesses.js';
export { PlainCommands } from './plain-commands.js';
export {
  askServerForHotKeys,
  type ServerHotKey,
  type ServerHotKeys,
  type ServerHotKeysOptions,
} from './server-hot-keys.js';
export { shownKey } from './shown-key.js';
